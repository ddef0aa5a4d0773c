// expect: x + tensor(values)
#include <xgrad/xgrad.hpp>

xgrad::Tensor shifted(const xgrad::Tensor& x, const std::vector<float>& v) { return x + v; }
