// expect: two numbers: {.betas = {0.9, 0.999}}
#include <xgrad/xgrad.hpp>

void train(const std::vector<xgrad::Tensor>& params) { xgrad::optim::Adam opt(params, {.betas = {0.9}}); }
