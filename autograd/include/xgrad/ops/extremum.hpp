// Largest and smallest values and their positions, of all elements or along dimensions. IndexError for a dimension out
// of range or given twice. The larger of two tensors, element by element: maximum(x, y) in <xgrad/ops/comparison.hpp>.
#pragma once

#include <concepts>
#include <ostream>
#include <tuple>

#include <xgrad/detail/parts.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Largest / smallest of all; NaN wins; the gradient is shared evenly among equal values. ShapeError when empty.
[[nodiscard]] XGRAD_API Tensor max(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor min(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor amax(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor amax(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return amax(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
[[nodiscard]] XGRAD_API Tensor amin(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor amin(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return amin(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
struct ValuesIndices {
  Tensor values, indices;  // indices are int64
  template <class... T>
  operator std::tuple<T&...>() && {  // NOLINT: std::tie(...) = ...
    return detail::tie_parts<T...>(values, indices);
  }
};
template <>
inline constexpr bool detail::has_parts<ValuesIndices> = true;
XGRAD_API std::ostream& operator<<(std::ostream& os, const ValuesIndices& r);
// Along one dimension, with the position of the first extreme value, which alone gets the gradient.
[[nodiscard]] XGRAD_API ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                          Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                          Location at = Location::current());
// A number that is no dimension.
template <std::floating_point T>
ValuesIndices max(const Tensor&, T) = delete;  // element by element: clamp_min(x, 0.)
template <std::floating_point T>
ValuesIndices min(const Tensor&, T) = delete;  // element by element: clamp_max(x, 1.)
template <std::integral K>
requires(!std::same_as<K, bool>)                 //
    Tensor amax(const Tensor&, const Shape&, K)  // amax(x, {0, 1}): keepdim is true or false
= delete;
template <std::integral K>
requires(!std::same_as<K, bool>)                 //
    Tensor amin(const Tensor&, const Shape&, K)  // amin(x, {0, 1}): keepdim is true or false
= delete;
Tensor max(const Tensor&, const Tensor&) = delete;  // element by element: maximum(x, y)
Tensor min(const Tensor&, const Tensor&) = delete;  // element by element: minimum(x, y)
// Position (int64) of the first extreme value, of the flattened tensor or along dim.
[[nodiscard]] XGRAD_API Tensor argmax(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                      Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argmin(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                      Location at = Location::current());
template <detail::NoDimension T, class... More>
Tensor argmax(const Tensor&, T, const More&...) = delete;  // a dimension is an integer; argmax(x, 1, true) keeps it
template <detail::NoDimension T, class... More>
Tensor argmin(const Tensor&, T, const More&...) = delete;  // a dimension is an integer; argmin(x, 1, true) keeps it
struct MinMax {
  Tensor min, max;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const MinMax& r);
// Both amin and amax, of all elements or along one dimension.
[[nodiscard]] XGRAD_API MinMax aminmax(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                       Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] MinMax aminmax(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return aminmax(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}

}  // namespace xgrad
