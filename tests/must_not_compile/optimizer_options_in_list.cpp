// expect: options by name: {.lr = 0.1}
#include <xgrad/xgrad.hpp>

// The learning rate, or something else?
void train(const std::vector<xgrad::Tensor>& params) { xgrad::optim::SGD opt(params, {0.1, 0.9}); }
