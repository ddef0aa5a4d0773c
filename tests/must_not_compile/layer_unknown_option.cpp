// expect: options by name: nn::GELU({.approximate = Gelu::tanh})
#include <xgrad/xgrad.hpp>

auto layer() { return xgrad::nn::GELU({.approx = xgrad::Gelu::tanh}); }
