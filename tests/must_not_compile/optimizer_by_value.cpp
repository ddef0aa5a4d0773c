// expect: one optimizer has the state: pass Optimizer&, keep several as std::unique_ptr
#include <xgrad/xgrad.hpp>

void train(xgrad::optim::SGD opt);
void run(xgrad::optim::SGD& opt) { train(opt); }
