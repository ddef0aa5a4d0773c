// expect: a dimension is an integer
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& x) { return xgrad::cat({x, x}, 0.5); }
