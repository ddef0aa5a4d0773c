// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::Embedding layer(double n) { return xgrad::nn::Embedding(100, n / 2); }
