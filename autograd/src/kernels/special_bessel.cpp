// Bessel functions of orders 0 and 1: the ordinary ones are the C library's, the modified ones of the first kind come
// from their power and asymptotic series, those of the second kind from an integral.
#include <algorithm>
#include <cmath>
#include <limits>
#include <math.h>  // j0 and its like are POSIX

#include "kernels/special.hpp"

namespace xgrad::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kTwoPi = 6.28318530717958647692, kFar = 20, kTiny = 1e-18;

// I_order(x) for 0 <= x < kFar: all terms are positive (Abramowitz and Stegun 9.6.10).
double power_series(int order, double x) {
  const double z = 0.25 * x * x;
  double term = order == 0 ? 1 : 0.5 * x, sum = term;
  for (int k = 1; term > kTiny * sum; ++k) sum += term *= z / (static_cast<double>(k) * (k + order));
  return sum;
}

// e^-x I_order(x) for x >= kFar (9.7.1).
double asymptotic_series(int order, double x) {
  const double mu = 4 * order * order;
  double term = 1, sum = 1;
  for (int k = 1; k < 40 && std::fabs(term) > kTiny; ++k) {
    const double odd = 2 * k - 1;
    sum += term *= -(mu - odd * odd) / (8 * k * x);
  }
  return sum / std::sqrt(kTwoPi * x);
}

// Of |x|; I_1 takes the sign of x.
double scaled_i(int order, double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return 0;
  const double a = std::fabs(x);
  return a < kFar ? power_series(order, a) * std::exp(-a) : asymptotic_series(order, a);
}

double plain_i(int order, double x) {
  const double a = std::fabs(x);
  if (!(a < kInfinity)) return a;
  if (a < kFar) return power_series(order, a);
  const double half = std::exp(0.5 * a);  // e^a overflows before the result does
  return half * (half * asymptotic_series(order, a));
}

// e^x K_order(x) is the integral of e^(-x (cosh t - 1)) cosh(order t) over t > 0 (9.6.24); the trapezoidal rule
// converges geometrically.
double scaled_k(int order, double x) {
  if (std::isnan(x) || x < 0) return kNaN;
  if (x == 0) return kInfinity;
  if (x == kInfinity) return 0;
  const double h = std::min(0.2, std::sqrt(0.5 / x));
  double sum = 0.5;
  for (int k = 1;; ++k) {
    const double t = k * h, s = std::sinh(0.5 * t), decay = 2 * x * s * s;
    if (decay > 750) break;
    const double term = order == 0 ? std::exp(-decay) : std::exp(-decay) * std::cosh(t);
    sum += term;
    if (decay > 1 && term < kTiny * sum) break;
  }
  return sum * h;
}

double of_sign(double magnitude, double x) { return x < 0 ? -magnitude : magnitude; }

}  // namespace

double i0_of(double x) { return plain_i(0, x); }
double i0e_of(double x) { return scaled_i(0, x); }
double i1_of(double x) { return of_sign(plain_i(1, x), x); }
double i1e_of(double x) { return of_sign(scaled_i(1, x), x); }

double k0e_of(double x) { return scaled_k(0, x); }
double k1e_of(double x) { return x > 0 && x < 1e-290 ? 1 / x : scaled_k(1, x); }
double k0_of(double x) { return scaled_k(0, x) * std::exp(-x); }
double k1_of(double x) { return k1e_of(x) * std::exp(-x); }

double j0_of(double x) { return ::j0(x); }
double j1_of(double x) { return ::j1(x); }
double y0_of(double x) { return x < 0 ? kNaN : ::y0(x); }
double y1_of(double x) { return x < 0 ? kNaN : ::y1(x); }

}  // namespace xgrad::detail
