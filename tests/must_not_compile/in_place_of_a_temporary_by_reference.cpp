// expect: cannot bind non-const lvalue reference
#include <xgrad/ops.hpp>

float first() {
  xgrad::Tensor& w = xgrad::rand({3}).requires_grad_();
  return w.item<float>();
}
