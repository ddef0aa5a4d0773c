// expect: of a mask: !a
#include <xgrad/xgrad.hpp>

xgrad::Tensor opposite(const xgrad::Tensor& a) { return ~(a > 0); }
