// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::Tensor classes(const xgrad::Tensor& x, double n) { return xgrad::one_hot(x, n / 2); }
