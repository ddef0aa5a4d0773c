// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::Bilinear layer(double n) { return xgrad::nn::Bilinear(4, 3, n / 2); }
