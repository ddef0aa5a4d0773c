// Numbers along a dimension as probabilities. Floating tensors only (DTypeError).
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// exp(x_i) / sum_j exp(x_j) along dim, and its logarithm.
[[nodiscard]] XGRAD_API Tensor softmax(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log_softmax(const Tensor& x, std::int64_t dim, Location at = Location::current());
// The same of x.to(dtype).
[[nodiscard]] XGRAD_API Tensor softmax(const Tensor& x, std::int64_t dim, DType dtype,
                                       Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log_softmax(const Tensor& x, std::int64_t dim, DType dtype,
                                           Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor softmin(const Tensor& x, std::int64_t dim,
                                       Location at = Location::current());  // softmax(-x)

Tensor softmax(const Tensor&) = delete;      // with its dimension: softmax(x, -1)
Tensor log_softmax(const Tensor&) = delete;  // log_softmax(x, -1)
template <detail::NoDimension T, class... More>
Tensor softmax(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor log_softmax(const Tensor&, T, const More&...) = delete;  // a dimension is an integer

}  // namespace xgrad
