// expect: options by name: {.lr = 0.1}
#include <xgrad/xgrad.hpp>

void train(const xgrad::Tensor& w) { xgrad::optim::Adam opt({{{w}, {.momentum = 0.9}}}, {.lr = 0.1}); }
