// Views and rearrangements. Views (view, squeeze, unsqueeze, transpose, permute, expand, slice, select, narrow, and
// reshape/flatten where the strides allow) share memory with their input.
#pragma once

#include <concepts>
#include <span>
#include <vector>

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
[[nodiscard]] XGRAD_API Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start = 0,
                                     std::int64_t stop = Slice::kEnd, std::int64_t step = 1,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length,
                                      Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index,
                                      Location at = Location::current());
// One tensor per index along dim.
[[nodiscard]] XGRAD_API std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0,
                                                   Location at = Location::current());

// Joins along an existing dimension; other sizes must match; 1-D tensors of no elements are skipped, as in PyTorch.
[[nodiscard]] XGRAD_API Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim = 0,
                                   Location at = Location::current());
Tensor cat(const Tensor&, const Tensor&) = delete;  // tensors in braces: cat({x, y}, dim)
// Joins equal shapes along a new dimension.
[[nodiscard]] XGRAD_API Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim = 0,
                                     Location at = Location::current());
Tensor stack(const Tensor&, const Tensor&) = delete;  // tensors in braces: stack({x, y}, dim)
template <std::integral... N>
Tensor view(const Tensor&, N...) = delete;  // sizes in braces: view(x, {2, -1})
template <std::integral... N>
Tensor reshape(const Tensor&, N...) = delete;  // sizes in braces: reshape(x, {2, -1})
// Views of `size` along dim, the last one shorter; or of the given sizes, which must sum to the dimension.
[[nodiscard]] XGRAD_API std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0,
                                                  Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes,
                                                  std::int64_t dim = 0, Location at = Location::current());
// At most `chunks` views of equal size ceil(n / chunks).
[[nodiscard]] XGRAD_API std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0,
                                                  Location at = Location::current());

}  // namespace xgrad
