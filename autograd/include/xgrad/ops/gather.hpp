// Single elements by a tensor of their places. Indices are int64 or int32 and may not be negative; IndexError names the
// first one out of range.
#pragma once

#include <optional>

#include <xgrad/tensor.hpp>

namespace xgrad {

// out[i][j][k] = x[index[i][j][k]][j][k] for dim 0, and so on; index has x's rank and is nowhere larger except in dim.
[[nodiscard]] XGRAD_API Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index,
                                      Location at = Location::current());
// x with x[index[i][j]][j] += src[i][j] (dim 0), and so on: the adjoint of gather.
[[nodiscard]] XGRAD_API Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src,
                                           Location at = Location::current());
// gather for index and x that broadcast together in all dimensions but dim; without dim, both are flattened.
[[nodiscard]] XGRAD_API Tensor take_along_dim(const Tensor& x, const Tensor& index,
                                              std::optional<std::int64_t> dim = {}, Location at = Location::current());
// The elements of x in row-major order at these numbers, negative counted from the end; of the shape of index.
[[nodiscard]] XGRAD_API Tensor take(const Tensor& x, const Tensor& index, Location at = Location::current());
// Dimensions are integers: 1.5 would be cut, true would be 1.
template <detail::NoDimension T, class... More>
Tensor gather(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor scatter_add(const Tensor&, T, const More&...) = delete;  // a dimension is an integer

}  // namespace xgrad
