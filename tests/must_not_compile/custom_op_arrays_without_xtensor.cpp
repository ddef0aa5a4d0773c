// expect: #include <xgrad/xtensor.hpp>
#include <xgrad/custom.hpp>

struct Array {};

xgrad::Tensor twice(const xgrad::Tensor& x) {
  return xgrad::custom_op(
      "twice", [](const Array& a) { return a; }, [](const Array& g, const Array&, const Array&) { return g; })(x);
}
