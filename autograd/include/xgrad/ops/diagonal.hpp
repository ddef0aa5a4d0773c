// Diagonals and triangles of matrices. `offset` counts diagonals, from the main one to the right; negative ones below.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// The diagonal of the matrices in dimensions dim1 and dim2, as the last dimension of a view. IndexError: dim1 == dim2.
[[nodiscard]] XGRAD_API Tensor diagonal(const Tensor& x, std::int64_t offset = 0, std::int64_t dim1 = 0,
                                        std::int64_t dim2 = 1, Location at = Location::current());
// The adjoint: square matrices in new dimensions dim1 and dim2, with the last dimension of x on that diagonal.
[[nodiscard]] XGRAD_API Tensor diag_embed(const Tensor& x, std::int64_t offset = 0, std::int64_t dim1 = -2,
                                          std::int64_t dim2 = -1, Location at = Location::current());
// diag_embed of a 1-D tensor, a copy of the diagonal of a matrix; ShapeError for other ranks.
[[nodiscard]] XGRAD_API Tensor diag(const Tensor& x, std::int64_t offset = 0, Location at = Location::current());
// diag_embed of the flattened tensor.
[[nodiscard]] XGRAD_API Tensor diagflat(const Tensor& x, std::int64_t offset = 0, Location at = Location::current());
// A copy of x with src in the place of diagonal(x, offset, dim1, dim2), which has its shape.
[[nodiscard]] XGRAD_API Tensor diagonal_scatter(const Tensor& x, const Tensor& src, std::int64_t offset = 0,
                                                std::int64_t dim1 = 0, std::int64_t dim2 = 1,
                                                Location at = Location::current());
// The elements on and below (tril), on and above (triu) a diagonal of the last two dimensions; zeros elsewhere.
[[nodiscard]] XGRAD_API Tensor tril(const Tensor& x, std::int64_t offset = 0, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor triu(const Tensor& x, std::int64_t offset = 0, Location at = Location::current());

}  // namespace xgrad
