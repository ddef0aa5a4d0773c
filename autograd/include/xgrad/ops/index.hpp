// Whole rows by a list of their numbers. Indices are int64 or int32 and may not be negative; IndexError names the
// first one out of range.
#pragma once

#include <concepts>

#include <xgrad/tensor.hpp>

namespace xgrad {

// out[.., i, ..] = x[.., index[i], ..] along dim; index is 1-D (or 0-d). The gradient adds up over repeated indices.
[[nodiscard]] XGRAD_API Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index,
                                            Location at = Location::current());
template <detail::NoDimension T, class... More>
Tensor index_select(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
// x with alpha times the rows of source added along dim at index: the adjoint of index_select.
[[nodiscard]] XGRAD_API Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                                         Scalar alpha = 1, Location at = Location::current());
template <detail::NoDimension T, class... More>
Tensor index_add(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
// int64 -> 0/1 of a new last dimension of num_classes (-1: largest + 1).
[[nodiscard]] XGRAD_API Tensor one_hot(const Tensor& x, std::int64_t num_classes = -1,
                                       Location at = Location::current());
template <std::floating_point F, class... More>
Tensor one_hot(const Tensor&, F, const More&...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)

}  // namespace xgrad
