// Joining tensors into one.
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Joins along an existing dimension; other sizes must match; 1-D tensors of no elements are skipped, as in PyTorch.
[[nodiscard]] XGRAD_API Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim = 0,
                                   Location at = Location::current());
Tensor cat(const Tensor&, const Tensor&) = delete;  // tensors in braces: cat({x, y}, dim)
template <detail::NoDimension T, class... More>
Tensor cat(const std::vector<Tensor>&, T, const More&...) = delete;  // a dimension is an integer
// Joins equal shapes along a new dimension.
[[nodiscard]] XGRAD_API Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim = 0,
                                     Location at = Location::current());
Tensor stack(const Tensor&, const Tensor&) = delete;  // tensors in braces: stack({x, y}, dim)
template <detail::NoDimension T, class... More>
Tensor stack(const std::vector<Tensor>&, T, const More&...) = delete;  // a dimension is an integer
// Side by side along dimension 1 (0 for 1-D tensors), 0 and 2; tensors of fewer dimensions get them first, as
// atleast_1d, atleast_2d and atleast_3d do.
[[nodiscard]] XGRAD_API Tensor hstack(const std::vector<Tensor>& tensors, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor vstack(const std::vector<Tensor>& tensors, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor dstack(const std::vector<Tensor>& tensors, Location at = Location::current());
// hstack, in which numbers and 1-D tensors are columns.
[[nodiscard]] XGRAD_API Tensor column_stack(const std::vector<Tensor>& tensors, Location at = Location::current());
// A matrix with these blocks along its diagonal and zeros elsewhere; numbers and 1-D tensors are blocks of one row.
[[nodiscard]] XGRAD_API Tensor block_diag(const std::vector<Tensor>& tensors, Location at = Location::current());

}  // namespace xgrad
