// expect: parameters are a list: net.parameters(), {w, b}
#include <xgrad/xgrad.hpp>

void train(const xgrad::nn::Linear& net) { xgrad::optim::AdamW opt(net); }
