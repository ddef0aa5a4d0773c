// Picking elements by integer tensors. Indices are int64 or int32 and may not be negative; IndexError names the first
// one out of range.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// out[.., i, ..] = x[.., index[i], ..] along dim; index is 1-D (or 0-d). The gradient adds up over repeated indices.
[[nodiscard]] XGRAD_API Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index,
                                            Location at = Location::current());
// out[i][j][k] = x[index[i][j][k]][j][k] for dim 0, and so on; index has x's rank and is nowhere larger except in dim.
[[nodiscard]] XGRAD_API Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index,
                                      Location at = Location::current());
// x with x[index[i][j]][j] += src[i][j] (dim 0), and so on: the adjoint of gather.
[[nodiscard]] XGRAD_API Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src,
                                           Location at = Location::current());
// x with rows source added along dim at index: the adjoint of index_select.
[[nodiscard]] XGRAD_API Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                                         Location at = Location::current());
// 1-D tensor of the elements where mask (bool, broadcastable) holds, and the same with a value put there.
[[nodiscard]] XGRAD_API Tensor masked_select(const Tensor& x, const Tensor& mask, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value,
                                           Location at = Location::current());
// The same with the value of a 0-d tensor, which gets the sum of the gradients there.
[[nodiscard]] XGRAD_API Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value,
                                           Location at = Location::current());
// int64 -> 0/1 of a new last dimension of num_classes (-1: largest + 1).
[[nodiscard]] XGRAD_API Tensor one_hot(const Tensor& x, std::int64_t num_classes = -1,
                                       Location at = Location::current());

}  // namespace xgrad
