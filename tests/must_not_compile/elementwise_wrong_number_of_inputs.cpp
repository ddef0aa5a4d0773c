// expect: takes one `auto` parameter per input
#include <xgrad/custom.hpp>

xgrad::Tensor product(const xgrad::Tensor& x) {
  return xgrad::elementwise(
      "product", [](auto a, auto b) { return a * b; }, x);
}
