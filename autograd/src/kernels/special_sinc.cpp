// Derivatives of S(t) = sin(t) / t of any order k. From (t S)' = cos t it follows that t S_k + k S_(k-1) is the k-th
// derivative of the sine; near 0, where that loses its digits, S_k is summed from the series of the sine.
#include <cmath>
#include <limits>

#include "kernels/special.hpp"

namespace xgrad::detail {
namespace {

constexpr double kPi = 3.14159265358979323846;

// (-1)^j t^(2j - k) / ((2j + 1) (2j - k)!), 2j >= k.
double sinc_series(int k, double t) {
  const int first = (k + 1) / 2;
  double power = 2 * first == k ? 1 : t, sum = 0;
  double sign = first % 2 == 0 ? 1 : -1;
  for (int j = first; j < first + 40; ++j) {
    sum += sign * power / (2 * j + 1);
    const double n = 2 * j - k;
    power *= t * t / ((n + 1) * (n + 2));
    sign = -sign;
  }
  return sum;
}

// S_k(t), given sin t and cos t.
double sinc_derivative(int k, double t, double sine, double cosine) {
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return 0;
  if (std::fabs(t) < 1 + k) return sinc_series(k, t);
  const double turns[] = {sine, cosine, -sine, -cosine};
  double s = sine / t;
  for (int i = 1; i <= k; ++i) s = (turns[i % 4] - i * s) / t;
  return s;
}

}  // namespace

double sinc_of(double k, double x) {
  if (std::isinf(x)) return 0;
  // The angle within a turn before it is multiplied by pi, so that whole numbers give exactly 0.
  const double turn = x - 2 * std::round(0.5 * x), half = std::round(2 * turn), rest = kPi * (turn - 0.5 * half);
  const double s = std::sin(rest), c = std::cos(rest);
  const int quarter = (static_cast<int>(std::isnan(x) ? 0 : half) + 4) % 4;
  const double sines[] = {s, c, -s, -c}, cosines[] = {c, -s, -c, s};
  const int order = static_cast<int>(k);
  return std::pow(kPi, order) * sinc_derivative(order, kPi * x, sines[quarter], cosines[quarter]);
}

double spherical_j0_of(double k, double x) {
  return std::isinf(x) ? 0 : sinc_derivative(static_cast<int>(k), x, std::sin(x), std::cos(x));
}

}  // namespace xgrad::detail
