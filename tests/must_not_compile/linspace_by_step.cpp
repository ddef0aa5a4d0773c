// expect: arange(0, 1, 0.1)
#include <xgrad/xgrad.hpp>

xgrad::Tensor grid() { return xgrad::linspace(0, 1, 0.1); }
