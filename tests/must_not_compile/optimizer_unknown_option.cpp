// expect: xgrad::optim::SGDOptions
#include <xgrad/xgrad.hpp>

void train(const std::vector<xgrad::Tensor>& params) { xgrad::optim::SGD opt(params, {.lr = 1, .beta = 0.9}); }
