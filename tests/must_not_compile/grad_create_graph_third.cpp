// expect: {.create_graph = true}
#include <xgrad/xgrad.hpp>

auto f(const xgrad::Tensor& y, const xgrad::Tensor& x) { return xgrad::grad(y, x, true); }
