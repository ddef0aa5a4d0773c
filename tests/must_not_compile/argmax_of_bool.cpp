// expect: argmax(x, 1, true) keeps it
#include <xgrad/ops.hpp>

xgrad::Tensor f(const xgrad::Tensor& x) { return xgrad::argmax(x, true); }
