// expect: could not convert
#include <xgrad/ops.hpp>

bool any(const xgrad::Tensor& x) {
  if (x) return true;
  return false;
}
