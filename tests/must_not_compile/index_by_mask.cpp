// expect: index_select(x, 0, indices), masked_select(x, mask)
#include <xgrad/xgrad.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) { return x[x > 0]; }
