// Largest or smallest of many, NaN above all.
#pragma once

#include <limits>

#include "kernels/reduce_lanes.hpp"

namespace xgrad::detail {

template <class T>
XGRAD_INLINE bool is_nan(T v) {
  if constexpr (std::is_floating_point_v<T>) return v != v;
  return false;
}

// Of a and b the one further out; NaN wins.
template <bool Largest, class T>
XGRAD_INLINE T further(T a, T b) {
  const bool beyond = Largest ? b > a : b < a;
  return beyond || is_nan(b) ? b : a;
}
template <bool Largest, class T, int W>
XGRAD_INLINE Vec<T, W> further(const Vec<T, W>& a, const Vec<T, W>& b) {
  return where((Largest ? b > a : b < a) || (b != b), b, a);
}

template <bool Largest, class T>
constexpr T innermost() {
  using L = std::numeric_limits<T>;
  if constexpr (L::has_infinity) return Largest ? -L::infinity() : L::infinity();
  return Largest ? L::lowest() : L::max();
}

template <class T, bool Largest>
struct Extremum {
  using In = T;
  using Acc = T;
  using Lane = T;
  static constexpr std::int64_t kStrip = 1024;
  static constexpr double kNs = 0.06;
  T* out;
  T empty = innermost<Largest, T>();

  XGRAD_INLINE Acc identity() const { return empty; }
  template <class V>
  XGRAD_INLINE V join(const V& a, const V& b) const {
    return further<Largest>(a, b);
  }
  XGRAD_INLINE void combine(Acc& a, Acc b) const { a = join(a, b); }
  XGRAD_INLINE Lane lift(T v) const { return v; }
  XGRAD_INLINE Acc from_lane(Lane l) const { return l; }
  struct Wide {
    T w[kLine<T>];
  };
  XGRAD_INLINE Wide start() const {
    Wide wide;
    for (T& v : wide.w) v = empty;
    return wide;
  }
  XGRAD_INLINE void absorb(Wide& wide, const T* line) const {
    using V = Vec<T, 16>;
    for (int j = 0; j < kLine<T>; j += V::lanes) join(V::load(wide.w + j), V::load(line + j)).store(wide.w + j);
  }
  // In halves, as fold_lanes(), by vectors while they last.
  XGRAD_INLINE Acc finish(Wide& wide) const {
    using V = Vec<T, 16>;
    const auto at = [&](int k) { return V::load(wide.w + k * V::lanes); };
    T lane[V::lanes];
    join(join(at(0), at(2)), join(at(1), at(3))).store(lane);
    return fold_lanes(lane, [this](T a, T b) { return join(a, b); });
  }
  template <int W>
  XGRAD_INLINE Acc run(const T* p, std::int64_t n) const {
    if constexpr (std::is_floating_point_v<T>)
      return run_vectors<W>(*this, p, n);
    else
      return run_numbers(*this, p, n);
  }
  template <int W>
  XGRAD_INLINE void run_columns(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols, Acc* acc) const {
    if constexpr (std::is_floating_point_v<T>)
      column_vectors<W>(*this, p, stride, rows, cols, acc);
    else
      column_numbers(*this, p, stride, rows, cols, acc);
  }
  XGRAD_INLINE void store(std::int64_t i, Acc a) const { out[i] = a; }
};

template <int W, bool Largest, class T>
XGRAD_INLINE T extremum_of(const T* p, std::int64_t n) {
  return Extremum<T, Largest>{nullptr}.template run<W>(p, n);
}

}  // namespace xgrad::detail
