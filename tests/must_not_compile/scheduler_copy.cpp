// expect: one schedule drives the optimizer: pass LRScheduler&
#include <xgrad/xgrad.hpp>

void train(xgrad::optim::StepLR& scheduler) { auto other = scheduler; }
