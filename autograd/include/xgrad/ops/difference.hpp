// Differences and integrals of samples along a dimension.
#pragma once

#include <initializer_list>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Differences of neighbours along dim, n times over; bools give whether they differ. prepend and append (may be
// undefined) stand before and behind x. ValueError: n negative.
[[nodiscard]] XGRAD_API Tensor diff(const Tensor& x, std::int64_t n = 1, std::int64_t dim = -1,
                                    const Tensor& prepend = {}, const Tensor& append = {},
                                    Location at = Location::current());
// Integral along dim by the trapezoidal rule, of samples dx apart or at the places x (1-D, or broadcastable to y).
[[nodiscard]] XGRAD_API Tensor trapezoid(const Tensor& y, Scalar dx = 1, std::int64_t dim = -1,
                                         Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim = -1,
                                         Location at = Location::current());
// The same up to each sample but the first.
[[nodiscard]] XGRAD_API Tensor cumulative_trapezoid(const Tensor& y, Scalar dx = 1, std::int64_t dim = -1,
                                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim = -1,
                                                    Location at = Location::current());
// Derivatives along dims (all when none is given), one tensor each, by central differences of second order inside and
// one-sided ones of order edge_order (1 or 2) at the ends. spacing: one distance for all dimensions, one for each, or
// the places of the samples as 1-D tensors. ShapeError: a dimension of fewer than edge_order + 1 samples.
[[nodiscard]] XGRAD_API std::vector<Tensor> gradient(const Tensor& x, const std::vector<double>& spacing = {},
                                                     const Shape& dims = {}, int edge_order = 1,
                                                     Location at = Location::current());
[[nodiscard]] XGRAD_API std::vector<Tensor> gradient(const Tensor& x, const std::vector<Tensor>& places,
                                                     const Shape& dims = {}, int edge_order = 1,
                                                     Location at = Location::current());
// Spacings in braces: gradient(x, {0.5}).
[[nodiscard]] inline std::vector<Tensor> gradient(const Tensor& x, std::initializer_list<double> spacing,
                                                  const Shape& dims = {}, int edge_order = 1,
                                                  Location at = Location::current()) {
  return gradient(x, std::vector<double>(spacing), dims, edge_order, at);
}

}  // namespace xgrad
