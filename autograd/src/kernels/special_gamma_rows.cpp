// lgamma and digamma of many float32 numbers; those that are not positive are computed one by one. Polynomials were
// interpolated at Chebyshev's nodes from values of 113 bits.
#include <limits>

#include <xgrad/simd/scalar.hpp>

#include "kernels/special.hpp"
#include "kernels/special_rows.hpp"

namespace xgrad::detail {
namespace {

template <class V>
XGRAD_INLINE auto positive(const V& x) {
  return (x > V(0.0)) & (x <= V(std::numeric_limits<double>::max()));
}

// Digamma: positive numbers are moved up by this to where Stirling's series is exact.
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

// One logarithm for all ranges:
//   x < 2.5: x is moved up by 0, 1 or 2 to w in [1.5, 2.5), where lgamma(w) = (w - 2) P(w - 2), less the logarithm of
//   what was multiplied. P to 7e-12 of its size, and both roots, 1 and 2, are exact.
//   else: (x - 1/2) log x - x + log(2 pi) / 2 + T(1 / x^2) / x (Abramowitz and Stegun 6.1.41), T to 1.4e-11 of its
//   size.
struct LogGamma {
  struct Small {
    static constexpr double c[] = {2.4154595381278688e-05,  -5.278721858454867e-05,  9.8396976431908687e-05,
                                   -2.2086982602425632e-04, 5.0980915803135272e-04,  -1.1930547050406706e-03,
                                   2.8905020821439896e-03,  -7.3855332612880083e-03, 2.0580808605237744e-02,
                                   -6.7352301435415068e-02, 3.2246703342349659e-01,  4.2278433509979529e-01};
  };
  struct Large {
    static constexpr double c[] = {1.2053882913943231e-03,  -1.2069509229348306e-03, 7.7995746767599652e-04,
                                   -5.9216842883326383e-04, 7.9357414387277883e-04,  -2.7777770358320473e-03,
                                   8.3333333332129736e-02};
  };

  static double of(double x) { return lgamma_of(x); }
  template <class V>
  XGRAD_INLINE static auto ordinary(const V& x) {
    return positive(x);
  }
  template <class V>
  XGRAD_INLINE static V of_lanes(const V& x) {
    constexpr double kHalfLogTwoPi = 0.91893853320467274178;
    const auto below_half = x < V(0.5), low = x < V(1.5), small = x < V(2.5);
    const V next = x + V(1.0);
    const V u = where(low, where(below_half, x, x - V(1.0)), x - V(2.0));  // w - 2, without rounding
    const V factor = where(low, where(below_half, x * next, x), where(small, V(1.0), x));
    const V l = log_of_ordinary(factor);
    const V r = V(1.0) / x;
    V p, t;
    vec::polynomial<Small>(u, p);
    vec::polynomial<Large>(r * r, t);
    return where(small, u * p - l, (x - V(0.5)) * l + ((V(kHalfLogTwoPi) - x) + t * r));
  }
};

struct Digamma {
  struct Series {
    static constexpr double c[] = {691.0 / 32760, -1.0 / 132, 1.0 / 240, -1.0 / 252, 1.0 / 120, -1.0 / 12};
  };

  static double of(double x) { return simd::digamma(x); }
  template <class V>
  XGRAD_INLINE static auto ordinary(const V& x) {
    return positive(x);
  }
  template <class V>
  XGRAD_INLINE static V of_lanes(const V& x) {
    const Shifted<V> s(x);
    const V r = V(1.0) / s.z, q = r * r;
    V t;
    vec::polynomial<Series>(q, t);
    return log(s.z) - V(0.5) * r + t * q - s.slope / s.product;
  }
};

}  // namespace

void lgamma_row(const float* x, std::int64_t n, float* y) { map_row<LogGamma>(x, n, y); }
void digamma_row(const float* x, std::int64_t n, float* y) { map_row<Digamma>(x, n, y); }

}  // namespace xgrad::detail
