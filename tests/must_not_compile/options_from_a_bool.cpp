// expect: could not convert
#include <xgrad/nn.hpp>

xgrad::nn::Linear plain() { return {3, 4, false}; }
