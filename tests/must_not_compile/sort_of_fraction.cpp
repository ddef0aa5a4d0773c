// expect: a dimension is an integer: {.descending = true}
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& x) { return sort(x, true); }
