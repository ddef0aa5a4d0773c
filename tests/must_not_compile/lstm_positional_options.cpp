// expect: options by name: nn::LSTM(8, 16, {.num_layers = 2})
#include <xgrad/xgrad.hpp>

auto layer() { return xgrad::nn::LSTM(8, 16, 2); }
