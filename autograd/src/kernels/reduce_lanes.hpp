// Reductions that work on every lane of a vector by itself (sum, product, extremum). On top of what the driver asks,
// such an operation `Op` has Lane with lift, join and from_lane, and, for vectors of its element type,
//   Wide, widen(vector)             what a block is carried on in (vectors of double for sums)
//   join(vector, vector)            and the same for Wide
//   narrow(Wide)                    accumulator of all its lanes
#pragma once

#include "kernels/reduce_driver.hpp"

namespace xgrad::detail {

// fold(f, values): f over a fixed array of 2^k values, pairwise.
template <class T, std::size_t N, class F>
XGRAD_INLINE T fold_lanes(T (&t)[N], F f) {
  for (std::size_t h = N / 2; h > 0; h /= 2)
    for (std::size_t i = 0; i < h; ++i) t[i] = f(t[i], t[i + h]);
  return t[0];
}

// Elements [0, n) joined in 4 vectors; n >= one vector.
template <class Op, class T>
XGRAD_INLINE Vec<T> block_lanes(const Op& op, const T* p, std::int64_t n) {
  using V = Vec<T>;
  constexpr std::int64_t w = V::lanes;
  V a = V::load(p);
  std::int64_t i = w;
  if (n >= 4 * w) {
    V b = V::load(p + w), c = V::load(p + 2 * w), d = V::load(p + 3 * w);
    for (i = 4 * w; i + 4 * w <= n; i += 4 * w) {
      a = op.join(a, V::load(p + i));
      b = op.join(b, V::load(p + i + w));
      c = op.join(c, V::load(p + i + 2 * w));
      d = op.join(d, V::load(p + i + 3 * w));
    }
    a = op.join(op.join(a, b), op.join(c, d));
  }
  for (; i + w <= n; i += w) a = op.join(a, V::load(p + i));
  if (i < n) {
    T t[w];
    a.store(t);
    for (std::int64_t j = 0; i < n; ++i, ++j) t[j] = op.join(t[j], p[i]);
    a = V::load(t);
  }
  return a;
}

template <class Op>
XGRAD_INLINE typename Op::Acc run_vectors(const Op& op, const typename Op::In* p, std::int64_t n) {
  using V = Vec<typename Op::In>;
  if (n < V::lanes) {
    typename Op::Acc acc = op.identity();
    for (std::int64_t i = 0; i < n; ++i) op.combine(acc, op.from_lane(op.lift(p[i])));
    return acc;
  }
  std::int64_t i = std::min(n, kReduceBlock);
  auto wide = op.widen(block_lanes(op, p, i));
  for (; i < n; i += kReduceBlock) {
    const std::int64_t m = std::min(kReduceBlock, n - i);
    if (m < V::lanes) {
      typename Op::Acc acc = op.narrow(wide);
      for (; i < n; ++i) op.combine(acc, op.from_lane(op.lift(p[i])));
      return acc;
    }
    wide = op.join(wide, op.widen(block_lanes(op, p + i, m)));
  }
  return op.narrow(wide);
}

// The same for element types without vectors: 8 lanes that the compiler may put in one.
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

// Eight rows at a time, so that the strip is read and written once for eight.
template <class Op, class T>
XGRAD_INLINE void column_vectors(const Op& op, const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                                 typename Op::Acc* acc) {
  using V = Vec<T>;
  T strip[Op::kStrip];
  const std::int64_t vectors = cols / V::lanes * V::lanes;
  const auto rest = [&](const T* row, bool first) {
    for (std::int64_t c = vectors; c < cols; ++c) strip[c] = first ? row[c] : op.join(strip[c], row[c]);
  };
  std::int64_t r = 0;
  for (; r + 8 <= rows; r += 8, p += 8 * stride) {
    for (std::int64_t c = 0; c < vectors; c += V::lanes) {
      const auto row = [&](int i) { return V::load(p + i * stride + c); };
      V s = op.join(op.join(op.join(row(0), row(1)), op.join(row(2), row(3))),
                    op.join(op.join(row(4), row(5)), op.join(row(6), row(7))));
      if (r > 0) s = op.join(V::load(strip + c), s);
      s.store(strip + c);
    }
    for (int i = 0; i < 8; ++i) rest(p + i * stride, r + i == 0);
  }
  for (; r < rows; ++r, p += stride) {
    for (std::int64_t c = 0; c < vectors; c += V::lanes)
      (r == 0 ? V::load(p + c) : op.join(V::load(strip + c), V::load(p + c))).store(strip + c);
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

// ---- vectors of double as the wide form of floats ----
XGRAD_INLINE Vec<double> widen_sum(Vec<float> v) {
  typedef float half __attribute__((vector_size(32)));
  half h[2];
  std::memcpy(h, &v.v, sizeof v);
  return Vec<double>(__builtin_convertvector(h[0], Vec<double>::native)) +
         Vec<double>(__builtin_convertvector(h[1], Vec<double>::native));
}
XGRAD_INLINE Vec<double> widen_sum(Vec<double> v) { return v; }
XGRAD_INLINE double narrow_sum(Vec<double> v) {
  double t[Vec<double>::lanes];
  v.store(t);
  return fold_lanes(t, [](double a, double b) { return a + b; });
}

}  // namespace xgrad::detail
