// expect: a dimension is an integer
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& x) { return unique(x, true); }
