// expect: h.remove()
#include <xgrad/xgrad.hpp>

void run(xgrad::Tensor x) {
  auto h = x.register_hook([](const xgrad::Tensor& g) { return g; });
  x.remove_hook(h);
}
