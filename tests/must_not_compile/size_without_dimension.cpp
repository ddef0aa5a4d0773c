// expect: size(0), shape(), numel()
#include <xgrad/xgrad.hpp>

auto count(const xgrad::Tensor& x) { return x.size(); }
