// Elements in another order, or several times, in new memory.
#pragma once

#include <optional>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Backwards along these dimensions. IndexError for a dimension out of range or given twice.
[[nodiscard]] XGRAD_API Tensor flip(const Tensor& x, const Shape& dims, Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor flip(const Tensor& x, D dim, Location at = Location::current()) {
  return flip(x, Shape{static_cast<std::int64_t>(dim)}, at);
}
// flip along dimension 1, and 0. ShapeError for fewer dimensions.
[[nodiscard]] XGRAD_API Tensor fliplr(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor flipud(const Tensor& x, Location at = Location::current());
// Element i of dimension dims[k] moves to i + shifts[k], round the end; without dims, in the flattened tensor.
// ValueError: not one shift per dimension.
[[nodiscard]] XGRAD_API Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims = {},
                                    Location at = Location::current());
template <detail::Dimension S>
[[nodiscard]] Tensor roll(const Tensor& x, S shift, const Shape& dims = {}, Location at = Location::current()) {
  return roll(x, Shape{static_cast<std::int64_t>(shift)}, dims, at);
}
template <detail::Dimension S, detail::Dimension D>
[[nodiscard]] Tensor roll(const Tensor& x, S shift, D dim, Location at = Location::current()) {
  return roll(x, Shape{static_cast<std::int64_t>(shift)}, Shape{static_cast<std::int64_t>(dim)}, at);
}
// Turned by k times 90 degrees in the plane of two dimensions, from the first towards the second.
[[nodiscard]] XGRAD_API Tensor rot90(const Tensor& x, std::int64_t k = 1, const Shape& dims = {0, 1},
                                     Location at = Location::current());
// x so many times along each dimension; more numbers than dimensions make new ones in front. ShapeError for fewer.
[[nodiscard]] XGRAD_API Tensor repeat(const Tensor& x, const Shape& repeats, Location at = Location::current());
template <std::integral... N>
Tensor repeat(const Tensor&, N...) = delete;  // numbers in braces: repeat(x, {2, 3})
// repeat, where fewer numbers than dimensions are for the last ones.
[[nodiscard]] XGRAD_API Tensor tile(const Tensor& x, const Shape& repeats, Location at = Location::current());
template <std::integral... N>
Tensor tile(const Tensor&, N...) = delete;  // numbers in braces: tile(x, {2, 3})
// Each element along dim so many times in a row: {a, b} -> {a, a, b, b}; without dim, of the flattened tensor. As a
// tensor (int64 or int32, 1-D): one number for each element. ValueError for a negative number.
[[nodiscard]] XGRAD_API Tensor repeat_interleave(const Tensor& x, std::int64_t repeats,
                                                 std::optional<std::int64_t> dim = {},
                                                 Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor repeat_interleave(const Tensor& x, const Tensor& repeats,
                                                 std::optional<std::int64_t> dim = {},
                                                 Location at = Location::current());

}  // namespace xgrad
