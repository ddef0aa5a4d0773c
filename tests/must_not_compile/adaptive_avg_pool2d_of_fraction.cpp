// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::Tensor half(const xgrad::Tensor& x, double n) { return xgrad::adaptive_avg_pool2d(x, n / 2); }
