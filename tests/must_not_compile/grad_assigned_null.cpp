// expect: x.zero_grad()
#include <xgrad/xgrad.hpp>

void clear(xgrad::Tensor& x) { x.grad() = nullptr; }
