// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::ConvTranspose1d layer(double n) { return xgrad::nn::ConvTranspose1d(n / 2, 2, 3); }
