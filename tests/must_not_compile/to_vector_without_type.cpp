// expect: with the type of the numbers: to_vector<float>()
#include <xgrad/xgrad.hpp>

auto numbers(const xgrad::Tensor& x) { return x.to_vector(); }
