// expect: std::tie of as many variables as the result has parts
#include <tuple>

#include <xgrad/xgrad.hpp>

void parts(const xgrad::Tensor& x) {
  xgrad::Tensor a, b, c;
  std::tie(a, b, c) = max(x, 0);
}
