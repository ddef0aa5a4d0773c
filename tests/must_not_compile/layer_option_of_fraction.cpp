// expect: options by name: nn::Softmax({.dim = 1})
#include <xgrad/xgrad.hpp>

auto layer() { return xgrad::nn::Softmax(0.5); }
