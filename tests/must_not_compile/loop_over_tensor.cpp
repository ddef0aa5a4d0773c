// expect: row by row: for (const Tensor& row : unbind(x))
#include <xgrad/xgrad.hpp>

void rows(const xgrad::Tensor& x) {
  for (const auto& row : x) (void)row;
}
