// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::BatchNorm2d layer(double n) { return xgrad::nn::BatchNorm2d(n / 2); }
