// Softmax, its logarithm, and their derivatives, along one dimension; one pass over each row while it is in the cache.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

enum class SoftmaxKind { softmax, log_softmax };

Tensor softmax_raw(const Tensor& x, int dim, SoftmaxKind kind);
// y is the result. softmax: y (g - sum(g y)); log_softmax: g - exp(y) sum(g).
Tensor softmax_backward_raw(const Tensor& g, const Tensor& y, int dim, SoftmaxKind kind);

}  // namespace xgrad::detail
