// expect: options by name: nn::Linear(2, 3, {.bias = false})
#include <xgrad/nn.hpp>

xgrad::nn::Linear plain() { return {3, 4, false}; }
