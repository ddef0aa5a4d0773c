// Reductions that work on every lane of a vector by itself (sum, product, extremum). On top of what the driver asks,
// such an operation `Op` has Lane with lift(element), join(lane, lane) and from_lane, and, for elements in vectors,
//   join(vector, vector)
//   lift_lanes(vector)                        where what is joined is not the element itself
//   Wide, start(), absorb(wide, line), finish(wide)   what blocks are carried on in; a line is 64 bytes of lanes
//
// A block has four lines of lanes however wide the registers of the CPU are, so sums do not depend on the CPU.
#pragma once

#include "kernels/reduce_driver.hpp"

namespace xgrad::detail {

template <class T>
inline constexpr int kLine = 64 / static_cast<int>(sizeof(T));

// f over a fixed array of 2^k values, in halves.
template <class T, std::size_t N, class F>
XGRAD_INLINE T fold_lanes(T (&t)[N], F f) {
  for (std::size_t h = N / 2; h > 0; h /= 2)
    for (std::size_t i = 0; i < h; ++i) t[i] = f(t[i], t[i + h]);
  return t[0];
}

template <class Op, class V>
XGRAD_INLINE V lifted(const Op& op, const V& v) {
  if constexpr (requires { op.lift_lanes(v); })
    return op.lift_lanes(v);
  else
    return v;
}

// K vectors, as nested pairs rather than an array, so that the compiler keeps them in registers.
template <class V, int K>
struct Pack {
  static constexpr int lanes = K * V::lanes;
  using Half = Pack<V, K / 2>;
  Half lo, hi;
  template <class Op>
  XGRAD_INLINE static Pack load(const Op& op, const typename V::value_type* p) {
    return {Half::load(op, p), Half::load(op, p + Half::lanes)};
  }
  template <class Op>
  XGRAD_INLINE void join(const Op& op, const typename V::value_type* p) {
    lo.join(op, p);
    hi.join(op, p + Half::lanes);
  }
  template <class Op>
  XGRAD_INLINE void join(const Op& op, const Pack& o) {
    lo.join(op, o.lo);
    hi.join(op, o.hi);
  }
  // The first n lanes only, n > 0.
  template <class Op>
  XGRAD_INLINE void join_some(const Op& op, const typename V::value_type* p, std::int64_t n) {
    lo.join_some(op, p, n);
    if (n > Half::lanes) hi.join_some(op, p + Half::lanes, n - Half::lanes);
  }
  XGRAD_INLINE void store(typename V::value_type* p) const {
    lo.store(p);
    hi.store(p + Half::lanes);
  }
};
template <class V>
struct Pack<V, 1> {
  static constexpr int lanes = V::lanes;
  V v;
  template <class Op>
  XGRAD_INLINE static Pack load(const Op& op, const typename V::value_type* p) {
    return {lifted(op, V::load(p))};
  }
  template <class Op>
  XGRAD_INLINE void join(const Op& op, const typename V::value_type* p) {
    v = op.join(v, lifted(op, V::load(p)));
  }
  template <class Op>
  XGRAD_INLINE void join(const Op& op, const Pack& o) {
    v = op.join(v, o.v);
  }
  template <class Op>
  XGRAD_INLINE void join_some(const Op& op, const typename V::value_type* p, std::int64_t n) {
    using T = typename V::value_type;
    const V some = n >= lanes ? V::load(p) : V::load(p, static_cast<int>(n), static_cast<T>(op.identity()));
    v = op.join(v, lifted(op, some));
  }
  XGRAD_INLINE void store(typename V::value_type* p) const { v.store(p); }
};

// n >= 4 lines of elements joined in 4 lines of lanes, those joined in one.
template <int W, class Op, class T>
XGRAD_INLINE void block_line(const Op& op, const T* p, std::int64_t n, T* line) {
  using P = Pack<Vec<T, W>, 4 * kLine<T> / Vec<T, W>::lanes>;
  constexpr std::int64_t step = P::lanes;
  P a = P::load(op, p);
  std::int64_t i = step;
  for (; i + step <= n; i += step) a.join(op, p + i);
  if (i < n) a.join_some(op, p + i, n - i);
  a.lo.join(op, a.hi);
  a.lo.lo.join(op, a.lo.hi);
  a.lo.lo.store(line);
}

// 8 lanes that the compiler may put in one vector.
template <class Op>
XGRAD_INLINE typename Op::Acc run_numbers(const Op& op, const typename Op::In* p, std::int64_t n) {
  typename Op::Acc acc = op.identity();
  std::int64_t i = 0;
  if (n >= 16) {
    typename Op::Lane lane[8];
    for (int j = 0; j < 8; ++j) lane[j] = op.lift(p[j]);
    for (i = 8; i + 8 <= n; i += 8)
      for (int j = 0; j < 8; ++j) lane[j] = op.join(lane[j], op.lift(p[i + j]));
    acc = op.from_lane(fold_lanes(lane, [&](auto a, auto b) { return op.join(a, b); }));
  }
  for (; i < n; ++i) op.combine(acc, op.from_lane(op.lift(p[i])));
  return acc;
}

template <int W, class Op>
XGRAD_INLINE typename Op::Acc run_vectors(const Op& op, const typename Op::In* p, std::int64_t n) {
  using T = typename Op::In;
  constexpr std::int64_t least = 4 * kLine<T>;
  if (n < least) return run_numbers(op, p, n);
  typename Op::Wide wide = op.start();
  std::int64_t i = 0;
  for (; n - i >= least; i += std::min(n - i, kReduceBlock)) {
    T line[kLine<T>];
    block_line<W>(op, p + i, std::min(n - i, kReduceBlock), line);
    op.absorb(wide, line);
  }
  typename Op::Acc acc = op.finish(wide);
  for (; i < n; ++i) op.combine(acc, op.from_lane(op.lift(p[i])));
  return acc;
}

// Eight rows at a time, so that the strip is read and written once for eight.
template <int W, class Op, class T>
XGRAD_INLINE void column_vectors(const Op& op, const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                                 typename Op::Acc* acc) {
  using V = Vec<T, W>;
  T strip[Op::kStrip];
  const std::int64_t vectors = cols / V::lanes * V::lanes;
  const auto rest = [&](const T* row, bool first) {
    for (std::int64_t c = vectors; c < cols; ++c)
      strip[c] = first ? op.lift(row[c]) : op.join(strip[c], op.lift(row[c]));
  };
  std::int64_t r = 0;
  for (; r + 8 <= rows; r += 8, p += 8 * stride) {
    for (std::int64_t c = 0; c < vectors; c += V::lanes) {
      const auto row = [&](int i) { return lifted(op, V::load(p + i * stride + c)); };
      V s = op.join(op.join(op.join(row(0), row(1)), op.join(row(2), row(3))),
                    op.join(op.join(row(4), row(5)), op.join(row(6), row(7))));
      if (r > 0) s = op.join(V::load(strip + c), s);
      s.store(strip + c);
    }
    for (int i = 0; i < 8; ++i) rest(p + i * stride, r + i == 0);
  }
  for (; r < rows; ++r, p += stride) {
    for (std::int64_t c = 0; c < vectors; c += V::lanes)
      (r == 0 ? lifted(op, V::load(p + c)) : op.join(V::load(strip + c), lifted(op, V::load(p + c)))).store(strip + c);
    rest(p, r == 0);
  }
  for (std::int64_t c = 0; c < cols; ++c) acc[c] = op.join(acc[c], static_cast<typename Op::Acc>(strip[c]));
}

template <class Op>
XGRAD_INLINE void column_numbers(const Op& op, const typename Op::In* p, std::int64_t stride, std::int64_t rows,
                                 std::int64_t cols, typename Op::Acc* acc) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < cols; ++c) acc[c] = op.join(acc[c], op.lift(p[r * stride + c]));
}

}  // namespace xgrad::detail
