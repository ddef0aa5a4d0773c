// expect: comma expression
// flags: -Werror
#include <xgrad/ops.hpp>

// x[1], not row 0 and column 1.
xgrad::Tensor element(const xgrad::Tensor& x) { return x[0, 1]; }
