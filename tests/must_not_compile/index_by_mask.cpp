// expect: x.index({mask}); to assign: x.index_put_({mask}, v)
#include <xgrad/xgrad.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) { return x[x > 0]; }
