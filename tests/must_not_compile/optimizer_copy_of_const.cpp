// expect: one optimizer has the state: pass Optimizer&, keep several as std::unique_ptr
#include <xgrad/xgrad.hpp>

void train(const xgrad::optim::SGD& opt) { xgrad::optim::SGD other(opt); }
