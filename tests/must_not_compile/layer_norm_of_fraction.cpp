// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::LayerNorm layer(double n) { return xgrad::nn::LayerNorm(n / 2); }
