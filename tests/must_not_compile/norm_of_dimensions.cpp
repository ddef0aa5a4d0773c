// expect: the order first: norm(x, 2, {1})
#include <xgrad/ops.hpp>

xgrad::Tensor f(const xgrad::Tensor& x) { return xgrad::norm(x, {1}); }
