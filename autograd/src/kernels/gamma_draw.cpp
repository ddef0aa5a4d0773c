#include "kernels/gamma_draw.hpp"

#include <cmath>

#include "kernels/special.hpp"

namespace xgrad::detail {
namespace {

struct ValueSlope {
  double value, by_a;
};

// S(a, x) = 1/a + x / (a (a + 1)) + ..., where P = x^a e^-x / gamma(a) S (Abramowitz and Stegun 6.5.29).
ValueSlope series(double a, double x) {
  double term = 1 / a, logarithmic = -1 / a;  // d term / da = term * logarithmic
  ValueSlope sum{term, term * logarithmic};
  for (double n = a + 1; term > 1e-17 * sum.value; n += 1) {
    term *= x / n;
    logarithmic -= 1 / n;
    sum.value += term;
    sum.by_a += term * logarithmic;
  }
  return sum;
}

// C(a, x), where 1 - P = x^a e^-x / gamma(a) C: the continued fraction 6.5.31 by Lentz' method, with derivatives.
ValueSlope fraction(double a, double x) {
  constexpr double kEnough = 1e-15;
  double b = x + 1 - a, d = 1 / b, d_by_a = d * d, reciprocal_c = 0, reciprocal_c_by_a = 0;
  ValueSlope f{d, d_by_a};
  for (int i = 1; i < 100000; ++i) {
    const double k = -i * (i - a), k_by_a = i;
    b += 2;
    const double c = b + k * reciprocal_c, c_by_a = -1 + k_by_a * reciprocal_c + k * reciprocal_c_by_a;
    d_by_a = k_by_a * d + k * d_by_a - 1;
    d = 1 / (k * d + b);
    d_by_a *= -d * d;
    const double factor = c * d, factor_by_a = c_by_a * d + c * d_by_a;
    f = {f.value * factor, f.by_a * factor + f.value * factor_by_a};
    reciprocal_c = 1 / c;
    reciprocal_c_by_a = -c_by_a * reciprocal_c * reciprocal_c;
    if (std::fabs(factor - 1) < kEnough && std::fabs(factor_by_a * f.value) <= kEnough * std::fabs(f.by_a)) break;
  }
  return f;
}

// For large a both of the above take many steps: from the normal law of the cube root (E. Wilson and M. Hilferty 1931).
constexpr double kLarge = 1e5;
double by_cube_root(double a, double log_x) {
  const double c = std::exp((log_x - std::log(a)) / 3), z = 3 * std::sqrt(a) * (c - 1 + 1 / (9 * a));
  return 1 / a + 3 / c * (1 / (9 * a * a) - z / (6 * a * std::sqrt(a)));
}

}  // namespace

double log_gamma_draw_slope(double a, double log_x) {
  if (a > kLarge) return by_cube_root(a, log_x);
  // -(dP/da) / (x dP/dx); the factor that P and its density share cancels.
  const double x = std::exp(log_x), from_factor = log_x - polygamma_of(0, a);
  if (x < (a < 1 ? 0.7 : a + 1)) {
    const ValueSlope s = series(a, x);
    return -(s.value * from_factor + s.by_a);
  }
  const ValueSlope c = fraction(a, x);
  return c.value * from_factor + c.by_a;
}

}  // namespace xgrad::detail
