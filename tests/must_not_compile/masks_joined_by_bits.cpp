// expect: of masks: a && b
#include <xgrad/xgrad.hpp>

xgrad::Tensor both(const xgrad::Tensor& a, const xgrad::Tensor& b) { return (a > 0) & (b > 0); }
