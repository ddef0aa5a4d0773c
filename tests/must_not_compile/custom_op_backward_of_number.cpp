// expect: backward of custom_op returns the gradient of the input
#include <xgrad/custom.hpp>

xgrad::Tensor same(const xgrad::Tensor& x) {
  using xgrad::Tensor;
  return xgrad::custom_op(
      "same", [](const Tensor& a) { return a; }, [](const Tensor&, const Tensor&, const Tensor&) { return 1.0; })(x);
}
