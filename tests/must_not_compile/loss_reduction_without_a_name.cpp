// expect: options by name: nn::HuberLoss({.reduction = Reduction::sum})
#include <xgrad/xgrad.hpp>

auto loss() { return xgrad::nn::HuberLoss(xgrad::Reduction::sum); }
