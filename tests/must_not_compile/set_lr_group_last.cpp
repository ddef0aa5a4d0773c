// expect: use of deleted function
#include <xgrad/optim.hpp>

// Group 0 would get a rate of 0.
void slow(xgrad::optim::SGD& opt) { opt.set_lr(0.1, 0); }
