// Another shape or order of the same elements. All but copies of reshape and flatten, where the strides allow no view,
// share memory with their input.
#pragma once

#include <concepts>

#include <xgrad/tensor.hpp>

namespace xgrad {

// One size may be -1 (inferred). ShapeError: counts differ ("6 elements do not fit shape (4, 2) of 8"), two -1, -1 with
// zero elements. view: ShapeError when the strides do not allow it (use reshape, which then copies).
[[nodiscard]] XGRAD_API Tensor view(const Tensor& x, const Shape& shape, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor reshape(const Tensor& x, const Shape& shape, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor flatten(const Tensor& x, std::int64_t start_dim = 0, std::int64_t end_dim = -1,
                                       Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor squeeze(const Tensor& x, Location at = Location::current());  // all dimensions of size 1
[[nodiscard]] XGRAD_API Tensor squeeze(const Tensor& x, std::int64_t dim,
                                       Location at = Location::current());  // that one, if of size 1
[[nodiscard]] XGRAD_API Tensor unsqueeze(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1,
                                         Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor permute(const Tensor& x, const Shape& dims, Location at = Location::current());
// Repeats dimensions of size 1 without copying; -1 keeps a size; new dimensions go in front.
[[nodiscard]] XGRAD_API Tensor expand(const Tensor& x, const Shape& shape, Location at = Location::current());

template <std::integral... N>
Tensor view(const Tensor&, N...) = delete;  // sizes in braces: view(x, {2, -1})
template <std::integral... N>
Tensor reshape(const Tensor&, N...) = delete;  // sizes in braces: reshape(x, {2, -1})

}  // namespace xgrad
