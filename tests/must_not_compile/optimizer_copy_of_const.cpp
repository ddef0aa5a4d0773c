// expect: one optimizer has the state: pass Optimizer&
#include <xgrad/xgrad.hpp>

void train(const xgrad::optim::SGD& opt) { xgrad::optim::SGD other(opt); }
