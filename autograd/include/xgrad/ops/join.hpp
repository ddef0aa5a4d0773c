// Joining tensors into one.
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Joins along an existing dimension; other sizes must match; 1-D tensors of no elements are skipped, as in PyTorch.
[[nodiscard]] XGRAD_API Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim = 0,
                                   Location at = Location::current());
Tensor cat(const Tensor&, const Tensor&) = delete;  // tensors in braces: cat({x, y}, dim)
// Joins equal shapes along a new dimension.
[[nodiscard]] XGRAD_API Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim = 0,
                                     Location at = Location::current());
Tensor stack(const Tensor&, const Tensor&) = delete;  // tensors in braces: stack({x, y}, dim)

}  // namespace xgrad
