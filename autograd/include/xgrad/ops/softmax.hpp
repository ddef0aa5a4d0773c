// Numbers along a dimension as probabilities. Floating tensors only (DTypeError).
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// exp(x_i) / sum_j exp(x_j) along dim, and its logarithm.
[[nodiscard]] XGRAD_API Tensor softmax(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log_softmax(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor softmin(const Tensor& x, std::int64_t dim,
                                       Location at = Location::current());  // softmax(-x)

}  // namespace xgrad
