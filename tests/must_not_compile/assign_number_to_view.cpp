// expect: x.fill_(v) writes into the tensor; x = tensor(v) is a new one
#include <xgrad/xgrad.hpp>

void clear(const xgrad::Tensor& x) {
  auto column = x.select(1, 2);
  column = 0;
}
