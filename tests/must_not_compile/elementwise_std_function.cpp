// expect: in a formula without std: exp(x)
#include <xgrad/custom.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) {
  return xgrad::elementwise(
      "positive", [](auto a) { return 1 + std::exp(a); }, x);
}
