// expect: the lambda of an elementwise operation must capture by value
#include <xgrad/custom.hpp>

xgrad::Tensor scaled(const xgrad::Tensor& x, double alpha) {
  return xgrad::elementwise(
      "scaled", [&alpha](auto v) { return v * alpha; }, x);
}
