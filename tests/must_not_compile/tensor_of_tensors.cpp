// expect: a Tensor: x.clone(), several: stack({x, y})
#include <xgrad/xgrad.hpp>

xgrad::Tensor batch(const std::vector<xgrad::Tensor>& rows) { return xgrad::tensor(rows); }
