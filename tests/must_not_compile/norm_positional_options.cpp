// expect: options by name: nn::BatchNorm2d(16, {.eps = 1e-3})
#include <xgrad/xgrad.hpp>

auto layer() { return xgrad::nn::BatchNorm2d(16, 1e-3); }
