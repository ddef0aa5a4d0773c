// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::MultiheadAttention layer(double n) { return xgrad::nn::MultiheadAttention(64, n / 8); }
