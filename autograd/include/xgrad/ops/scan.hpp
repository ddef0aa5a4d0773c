// Running totals along a dimension: element i of the result is made of elements 0..i. IndexError for a dimension out of
// range; a 0-d tensor has dimension 0.
#pragma once

#include <xgrad/ops/extremum.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Running sum and product; integers and bools give int64. float32 sums run in double.
[[nodiscard]] XGRAD_API Tensor cumsum(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cumprod(const Tensor& x, std::int64_t dim, Location at = Location::current());
// The same computed from x in another type, and given in it.
[[nodiscard]] XGRAD_API Tensor cumsum(const Tensor& x, std::int64_t dim, DType dtype,
                                      Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cumprod(const Tensor& x, std::int64_t dim, DType dtype,
                                       Location at = Location::current());
// Running extreme value and its position, the last one among equals; NaN stays. The value there gets the gradient.
[[nodiscard]] XGRAD_API ValuesIndices cummax(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices cummin(const Tensor& x, std::int64_t dim, Location at = Location::current());
// log(exp(x_0) + .. + exp(x_i)) without overflow; floating.
[[nodiscard]] XGRAD_API Tensor logcumsumexp(const Tensor& x, std::int64_t dim, Location at = Location::current());

template <detail::NoDimension T, class... More>
Tensor cumsum(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor cumprod(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
ValuesIndices cummax(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
ValuesIndices cummin(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
Tensor logcumsumexp(const Tensor&, T, const More&...) = delete;  // a dimension is an integer

}  // namespace xgrad
