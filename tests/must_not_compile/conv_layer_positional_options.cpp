// expect: options by name: nn::Conv2d(1, 16, 3, {.stride = 2, .padding = 1})
#include <xgrad/nn.hpp>

// Stride (2, 2), or stride 2 and padding 2?
xgrad::nn::Conv2d halving() { return xgrad::nn::Conv2d(1, 16, 3, {2, 2}); }
