#include "axis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max(), kTiniest = std::numeric_limits<double>::denorm_min();

double size_of(const Range& r) { return std::max(std::fabs(r.low), std::fabs(r.high)); }

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

// v times ten to the power of `shift`, with so many digits that ticks differ.
std::string tick_text(double v, int digits, int shift) {
  if (shift == 0) return fmt::format("{:.{}g}", v, digits);
  if (v == 0) return "0";
  const std::string s = fmt::format("{:.{}e}", v, digits - 1);
  const auto e = s.find('e');
  std::string mantissa = s.substr(0, e);
  if (mantissa.find('.') != std::string::npos) mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  return fmt::format("{}e{:+}", mantissa, std::stoi(s.substr(e + 1)) + shift);
}

// Ends of the number range are brought near 1 first: a step there may be no double, or one that cannot be divided by.
std::vector<Tick> linear_ticks(const Range& r, int wanted) {
  const double size = size_of(r);
  const int shift = size > 1e150 ? 160 : size < 1e-150 ? -160 : 0;
  const double unit = std::pow(10.0, shift), low = r.low / unit, high = r.high / unit;
  const double raw = (high - low) / std::max(1, wanted), power = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
  const int place = static_cast<int>(std::floor(std::log10(step) + 1e-9)), decimals = std::max(0, -place);
  const int digits = std::clamp(static_cast<int>(std::floor(std::log10(size / unit))) - place + 1, 3, 17);
  std::vector<Tick> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) {
    const double v = k == 0 ? 0 : k * step;  // no −0
    if (!std::isfinite(v * unit) || (!ticks.empty() && v * unit == ticks.back().value))
      continue;  // at the last doubles
    const bool plain = size < 1e6 && decimals <= 5 && shift == 0;
    ticks.push_back({v * unit, with_minus(plain ? fmt::format("{:.{}f}", v, decimals) : tick_text(v, digits, shift))});
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

double fraction(double v, const Range& r) {
  const int exponent = -std::ilogb(size_of(r)) - 2;  // sizes of at most 1/2, exactly
  const auto scaled = [&](double u) { return std::ldexp(u, exponent); };
  return (scaled(v) - scaled(r.low)) / (scaled(r.high) - scaled(r.low));
}

Axis::Axis(Scale scale, Range range, double from, double to)
    : scale_(scale),
      range_(range),
      spread_(scale == Scale::log ? Range{std::log10(range.low), std::log10(range.high)} : range),
      from_(from),
      to_(to) {}

double Axis::pixel(double v) const {
  constexpr double kFar = 1e9;  // what is further is drawn there: nobody sees the difference
  const double f = fraction(scale_ == Scale::log ? std::log10(v) : v, spread_);
  return from_ + (to_ - from_) * std::clamp(f, -kFar, kFar);
}

bool is_drawable(const Range& r, Scale scale) {
  constexpr double kLeast = 1e-12, kSmallest = 1e-300;
  if (scale == Scale::log) return r.high / r.low > 1 + kLeast && std::log10(r.high) - std::log10(r.low) > kLeast;
  const double spread = r.high - r.low;
  return std::isfinite(spread) && spread > kSmallest && spread > kLeast * std::max(std::fabs(r.low), std::fabs(r.high));
}

bool Axis::shows(double v) const { return std::isfinite(v) && (scale_ == Scale::linear || v > 0); }

std::vector<Tick> Axis::ticks(int wanted, bool enough) const {
  constexpr std::size_t kLeast = 3;
  const auto some = [this](int n) { return scale_ == Scale::log ? log_ticks(range_, n) : linear_ticks(range_, n); };
  std::vector<Tick> all = some(wanted);
  for (int more = 1; enough && all.size() < kLeast && more <= 3; ++more) all = some(wanted + more);
  return all;
}

namespace {

Range log_range(double low, double high, double margin) {
  const double from = std::log10(low), to = std::log10(high), spread = to - from;
  const double pad = spread > 1e-12 ? margin * spread : std::log10(2.0);
  return {std::max(std::pow(10, from - pad), kTiniest), std::min(std::pow(10, to + pad), kLargest)};
}

// One value, or values that differ by rounding only, get some room of their own size.
Range linear_range(double low, double high, double margin) {
  const double size = size_of({low, high}), spread = std::min(high - low, kLargest);
  if (size == 0) return {-1, 1};
  const double pad = spread > 1e-12 * size ? margin * spread : std::max(0.1 * size, 8 * kTiniest);
  return {std::max(low - pad, -kLargest), std::min(high + pad, kLargest)};
}

}  // namespace

Range range_of(const std::vector<double>& values, Scale scale, double margin) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : values)
    if (std::isfinite(v) && (scale == Scale::linear || v > 0)) low = std::min(low, v), high = std::max(high, v);
  if (low > high) return scale == Scale::log ? Range{0.1, 10} : Range{0, 1};
  return scale == Scale::log ? log_range(low, high, margin) : linear_range(low, high, margin);
}

}  // namespace xgrad::viz
