// expect: a tensor has no names: x[0], net.get_parameter
#include <xgrad/xgrad.hpp>

xgrad::Tensor column(const xgrad::Tensor& x) { return x["age"]; }
