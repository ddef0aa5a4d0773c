// expect: ignoring return value
// flags: -Werror
#include <xgrad/ops.hpp>

void cut(const xgrad::Tensor& x) { x.detach(); }
