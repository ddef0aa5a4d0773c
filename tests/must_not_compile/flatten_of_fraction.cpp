// expect: a dimension is an integer
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& x) { return flatten(x, 0.5); }
