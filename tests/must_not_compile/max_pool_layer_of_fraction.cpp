// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::MaxPool2d layer(double n) { return xgrad::nn::MaxPool2d(n / 2); }
