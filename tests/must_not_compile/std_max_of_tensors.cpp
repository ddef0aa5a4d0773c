// expect: element by element: maximum(x, y)
#include <algorithm>

#include <xgrad/xgrad.hpp>

xgrad::Tensor larger(const xgrad::Tensor& x, const xgrad::Tensor& y) { return std::max(x, y); }
