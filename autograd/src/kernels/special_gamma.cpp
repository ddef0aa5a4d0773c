// The gamma function's relatives.
#include <cmath>
#include <limits>

#include <xgrad/simd/scalar.hpp>

#include "kernels/special.hpp"

namespace xgrad::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kTwoPi = 6.28318530717958647692, kTiny = 1e-17;

// B_2j / (2j)!, j = 1, 2, ...
constexpr double kBernoulli[] = {1.0 / 12,          -1.0 / 720,
                                 1.0 / 30240,       -1.0 / 1209600,
                                 1.0 / 47900160,    -691.0 / 1307674368000,
                                 1.0 / 74724249600, -3617.0 / 10670622842880000};

// log(x / a) - (x - a) / a without cancellation.
double log_tail(double x, double a) {
  const double d = (x - a) / a;
  if (std::fabs(d) > 0.3) return std::log(x / a) - d;
  double sum = 0, power = d;
  for (int k = 2; k < 60; ++k) {
    power *= -d;
    sum += power / k;
    if (std::fabs(power) < kTiny * std::fabs(sum)) break;
  }
  return sum;
}

// lgamma(a) - (a - 1/2) log a + a - log(2 pi) / 2 for a >= 10 (Stirling's series, Abramowitz and Stegun 6.1.41).
double stirling_rest(double a) {
  const double z = 1 / (a * a);
  double s = -691.0 / 360360;
  s = s * z + 1.0 / 1188;
  s = s * z - 1.0 / 1680;
  s = s * z + 1.0 / 1260;
  s = s * z - 1.0 / 360;
  return (s * z + 1.0 / 12) / a;
}

// x^a e^-x / gamma(a). For large a by the distance of x from a: the logarithms of the three factors are large and
// cancel.
double igamma_factor(double a, double x) {
  if (a < 10) return std::exp(a * std::log(x) - x - lgamma_of(a));
  const double exponent = a * log_tail(x, a) - stirling_rest(a);
  return std::exp(exponent) * std::sqrt(a / kTwoPi);
}

// P(a, x): the series 6.5.29.
double igamma_series(double a, double x) {
  double term = 1 / a, sum = term;
  for (double n = a + 1; term > kTiny * sum; n += 1) sum += term *= x / n;
  return sum * igamma_factor(a, x);
}

// Q(a, x): the continued fraction 6.5.31 by Lentz' method.
double igammac_fraction(double a, double x) {
  double b = x + 1 - a, c = kInfinity, d = 1 / b, f = d;
  for (int i = 1; i < 100000; ++i) {
    const double k = -i * (i - a);
    b += 2;
    d = 1 / (k * d + b);
    c = b + k / c;
    f *= c * d;
    if (std::fabs(c * d - 1) < 1e-16) break;
  }
  return f * igamma_factor(a, x);
}

// Q(a, x) for a of millions, where both of the above would take as many steps: the uniform expansion in its first term
// (N. Temme 1979), with eta^2 / 2 = x / a - 1 - log(x / a).
constexpr double kMillions = 1e7;
double igammac_uniform(double a, double x) {
  const double half_square = -log_tail(x, a), eta = std::copysign(std::sqrt(2 * half_square), x - a);
  const double c = std::fabs(eta) < 1e-3 ? -1.0 / 3 + eta / 12 - eta * eta * (2.0 / 135) : 1 / (x / a - 1) - 1 / eta;
  return 0.5 * std::erfc(eta * std::sqrt(0.5 * a)) + std::exp(-a * half_square) * c / std::sqrt(kTwoPi * a);
}

// Where the series is better than the fraction. Small a: P is near 1, and Q would be a difference.
bool by_series(double a, double x) { return x < (a < 1 ? 0.7 : a + 1); }

// NaN, 0 or 1 for arguments on the border of the domain and beyond it; -1 inside. Of P.
double igamma_border(double a, double x) {
  if (!(a >= 0 && x >= 0) || (std::isinf(a) && std::isinf(x)) || (a == 0 && x == 0)) return kNaN;
  if (x == 0 || std::isinf(a)) return 0;
  return a == 0 || std::isinf(x) ? 1 : -1;
}

}  // namespace

double lgamma_of(double x) { return simd::lgamma(x); }

double igamma_of(double a, double x) {
  const double border = igamma_border(a, x);
  if (!(border < 0)) return border;
  if (a > kMillions) return 1 - igammac_uniform(a, x);
  return by_series(a, x) ? igamma_series(a, x) : 1 - igammac_fraction(a, x);
}

double igammac_of(double a, double x) {
  const double border = igamma_border(a, x);
  if (!(border < 0)) return 1 - border;
  if (a > kMillions) return igammac_uniform(a, x);
  return by_series(a, x) ? 1 - igamma_series(a, x) : igammac_fraction(a, x);
}

double igamma_density_of(double a, double x) {
  if (!(a >= 0 && x >= 0)) return kNaN;
  if (x == 0) return a < 1 ? kInfinity : a == 1 ? 1 : 0;
  return std::isinf(x) ? 0 : igamma_factor(a, x) / x;
}

namespace {

// q^-s; of small whole s, as in derivatives of digamma, by products.
double inverse_power(double q, double s) {
  constexpr double kFew = 8;
  if (s > kFew || s != std::floor(s)) return std::pow(q, -s);
  const double inverse = 1 / q;
  double power = inverse;
  for (double k = 1; k < s; k += 1) power *= inverse;
  return power;
}

}  // namespace

// Below 0 the terms left of it are those of two sums to the right. Direct terms up to q = 10 + s, the rest by the
// Euler-Maclaurin formula.
double zeta_of(double s, double q) {
  if (s == 1) return kInfinity;
  if (!(s > 1)) return kNaN;
  if (q <= 0) {
    if (q == std::floor(q)) return kInfinity;
    if (s != std::floor(s)) return kNaN;
  }
  if (std::isnan(q)) return kNaN;
  if (q == kInfinity) return 0;
  if (q < 0) {
    const double part = q - std::floor(q), left = zeta_of(s, 1 - part) - zeta_of(s, 1 - q);
    return zeta_of(s, part) + (std::fmod(s, 2) == 0 ? left : -left);
  }
  double sum = 0;
  for (double last = 1; q < 10 + s && last > kTiny * sum; q += 1) sum += last = inverse_power(q, s);
  const double power = inverse_power(q, s);
  if (power == 0) return sum;
  sum += power * q / (s - 1) + 0.5 * power;
  double term = power * s / q;
  for (int j = 0; j < 8; ++j) {
    const double add = term * kBernoulli[j];
    sum += add;
    if (std::fabs(add) < kTiny * std::fabs(sum)) break;
    term *= (s + 2 * j + 1) * (s + 2 * j + 2) / (q * q);
  }
  return sum;
}

double polygamma_of(double n, double x) {
  if (n == 0) return simd::digamma(x);
  if (x == -kInfinity) return kNaN;
  const double sign = std::fmod(n, 2) == 0 ? -1 : 1;
  return sign * std::tgamma(n + 1) * zeta_of(n + 1, x);
}

}  // namespace xgrad::detail
