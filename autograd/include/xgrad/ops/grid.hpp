// All combinations of values.
#pragma once

#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// One tensor of shape (n1, n2, ..) per 1-D input, as views: input k along dimension k. indexing "xy" swaps the first
// two dimensions. ShapeError: an input of rank 2 or more; ValueError: another indexing.
[[nodiscard]] XGRAD_API std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors,
                                                     const std::string& indexing = "ij",
                                                     Location at = Location::current());
// Rows of one element from each 1-D input, the last one changing fastest: (n1 n2 .., inputs); a single input as it is.
[[nodiscard]] XGRAD_API Tensor cartesian_prod(const std::vector<Tensor>& tensors, Location at = Location::current());
// Rows of r elements of a 1-D tensor in the order of the tensor, with_replacement: also the same one again.
[[nodiscard]] XGRAD_API Tensor combinations(const Tensor& x, std::int64_t r = 2, bool with_replacement = false,
                                            Location at = Location::current());
// Powers of the elements in a new last dimension: x^(n-1), .., x, 1, or increasing. n: the size of x's last dimension
// when left out (-1).
[[nodiscard]] XGRAD_API Tensor vander(const Tensor& x, std::int64_t n = -1, bool increasing = false,
                                      Location at = Location::current());

}  // namespace xgrad
