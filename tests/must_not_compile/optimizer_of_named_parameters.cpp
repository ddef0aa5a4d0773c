// expect: parameters are a list: net.parameters(), {w, b}
#include <xgrad/xgrad.hpp>

void train(const xgrad::nn::Linear& net) { xgrad::optim::RMSprop opt(net.named_parameters(), {.lr = 0.1}); }
