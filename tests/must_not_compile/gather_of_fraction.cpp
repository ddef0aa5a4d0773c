// expect: a dimension is an integer
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& x, const xgrad::Tensor& index) { return gather(x, 0.5, index); }
