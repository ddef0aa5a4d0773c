// expect: parameters are a list: net.parameters(), {w, b}
#include <xgrad/xgrad.hpp>

void train(const xgrad::Tensor& w) { xgrad::optim::SGD opt(w, {.lr = 0.1}); }
