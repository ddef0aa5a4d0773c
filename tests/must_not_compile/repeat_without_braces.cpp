// expect: numbers in braces: x.repeat({2, 3})
#include <xgrad/ops.hpp>

xgrad::Tensor f(const xgrad::Tensor& x) { return x.repeat(2); }
