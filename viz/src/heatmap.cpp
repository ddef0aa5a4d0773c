#include "heatmap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

// Ends and middle of ColorBrewer's PRGn scale: readable with colour-blind eyes and in grey.
constexpr Rgb kNegative{0x76, 0x2A, 0x83}, kZero{0xF7, 0xF7, 0xF7}, kPositive{0x1B, 0x78, 0x37};

// Relative luminance of WCAG 2; decides between black and white digits.
double luminance(const Rgb& c) {
  const auto linear = [](double x) {
    return x / 255 <= 0.03928 ? x / 255 / 12.92 : std::pow((x / 255 + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
}

// Bytes of the character of more than one byte that s starts with; 0 when it is no valid UTF-8.
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const std::size_t n = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  unsigned code = byte(0) & (0xFFu >> (n + 1));
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr unsigned kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF, control = code < 0xA0;
  const bool lead = byte(0) >= 0xC2 && byte(0) <= 0xF4;
  const bool no_character = code == 0xFFFE || code == 0xFFFF;  // XML forbids them
  return lead && code >= kSmallest[n] && code <= 0x10FFFF && !surrogate && !control && !no_character ? n : 0;
}

}  // namespace

std::string hex(const Rgb& c) {
  const auto level = [&](std::size_t i) { return static_cast<int>(std::lround(c[i])); };
  return fmt::format("#{:02X}{:02X}{:02X}", level(0), level(1), level(2));
}

Rgb signed_colour(double v, double largest) {
  if (!std::isfinite(v)) return {0xB3, 0x00, 0x1B};
  const double t = largest > 0 ? std::pow(std::fabs(v) / largest, 0.8) : 0;
  const Rgb& end = v < 0 ? kNegative : kPositive;
  Rgb c;
  for (std::size_t i = 0; i < 3; ++i) c[i] = kZero[i] + t * (end[i] - kZero[i]);
  return c;
}

std::string short_number(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "∞" : "−∞";
  const double a = std::fabs(v);
  std::string s;
  if (a == 0)
    s = "0";
  else if (a < 5e-4 || a >= 1e5)
    s = fmt::format("{:.0e}", a);
  else if (a < 0.0995)
    s = fmt::format("{:.3f}", a);
  else if (a < 0.1005)
    s = "0.100";
  else if (a < 100)
    s = fmt::format("{:.2f}", a);
  else
    s = fmt::format("{:.0f}", a);
  return v < 0 ? "−" + s : s;
}

namespace {

// Integers and booleans as they are: digits behind a point would say that they were measured.
std::string element(double v, bool whole) {
  if (!whole || std::fabs(v) >= 1e7) return short_number(v);
  return fmt::format("{}{:.0f}", v < 0 ? "−" : "", std::fabs(v));
}

}  // namespace

std::string escape(const std::string& text) {
  std::string s;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {  // Graphviz and SVG viewers want valid UTF-8
      const std::size_t n = utf8_length(std::string_view(text).substr(i));
      s += n ? text.substr(i, n) : "\xEF\xBF\xBD";
      i += n ? n - 1 : 0;
      continue;
    }
    switch (c) {
      case '&':
        s += "&amp;";
        break;
      case '<':
        s += "&lt;";
        break;
      case '>':
        s += "&gt;";
        break;
      case '"':
        s += "&quot;";
        break;
      case '\\':
        s += "&#92;";
        break;
      default:
        s += c < 32 || c == 127 ? ' ' : c;
    }
  }
  return s;
}

std::string cells(const Tensor& t, bool masks) {
  const std::vector<double> v = t.detach().to_vector<double>();
  const bool whole = !is_floating(t.dtype());
  double largest = 0;
  for (const double x : v)
    if (std::isfinite(x)) largest = std::max(largest, std::fabs(x));
  const std::size_t columns = t.dim() == 0 ? 1 : std::max<std::size_t>(1, static_cast<std::size_t>(t.size(-1)));
  // Of a fixed size, so that a wider neighbour does not draw the cells apart.
  constexpr std::size_t kWidth = 29, kHeight = 13, kBorders = 2;
  std::string s = fmt::format(
      R"(<table border="1" color="#9AA3AD" cellborder="0" cellspacing="0" cellpadding="0" fixedsize="true" )"
      R"(width="{}" height="{}">)",
      std::min(columns, v.size()) * kWidth + kBorders, (v.size() + columns - 1) / columns * kHeight + kBorders);
  for (std::size_t i = 0; i < v.size(); i += columns) {
    s += "<tr>";
    for (std::size_t j = i; j < std::min(i + columns, v.size()); ++j) {
      const Rgb c = masks && v[j] == -INFINITY ? signed_colour(-1, 1) : signed_colour(v[j], largest);
      s += fmt::format(R"(<td fixedsize="true" width="{}" height="{}" bgcolor="{}">)"
                       R"(<font point-size="7" color="{}">{}</font></td>)",
                       kWidth, kHeight, hex(c), luminance(c) > 0.179 ? "#000000" : "#FFFFFF", element(v[j], whole));
    }
    s += "</tr>";
  }
  return s + "</table>";
}

std::string stats(const Tensor& t) {
  const std::vector<double> v = t.detach().to_vector<double>();
  if (v.empty()) return "empty";
  const bool whole = !is_floating(t.dtype());
  if (v.size() == 1) return element(v[0], whole);
  double lo = INFINITY, hi = -INFINITY;
  for (const double x : v) lo = std::min(lo, x), hi = std::max(hi, x);
  const double largest = std::max(std::fabs(lo), std::fabs(hi));
  const double unit =
      std::isfinite(largest) && largest > 0 ? largest : 1;  // squares of the numbers may be infinite or 0
  double mean = 0, squares = 0, n = 0;
  for (const double x : v) {
    const double step = x / unit - mean;
    mean += step / ++n;
    squares += step * (x / unit - mean);
  }
  return fmt::format("mean {}  std {}  range {} … {}", short_number(mean * unit),
                     short_number(std::sqrt(squares / n) * unit), element(lo, whole), element(hi, whole));
}

bool has_minus_infinity(const Tensor& t) {
  const std::vector<double> v = t.detach().to_vector<double>();
  return std::ranges::find(v, -INFINITY) != v.end();
}

bool has_nonfinite(const Tensor& t, const char*& word, bool masks) {
  bool nan = false, inf = false;
  for (const double x : t.detach().to_vector<double>()) nan |= std::isnan(x), inf |= std::isinf(x) && !(masks && x < 0);
  word = nan ? "NaN" : "Inf";
  return nan || inf;
}

}  // namespace xgrad::viz
