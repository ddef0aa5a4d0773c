// expect: sizes are integers
#include <xgrad/xgrad.hpp>

xgrad::nn::LSTM layer(double n) { return xgrad::nn::LSTM(10, n / 2); }
