// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::Conv2d layer(double n) { return xgrad::nn::Conv2d(3, 2, n / 2); }
