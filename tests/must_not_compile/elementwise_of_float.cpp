// expect: a formula takes one `auto` parameter per input
#include <xgrad/custom.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) {
  return xgrad::elementwise(
      "positive", [](float a) { return a * a; }, x);
}
