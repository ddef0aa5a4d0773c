#include "plot_strokes.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "axis.hpp"
#include "heatmap.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {

double tame(double pixel) { return std::clamp(pixel, -1e4, kMostPixels + 1e4); }
namespace {
constexpr std::size_t kPiece = 60;
constexpr double kCasing = 2.4;
}  // namespace

std::string text(double x, double y, const std::string& s, const char* anchor, double size, const char* color,
                 const std::string& more) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n", number(x),
                     number(y), anchor, size, color, more, escape(s));
}

std::string texts(double x, double y, double row, const std::vector<std::string>& lines, const char* anchor,
                  double size, const std::string& more) {
  std::string s;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!lines[i].empty()) s += text(x, y + row * static_cast<double>(i), lines[i], anchor, size, kPlotInk, more);
  return s;
}

std::string stroke(const std::string& d, const LineStyle& s, int cycle) {
  static constexpr std::array<const char*, 7> kPatterns{"6 4",         "2 3", "9 3 2 3", "14 4",
                                                        "9 3 2 3 2 3", "2 8", "14 4 5 4"};
  const std::string common =
      fmt::format("<path d=\"{}\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"", d);
  std::string out;
  if (s.casing) out += fmt::format("{} stroke=\"#FFFFFF\" stroke-width=\"{}\"/>\n", common, s.width + kCasing);
  out += fmt::format("{} stroke=\"{}\" stroke-width=\"{}\"", common, s.color, s.width);
  if (s.dashed || cycle > 0)
    out += fmt::format(" stroke-dasharray=\"{}\"", kPatterns[static_cast<std::size_t>(cycle) % kPatterns.size()]);
  if (s.opacity < 1) out += fmt::format(" stroke-opacity=\"{}\"", s.opacity);
  return out + "/>\n";
}

std::string stroke_in_pieces(const std::vector<Polyline>& paths, const LineStyle& s) {
  LineStyle opaque = s;
  opaque.opacity = 1;
  opaque.casing = false;
  std::string edge, line;
  LineStyle under = opaque;
  under.width += kCasing;
  under.color = "#FFFFFF";
  for (const Polyline& path : paths)
    for (std::size_t from = 0; from == 0 || from + 1 < path.size(); from += kPiece) {
      const auto first = path.begin() + static_cast<std::ptrdiff_t>(from);
      const std::string d =
          path_data({first, path.begin() + static_cast<std::ptrdiff_t>(std::min(from + kPiece + 1, path.size()))});
      if (s.casing) edge += stroke(d, under, 0);
      line += stroke(d, opaque, 0);
    }
  return edge + (s.opacity < 1 ? fmt::format("<g opacity=\"{}\">\n{}</g>\n", s.opacity, line) : line);
}
}  // namespace xgrad::viz
