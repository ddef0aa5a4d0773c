// expect: numbers are captured: [a](auto x)
#include <xgrad/custom.hpp>

xgrad::Tensor scaled(const xgrad::Tensor& x) {
  return xgrad::elementwise(
      "scaled", [](auto a, auto b) { return a * b; }, x, 2.0);
}
