// The error function's relatives, and the normal distribution.
#include <cmath>
#include <limits>

#include "kernels/special.hpp"

namespace xgrad::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kRootPi = 1.7724538509055160273, kRootHalf = 0.70710678118654752440;
constexpr double kRootTwoPi = 2.5066282746310005024;

// The continued fraction of erfcx for x >= 2 (Abramowitz and Stegun 7.1.14), from its 80th term back.
double erfcx_fraction(double x) {
  double f = x;
  for (int k = 80; k > 0; --k) f = x + 0.5 * k / f;
  return 1 / (kRootPi * f);
}

double ndtr_of(double x) { return 0.5 * std::erfc(-x * kRootHalf); }

}  // namespace

double erfcx_of(double x) {
  if (x >= 2) return erfcx_fraction(x);
  if (x > -26.7) return std::exp(x * x) * std::erfc(x);
  return std::isnan(x) ? x : kInfinity;
}

// Winitzki's approximation, within 0.3 %, then Halley's method. The difference of the values is taken in erfc above
// 1/2, where 1 - |x| is exact.
double erfinv_of(double x) {
  const double y = std::fabs(x);
  if (!(y <= 1)) return kNaN;
  if (y == 1) return std::copysign(kInfinity, x);
  if (y < 1e-8) return x * (kRootPi / 2);
  constexpr double a = 0.147;
  const double l = std::log1p(-y * y), b = 2 / (3.14159265358979323846 * a) + l / 2;
  double z = std::sqrt(-l / a / (std::sqrt(b * b - l / a) + b));
  for (int i = 0; i < 3; ++i) {
    const double miss = y > 0.5 ? (1 - y) - std::erfc(z) : std::erf(z) - y;
    const double step = miss * (kRootPi / 2) * std::exp(z * z);
    z -= step / (1 + z * step);
  }
  return std::copysign(z, x);
}

// Abramowitz and Stegun 26.2.23, within 5e-4, then Halley's method; the upper half mirrors the lower. Around 1/2 the
// difference of ndtr and p would be all rounding, far out p itself may be: there the inverse of erf, and Newton's
// method on the logarithms.
double ndtri_of(double p) {
  if (!(p >= 0 && p <= 1)) return kNaN;
  if (p == 0) return -kInfinity;
  if (p == 1) return kInfinity;
  if (std::fabs(p - 0.5) < 0.25) return erfinv_of(2 * p - 1) / kRootHalf;
  if (p > 0.5) return -ndtri_of(1 - p);
  const double t = std::sqrt(-2 * std::log(p));
  double x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  if (p < 1e-5) {
    const double wanted = std::log(p);
    for (int i = 0; i < 3; ++i) x -= (log_ndtr_of(x) - wanted) * erfcx_of(-x * kRootHalf) * (kRootTwoPi / 2);
    return x;
  }
  for (int i = 0; i < 3; ++i) {
    const double density = std::exp(-0.5 * x * x) / kRootTwoPi;
    const double step = (ndtr_of(x) - p) / density;
    x -= step / (1 + 0.5 * x * step);
  }
  return x;
}

double log_ndtr_of(double x) {
  if (x < -1) return std::log(0.5 * erfcx_of(-x * kRootHalf)) - 0.5 * x * x;
  return std::log1p(-0.5 * std::erfc(x * kRootHalf));
}

}  // namespace xgrad::detail
