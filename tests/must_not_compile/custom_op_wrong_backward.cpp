// expect: backward of custom_op is called as backward(gradient, inputs..., output)
#include <xgrad/custom.hpp>

xgrad::Tensor same(const xgrad::Tensor& x) {
  using xgrad::Tensor;
  return xgrad::custom_op(
      "same", [](const Tensor& a) { return a; }, [](const Tensor& g) { return g; })(x);
}
