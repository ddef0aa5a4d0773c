// expect: // exp(x)
#include <xgrad/custom.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) {
  return xgrad::elementwise(
      "positive", [](auto a) { return 1 + a.exp(); }, x);
}
