// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::ZeroPad2d layer(double n) { return xgrad::nn::ZeroPad2d(n / 2); }
