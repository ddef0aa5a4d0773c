// expect: x.fill_(v) writes into the tensor; x = tensor(v) is a new one
#include <xgrad/xgrad.hpp>

void clear(xgrad::Tensor& x) { x = 0.5f; }
