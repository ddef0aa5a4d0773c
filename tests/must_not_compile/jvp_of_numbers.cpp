// expect: the function of a tensor takes a const Tensor&
#include <xgrad/xgrad.hpp>

auto d(const xgrad::Tensor& x) {
  return xgrad::jvp([](const std::vector<double>& t) { return t; }, x, x);
}
