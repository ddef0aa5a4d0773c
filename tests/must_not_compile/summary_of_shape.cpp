// expect: of a run: summary(net, zeros({1, 3, 32, 32}))
#include <xgrad/xgrad.hpp>

auto table(const xgrad::nn::Linear& net) { return xgrad::train::summary(net, {1, 2}); }
