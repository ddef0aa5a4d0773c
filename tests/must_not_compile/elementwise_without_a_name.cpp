// expect: recorded: elementwise("name", f, x)
#include <xgrad/custom.hpp>

xgrad::Tensor swish(const xgrad::Tensor& x) {
  return xgrad::elementwise([](auto v) { return v / (1 + exp(-v)); }, x);
}
