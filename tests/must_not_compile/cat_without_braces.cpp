// expect: tensors in braces: cat({x, y}, dim)
#include <xgrad/xgrad.hpp>

xgrad::Tensor joined(const xgrad::Tensor& x, const xgrad::Tensor& y) { return cat(x, y); }
