// expect: one optimizer has the state: pass Optimizer&
#include <xgrad/xgrad.hpp>

void train(xgrad::optim::SGD opt);
void run(xgrad::optim::SGD& opt) { train(opt); }
