// expect: options by name: optim::StepLR(opt, 30, {.gamma = 0.1})
#include <xgrad/xgrad.hpp>

void schedule(xgrad::optim::Optimizer& opt) { xgrad::optim::StepLR steps(opt, 30, {.gama = 0.1}); }
