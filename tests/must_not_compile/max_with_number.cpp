// expect: clamp_min(x, 0.)
#include <xgrad/xgrad.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) { return xgrad::max(x, 0.0).values; }
