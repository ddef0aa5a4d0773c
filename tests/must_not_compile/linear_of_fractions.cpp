// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::Linear layer(double n) { return xgrad::nn::Linear(n / 2, 10); }
