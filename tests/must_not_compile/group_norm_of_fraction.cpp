// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::GroupNorm layer(double n) { return xgrad::nn::GroupNorm(n / 8, 32); }
