// The p-norm that losses and layers are made of.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// (sum |x|^p)^(1/p) along the last dimension, which goes away; recorded. p = infinity: the largest |x|, -infinity: the
// smallest, 0: how many are not 0 (with a gradient of 0). The gradient is 0 where x or the norm is 0, as in PyTorch,
// and shared evenly among equal extremes. p must not be NaN.
Tensor p_norm(const Tensor& x, double p, const Location& at);
// Its gradient for x, of recorded operations; g and the norm y with the last dimension as size 1.
Tensor p_norm_backward(const Tensor& g, const Tensor& x, const Tensor& y, double p);

}  // namespace xgrad::detail
