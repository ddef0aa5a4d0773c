// Parts of a tensor, as views that share its memory.
#pragma once

#include <concepts>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start = 0,
                                     std::int64_t stop = Slice::kEnd, std::int64_t step = 1,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length,
                                      Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index,
                                      Location at = Location::current());
template <detail::NoDimension T, class... More>
Tensor narrow(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor select(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <std::integral D, std::floating_point T, class... More>
Tensor narrow(const Tensor&, D, T, const More&...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
template <std::integral D, std::integral S, std::floating_point T, class... More>
Tensor narrow(const Tensor&, D, S, T, const More&...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
template <std::integral D, std::floating_point T, class... More>
Tensor select(const Tensor&, D, T, const More&...) = delete;  // an index is an integer
// One tensor per index along dim.
[[nodiscard]] XGRAD_API std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim = 0,
                                                   Location at = Location::current());
// Views of `size` along dim, the last one shorter; or of the given sizes, which must sum to the dimension.
[[nodiscard]] XGRAD_API std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim = 0,
                                                  Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes,
                                                  std::int64_t dim = 0, Location at = Location::current());
template <std::floating_point F, class... More>
std::vector<Tensor> split(const Tensor&, F, const More&...) = delete;  // a size is an integer
// At most `chunks` views of equal size ceil(n / chunks).
[[nodiscard]] XGRAD_API std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim = 0,
                                                  Location at = Location::current());
template <std::floating_point F, class... More>
std::vector<Tensor> chunk(const Tensor&, F, const More&...) = delete;  // a size is an integer
// `sections` views whose sizes differ by at most 1, the longer ones first; or x[:i0], x[i0:i1], ..., x[ik:] along dim.
[[nodiscard]] XGRAD_API std::vector<Tensor> tensor_split(const Tensor& x, std::int64_t sections, std::int64_t dim = 0,
                                                         Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> tensor_split(const Tensor& x, const std::vector<std::int64_t>& indices,
                                                         std::int64_t dim = 0, Location at = Location::current());
// tensor_split along dimension 1 (0 of a 1-D tensor), 0 and 2. ShapeError for fewer dimensions than that, and for
// sections of unequal size.
[[nodiscard]] XGRAD_API std::vector<Tensor> hsplit(const Tensor& x, std::int64_t sections,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> hsplit(const Tensor& x, const std::vector<std::int64_t>& indices,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> vsplit(const Tensor& x, std::int64_t sections,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> vsplit(const Tensor& x, const std::vector<std::int64_t>& indices,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> dsplit(const Tensor& x, std::int64_t sections,
                                                   Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> dsplit(const Tensor& x, const std::vector<std::int64_t>& indices,
                                                   Location at = Location::current());

// A copy of x with src in the place of select(x, dim, index), and of slice(x, dim, start, stop, step). ShapeError and
// DTypeError when src is not of that shape and of x's type.
[[nodiscard]] XGRAD_API Tensor select_scatter(const Tensor& x, const Tensor& src, std::int64_t dim, std::int64_t index,
                                              Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor slice_scatter(const Tensor& x, const Tensor& src, std::int64_t dim = 0,
                                             std::int64_t start = 0, std::int64_t stop = Slice::kEnd,
                                             std::int64_t step = 1, Location at = Location::current());

}  // namespace xgrad
