// expect: not in place: x = relu(x)
#include <xgrad/xgrad.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) { return relu(x, true); }
