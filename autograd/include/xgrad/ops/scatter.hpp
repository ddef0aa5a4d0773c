// Copies of a tensor with elements or rows written to places that an index tensor names. Indices are int64 or int32 and
// may not be negative but where it says so; IndexError names the first one out of range. Where a place is named twice
// and nothing is added up, the last one counts; as in PyTorch each of them gets the gradient of the place.
#pragma once

#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad {

// x with x[index[i][j]][j] = src[i][j] (dim 0), and so on; or with one number.
[[nodiscard]] XGRAD_API Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src,
                                       Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, Scalar value,
                                       Location at = Location::current());
// x with what lands in each place combined by reduce: "sum", "prod", "mean", "amax" or "amin", together with the
// element of x there (include_self) or without it. Gradients of amax and amin are shared evenly among equal values; a
// second derivative of prod takes no account of places with two zeros or more. ValueError for another name.
[[nodiscard]] XGRAD_API Tensor scatter_reduce(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src,
                                              const std::string& reduce, bool include_self = true,
                                              Location at = Location::current());
// The same for whole rows: index is 1-D, source has a row along dim for each.
[[nodiscard]] XGRAD_API Tensor index_reduce(const Tensor& x, std::int64_t dim, const Tensor& index,
                                            const Tensor& source, const std::string& reduce, bool include_self = true,
                                            Location at = Location::current());
// x with rows source along dim at index (1-D or 0-d), and with a value (a number or 0-d tensor) there; index_fill
// counts negative indices from the end.
[[nodiscard]] XGRAD_API Tensor index_copy(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                                          Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, Scalar value,
                                          Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& value,
                                          Location at = Location::current());
// x with its element index[i] in row-major order, negative counted from the end, replaced by element i of source, or
// with that added (accumulate). source has as many elements as index.
[[nodiscard]] XGRAD_API Tensor put(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate = false,
                                   Location at = Location::current());

template <detail::NoDimension T, class... More>
Tensor scatter(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor scatter_reduce(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor index_reduce(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor index_copy(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor index_fill(const Tensor&, T, const More&...) = delete;  // a dimension is an integer

}  // namespace xgrad
