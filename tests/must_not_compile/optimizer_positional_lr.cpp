// expect: options by name: {.lr = 0.1}
#include <xgrad/xgrad.hpp>

void train(const std::vector<xgrad::Tensor>& params) { xgrad::optim::SGD opt(params, 0.1); }
