// expect: behind the sizes stands a type, kFloat64
#include <xgrad/xgrad.hpp>

xgrad::Tensor nothing() { return xgrad::zeros({2}, "float64"); }
