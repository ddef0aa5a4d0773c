// lgamma and digamma of many float32 numbers, on vectors in double: positive numbers are moved up by kShift where
// Stirling's series is exact (Abramowitz and Stegun 6.1.41 and 6.3.18), the others are computed one by one.
#include <cmath>
#include <limits>

#include <xgrad/simd/scalar.hpp>
#include <xgrad/vec.hpp>

#include "kernels/special.hpp"

namespace xgrad::detail {
namespace {

constexpr double kShift = 10;

// x (x + 1) ... (x + kShift - 1) and its derivative; 1 and 0 for x >= kShift, which stay where they are.
template <class V>
struct Shifted {
  V z, product, slope;

  XGRAD_INLINE explicit Shifted(const V& x) : z(x), product(1.0), slope(0.0) {
    const V low = where(x < V(kShift), x, V(1.0));
    V p(1.0), d(0.0);
    for (double k = 0; k < kShift; k += 1) {
      const V factor = low + V(k);
      d = d * factor + p;
      p = p * factor;
    }
    const auto moved = x < V(kShift);
    z = where(moved, x + V(kShift), x);
    product = where(moved, p, V(1.0));
    slope = where(moved, d, V(0.0));
  }
};

struct LogGamma {
  static double of(double x) { return lgamma_of(x); }
  template <class V>
  XGRAD_INLINE static V of_positive(const V& x) {
    constexpr double kHalfLogTwoPi = 0.91893853320467274178;
    const Shifted<V> s(x);
    const V r = V(1.0) / s.z, q = r * r;
    V t(-691.0 / 360360);
    for (const double c : {1.0 / 1188, -1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12}) t = t * q + V(c);
    const V y = (s.z - V(0.5)) * log(s.z) - s.z + (V(kHalfLogTwoPi) + t * r) - log(s.product);
    return where((x == V(1.0)) || (x == V(2.0)), V(0.0), y);
  }
};

struct Digamma {
  static double of(double x) { return xgrad::digamma(x); }
  template <class V>
  XGRAD_INLINE static V of_positive(const V& x) {
    const Shifted<V> s(x);
    const V r = V(1.0) / s.z, q = r * r;
    V t(691.0 / 32760);
    for (const double c : {-1.0 / 132, 1.0 / 240, -1.0 / 252, 1.0 / 120, -1.0 / 12}) t = t * q + V(c);
    return log(s.z) - V(0.5) * r + t * q - s.slope / s.product;
  }
};

template <class F>
void map_row(const float* x, std::int64_t n, float* y) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    using V = Vec<double, bytes>;
    constexpr int w = V::lanes;
    for (std::int64_t i = 0; i < n; i += w) {
      const int lanes = static_cast<int>(n - i < w ? n - i : w);
      double room[w];
      bool plain = true;
      for (int k = 0; k < w; ++k) room[k] = k < lanes ? static_cast<double>(x[i + k]) : 1.0;
      for (int k = 0; k < w; ++k) plain &= (room[k] > 0) & (room[k] <= std::numeric_limits<double>::max());
      if (!plain) [[unlikely]] {
        for (int k = 0; k < lanes; ++k) y[i + k] = static_cast<float>(F::of(room[k]));
        continue;
      }
      F::of_positive(V::load(room)).store(room);
      for (int k = 0; k < lanes; ++k) y[i + k] = static_cast<float>(room[k]);
    }
  });
}

}  // namespace

void lgamma_row(const float* x, std::int64_t n, float* y) { map_row<LogGamma>(x, n, y); }
void digamma_row(const float* x, std::int64_t n, float* y) { map_row<Digamma>(x, n, y); }

}  // namespace xgrad::detail
