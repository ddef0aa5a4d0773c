// expect: the only element: x.item<double>()
#include <xgrad/xgrad.hpp>

double f(const xgrad::Tensor& x) { return static_cast<double>(x.sum()); }
