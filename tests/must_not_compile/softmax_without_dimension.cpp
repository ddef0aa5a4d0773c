// expect: softmax(x, -1)
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& x) { return xgrad::softmax(x); }
