// Medians, quantiles and the most frequent value, of all elements or along a dimension. ShapeError when there is
// nothing to choose from along a dimension.
#pragma once

#include <optional>
#include <string>

#include <xgrad/ops/extremum.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// The middle value, the lower one of two; NaN if there is a NaN, which nanmedian leaves out. Of all elements the
// gradient is shared evenly among equal values (and the median of nothing is NaN); along a dimension the one at
// `indices` gets it.
[[nodiscard]] XGRAD_API Tensor median(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices median(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                             Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor nanmedian(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices nanmedian(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                                Location at = Location::current());
// The most frequent value, the smallest one of several, and its last position.
[[nodiscard]] XGRAD_API ValuesIndices mode(const Tensor& x, std::int64_t dim = -1, bool keepdim = false,
                                           Location at = Location::current());
// The value at q (n - 1) in sorted order, 0 <= q <= 1, between two elements by interpolation: "linear", "lower",
// "higher", "midpoint" or "nearest". Without dim: of all elements. Several q (1-D) are the first dimension of the
// result. A NaN makes the result NaN; nanquantile leaves NaNs out. ValueError for other q; floating.
[[nodiscard]] XGRAD_API Tensor quantile(const Tensor& x, double q, std::optional<std::int64_t> dim = {},
                                        bool keepdim = false, const std::string& interpolation = "linear",
                                        Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor quantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim = {},
                                        bool keepdim = false, const std::string& interpolation = "linear",
                                        Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor nanquantile(const Tensor& x, double q, std::optional<std::int64_t> dim = {},
                                           bool keepdim = false, const std::string& interpolation = "linear",
                                           Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor nanquantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim = {},
                                           bool keepdim = false, const std::string& interpolation = "linear",
                                           Location at = Location::current());

template <detail::NoDimension T, class... More>
ValuesIndices median(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
ValuesIndices nanmedian(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
ValuesIndices mode(const Tensor&, T, const More&...) = delete;  // a dimension is an integer

}  // namespace xgrad
