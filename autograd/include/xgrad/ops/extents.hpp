// Sizes of windows in one, two or three dimensions, as one number for all of them or one for each.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>

#include <xgrad/shape.hpp>

namespace xgrad {

// One number per spatial dimension: {.stride = 2} and {.stride = {2, 1}} both work. Order: depth, height, width.
template <int N>
struct Extents {
  static_assert(N >= 1 && N <= 3);

  Extents(std::int64_t all) { v.fill(all); }  // NOLINT: a number is meant for every dimension
  template <std::floating_point T>
  Extents(T) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Extents(std::int64_t height, std::int64_t width) requires(N == 2) : v{height, width} {}
  Extents(std::int64_t depth, std::int64_t height, std::int64_t width) requires(N == 3) : v{depth, height, width} {}
  // From sizes known at run time: one, or N of them. ShapeError otherwise.
  explicit Extents(const Shape& s, Location at = Location::current()) {
    if (s.rank() != 1 && s.rank() != N) wrong_count(s, N, at);
    for (int i = 0; i < N; ++i) (*this)[i] = s[s.rank() == 1 ? 0 : i];
  }

  std::int64_t operator[](int i) const { return v[static_cast<std::size_t>(i)]; }
  std::int64_t& operator[](int i) { return v[static_cast<std::size_t>(i)]; }
  bool operator==(const Extents&) const = default;

  std::array<std::int64_t, N> v;

 private:
  [[noreturn]] static void wrong_count(const Shape& s, int wanted, const Location& at);
};

extern template XGRAD_API void Extents<1>::wrong_count(const Shape&, int, const Location&);
extern template XGRAD_API void Extents<2>::wrong_count(const Shape&, int, const Location&);
extern template XGRAD_API void Extents<3>::wrong_count(const Shape&, int, const Location&);

namespace detail {
template <int N>
Extents<N> extents_of(const std::int64_t (&each)[N]) {
  Extents<N> e = 0;
  for (int i = 0; i < N; ++i) e[i] = each[i];
  return e;
}
}  // namespace detail

}  // namespace xgrad
