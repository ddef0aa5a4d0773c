// expect: a dimension is an integer
#include <xgrad/xgrad.hpp>

void f(const xgrad::Tensor& x) { auto r = x.max(0.); }
