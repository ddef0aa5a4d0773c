// Elements where a mask of bools holds.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// 1-D tensor of the elements where mask (bool, broadcastable) holds, and the same with a value put there.
[[nodiscard]] XGRAD_API Tensor masked_select(const Tensor& x, const Tensor& mask, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value,
                                           Location at = Location::current());
// The same with the value of a 0-d tensor, which gets the sum of the gradients there.
[[nodiscard]] XGRAD_API Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value,
                                           Location at = Location::current());
// x (broadcast with the mask) with the elements of source, in order, where the mask holds. ShapeError: too few.
[[nodiscard]] XGRAD_API Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source,
                                              Location at = Location::current());
// Positions of the elements that differ from 0, one row for each: int64 of shape (count, rank). argwhere is another
// name.
[[nodiscard]] XGRAD_API Tensor nonzero(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argwhere(const Tensor& x, Location at = Location::current());

}  // namespace xgrad
