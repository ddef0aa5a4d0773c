// Another shape or order of the same elements. All but copies of reshape and flatten, where the strides allow no view,
// share memory with their input.
#pragma once

#include <concepts>
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
[[nodiscard]] XGRAD_API Tensor squeeze(const Tensor& x, const Shape& dims,
                                       Location at = Location::current());  // those of them that are
[[nodiscard]] XGRAD_API Tensor unsqueeze(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1,
                                         Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor permute(const Tensor& x, const Shape& dims, Location at = Location::current());
// Repeats dimensions of size 1 without copying; -1 keeps a size; new dimensions go in front.
[[nodiscard]] XGRAD_API Tensor expand(const Tensor& x, const Shape& shape, Location at = Location::current());

[[nodiscard]] XGRAD_API Tensor broadcast_to(const Tensor& x, const Shape& shape, Location at = Location::current());
// All expanded to the shape that they broadcast to together. ShapeError when they do not.
[[nodiscard]] XGRAD_API std::vector<Tensor> broadcast_tensors(const std::vector<Tensor>& tensors,
                                                              Location at = Location::current());

// dim replaced by dimensions of these sizes, one of which may be -1; always a view. ShapeError: their product differs.
[[nodiscard]] XGRAD_API Tensor unflatten(const Tensor& x, std::int64_t dim, const Shape& sizes,
                                         Location at = Location::current());
// 1-D: flatten of everything.
[[nodiscard]] XGRAD_API Tensor ravel(const Tensor& x, Location at = Location::current());
// Dimension source[i] moves to destination[i], the others keep their order. moveaxis is another name.
[[nodiscard]] XGRAD_API Tensor movedim(const Tensor& x, const Shape& source, const Shape& destination,
                                       Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor moveaxis(const Tensor& x, const Shape& source, const Shape& destination,
                                        Location at = Location::current());
template <std::integral A, std::integral B>
[[nodiscard]] Tensor movedim(const Tensor& x, A source, B destination, Location at = Location::current()) {
  return movedim(x, Shape{static_cast<std::int64_t>(source)}, Shape{static_cast<std::int64_t>(destination)}, at);
}
template <std::integral A, std::integral B>
[[nodiscard]] Tensor moveaxis(const Tensor& x, A source, B destination, Location at = Location::current()) {
  return moveaxis(x, Shape{static_cast<std::int64_t>(source)}, Shape{static_cast<std::int64_t>(destination)}, at);
}
// Other names of transpose.
[[nodiscard]] XGRAD_API Tensor swapaxes(const Tensor& x, std::int64_t axis0, std::int64_t axis1,
                                        Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor swapdims(const Tensor& x, std::int64_t dim0, std::int64_t dim1,
                                        Location at = Location::current());
// At least 1, 2 or 3 dimensions: (), (n), (m, n) become (1, 1, 1), (1, n, 1), (m, n, 1) in atleast_3d.
[[nodiscard]] XGRAD_API Tensor atleast_1d(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor atleast_2d(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor atleast_3d(const Tensor& x, Location at = Location::current());
// All windows of `size` along dim, `step` apart, in a new last dimension: (.., n, ..) -> (.., (n - size) / step + 1,
// .., size). Windows may overlap. ValueError: size or step not positive; ShapeError: size > n.
[[nodiscard]] XGRAD_API Tensor unfold(const Tensor& x, std::int64_t dim, std::int64_t size, std::int64_t step,
                                      Location at = Location::current());

template <detail::NoDimension T, class... More>
Tensor squeeze(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor unsqueeze(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor transpose(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor flatten(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor unflatten(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <std::integral... N>
Tensor view(const Tensor&, N...) = delete;  // sizes in braces: view(x, {2, -1})
template <std::integral... N>
Tensor reshape(const Tensor&, N...) = delete;  // sizes in braces: reshape(x, {2, -1})

}  // namespace xgrad
