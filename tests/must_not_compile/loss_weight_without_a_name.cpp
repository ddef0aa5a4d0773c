// expect: options by name: nn::CrossEntropyLoss({.weight = w})
#include <xgrad/xgrad.hpp>

auto loss(const xgrad::Tensor& weight) { return xgrad::nn::CrossEntropyLoss(weight); }
