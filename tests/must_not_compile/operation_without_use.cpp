// expect: ignoring return value
// flags: -Werror
#include <xgrad/ops.hpp>

void activate(const xgrad::Tensor& x) { relu(x); }
