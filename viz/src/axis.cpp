#include "axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace xgrad::viz {
namespace {

std::string with_minus(std::string s) {
  if (s.starts_with('-')) s.replace(0, 1, "−");
  return s;
}

// Powers of ten as 0.01, 1, 100, and 10⁶ where that is shorter.
std::string power_text(int exponent) {
  if (exponent >= -3 && exponent <= 4) return fmt::format("{:.{}f}", std::pow(10.0, exponent), std::max(0, -exponent));
  static constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string s = exponent < 0 ? "10⁻" : "10";
  for (const char c : std::to_string(std::abs(exponent))) s += kDigits[c - '0'];
  return s;
}

std::vector<Tick> linear_ticks(const Range& r, int wanted) {
  const double raw = (r.high - r.low) / std::max(1, wanted), power = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
  const double largest = std::max(std::fabs(r.low), std::fabs(r.high));
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  std::vector<Tick> ticks;
  for (double k = std::ceil(r.low / step - 1e-9); k * step <= r.high + 1e-9 * step; ++k) {
    const double v = k == 0 ? 0 : k * step;  // no −0
    const bool plain = largest < 1e6 && decimals <= 5;
    ticks.push_back({v, with_minus(plain ? fmt::format("{:.{}f}", v, decimals) : fmt::format("{:.3g}", v))});
  }
  return ticks;
}

std::vector<Tick> log_ticks(const Range& r, int wanted) {
  const int first = static_cast<int>(std::ceil(std::log10(r.low) - 1e-9)),
            last = static_cast<int>(std::floor(std::log10(r.high) + 1e-9));
  std::vector<Tick> ticks;
  if (last - first >= 2) {
    const int every = std::max(1, (last - first + wanted) / std::max(1, wanted));
    for (int e = first; e <= last; ++e)
      if (e % every == 0) ticks.push_back({std::pow(10.0, e), power_text(e)});
    return ticks;
  }
  for (int e = first - 1; e <= last; ++e)  // less than two decades: 1, 2 and 5 times the power
    for (const int digit : {1, 2, 5}) {
      const double v = digit * std::pow(10.0, e);
      if (v >= r.low * (1 - 1e-9) && v <= r.high * (1 + 1e-9)) ticks.push_back({v, fmt::format("{:g}", v)});
    }
  if (ticks.size() < 2) return linear_ticks(r, wanted);
  return ticks;
}

}  // namespace

double Axis::pixel(double v) const {
  const auto f = [&](double u) { return scale_ == Scale::log ? std::log10(u) : u; };
  return from_ + (to_ - from_) * (f(v) - f(range_.low)) / (f(range_.high) - f(range_.low));
}

bool is_drawable(const Range& r, Scale scale) {
  constexpr double kLeast = 1e-12, kSmallest = 1e-300;
  if (scale == Scale::log) return r.high / r.low > 1 + kLeast && std::log10(r.high) - std::log10(r.low) > kLeast;
  const double spread = r.high - r.low;
  return std::isfinite(spread) && spread > kSmallest && spread > kLeast * std::max(std::fabs(r.low), std::fabs(r.high));
}

bool Axis::shows(double v) const { return std::isfinite(v) && (scale_ == Scale::linear || v > 0); }

std::vector<Tick> Axis::ticks(int wanted) const {
  return scale_ == Scale::log ? log_ticks(range_, wanted) : linear_ticks(range_, wanted);
}

namespace {
constexpr double kWidest = 4e307, kFinest = 1e-290;
}  // namespace

Range range_of(const std::vector<double>& values, Scale scale, double margin) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : values)
    if (std::isfinite(v) && (scale == Scale::linear || v > 0)) low = std::min(low, v), high = std::max(high, v);
  if (low > high) return scale == Scale::log ? Range{0.1, 10} : Range{0, 1};
  if (scale == Scale::log) {
    const double spread = std::log10(high) - std::log10(low);
    const double factor = spread > 1e-12 ? std::pow(10, margin * spread) : 2;
    return {std::max(low / factor, 1e-307), std::min(high * factor, 1e308)};
  }
  // At the ends of the number range: a size that can be computed with.
  low = std::max(low, -kWidest), high = std::min(high, kWidest);
  if (std::max(std::fabs(low), std::fabs(high)) < kFinest) return {low - 1, high + 1};
  // One value, or values that differ by rounding only, get some room of their own size.
  const double spread = high - low, size = std::max(std::fabs(low), std::fabs(high));
  const double pad = spread <= 1e-12 * size || spread == 0 ? (size > 0 ? 0.1 * size : 1) : margin * spread;
  return {low - pad, high + pad};
}

}  // namespace xgrad::viz
