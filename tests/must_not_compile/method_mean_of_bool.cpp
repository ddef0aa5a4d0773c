// expect: dimensions are integers; of all of them: x.mean({}, true)
#include <xgrad/ops.hpp>

xgrad::Tensor f(const xgrad::Tensor& x) { return x.mean(true); }
