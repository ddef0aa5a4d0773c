// expect: a dimension is an integer
#include <xgrad/ops.hpp>

xgrad::Tensor f(const xgrad::Tensor& x) { return xgrad::softmax(x, 1.5); }
