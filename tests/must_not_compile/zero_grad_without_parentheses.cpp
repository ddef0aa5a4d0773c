// expect: invalid use of
#include <xgrad/optim.hpp>

void clear(xgrad::optim::SGD& opt) { opt.zero_grad; }
