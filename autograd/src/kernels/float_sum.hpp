// Sums of floating numbers.
#pragma once

#include "kernels/reduce_lanes.hpp"

namespace xgrad::detail {

// Blocks of floats are summed in 64 lanes, the blocks in double.
template <class T>
struct FloatSum {
  using In = T;
  using Acc = double;
  using Lane = T;
  static constexpr std::int64_t kStrip = 1024;
  static constexpr double kNs = 0.06;
  T* out;
  double divisor;

  XGRAD_INLINE Acc identity() const { return 0; }
  XGRAD_INLINE void combine(Acc& a, Acc b) const { a += b; }
  XGRAD_INLINE Lane lift(T v) const { return v; }
  template <class V>
  XGRAD_INLINE V join(V a, V b) const {
    return a + b;
  }
  XGRAD_INLINE Acc from_lane(Lane l) const { return l; }
  struct Wide {
    double w[8];
  };
  XGRAD_INLINE Wide start() const { return {}; }
  XGRAD_INLINE void absorb(Wide& wide, const T* line) const {
    for (int j = 0; j < 8; ++j) {
      double v = line[j];
      if constexpr (kLine<T> == 16) v += static_cast<double>(line[j + 8]);
      wide.w[j] += v;
    }
  }
  XGRAD_INLINE Acc finish(Wide& wide) const {
    return fold_lanes(wide.w, [](double a, double b) { return a + b; });
  }
  template <int W>
  XGRAD_INLINE Acc run(const T* p, std::int64_t n) const {
    return run_vectors<W>(*this, p, n);
  }
  template <int W>
  XGRAD_INLINE void run_columns(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols, Acc* acc) const {
    column_vectors<W>(*this, p, stride, rows, cols, acc);
  }
  XGRAD_INLINE void store(std::int64_t i, Acc a) const { out[i] = static_cast<T>(a / divisor); }
};

}  // namespace xgrad::detail
