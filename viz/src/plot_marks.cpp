#include "plot_marks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include <xgrad/detail/png_encoder.hpp>

#include "marker.hpp"
#include "plot_strokes.hpp"
#include "png.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

std::string rect(double x0, double y0, double x1, double y1, const std::string& fill, double opacity = 1) {
  return fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}/>\n", number(std::min(x0, x1)),
                     number(std::min(y0, y1)), number(std::fabs(x1 - x0)), number(std::fabs(y1 - y0)), fill,
                     opacity < 1 ? fmt::format(" fill-opacity=\"{}\"", opacity) : "");
}

std::string label(double x, double y, const std::string& s, const char* anchor, double size, const std::string& color,
                  const char* more = "") {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n", number(x),
                     number(y), anchor, number(size), color, more, escape(s));
}

std::string plain_number(double v) {
  return v == std::round(v) && std::fabs(v) < 1e7 ? fmt::format("{}{:.0f}", v < 0 ? "−" : "", std::fabs(v))
                                                  : short_number(v);
}

// Ends of the maps' colours and some between, evenly spaced: matplotlib's viridis, ColorBrewer's Blues.
constexpr std::array<Rgb, 9> kViridis{{{68, 1, 84},
                                       {71, 44, 122},
                                       {59, 81, 139},
                                       {44, 113, 142},
                                       {33, 144, 141},
                                       {39, 173, 129},
                                       {92, 200, 99},
                                       {170, 220, 50},
                                       {253, 231, 37}}};
constexpr std::array<Rgb, 9> kBlues{{{247, 251, 255},
                                     {222, 235, 247},
                                     {198, 219, 239},
                                     {158, 202, 225},
                                     {107, 174, 214},
                                     {66, 146, 198},
                                     {33, 113, 181},
                                     {8, 81, 156},
                                     {8, 48, 107}}};

Rgb between_colours(const std::array<Rgb, 9>& colours, double t) {
  const double place = t * static_cast<double>(colours.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(place), colours.size() - 2);
  Rgb c{};
  for (std::size_t k = 0; k < 3; ++k)
    c[k] = colours[i][k] + (place - static_cast<double>(i)) * (colours[i + 1][k] - colours[i][k]);
  return c;
}

Rgb cell_colour(const detail::HeatMap& m, double v) {
  if (std::isnan(v)) return {0xB3, 0x00, 0x1B};
  return map_colour(m.style.cmap, std::clamp(fraction(v, m.range), 0.0, 1.0));
}

// Black or white, whichever is easier to read on it (WCAG 2).
const char* ink_on(const Rgb& c) {
  const auto linear = [](double x) {
    return x / 255 <= 0.03928 ? x / 255 / 12.92 : std::pow((x / 255 + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]) > 0.179 ? "#000000" : "#FFFFFF";
}

std::string cells_svg(const Frame& f, const detail::HeatMap& m) {
  const double width = std::fabs(f.x.pixel(1) - f.x.pixel(0)), height = std::fabs(f.y.pixel(1) - f.y.pixel(0));
  constexpr double kUnder = 0.4;
  std::string s = "<g shape-rendering=\"crispEdges\">\n";  // no seams between cells
  for (std::int64_t r = 0; r < m.rows; ++r)
    for (std::int64_t c = 0; c < m.columns; ++c) {
      const double v = m.values[static_cast<std::size_t>(r * m.columns + c)];
      const double x = f.x.pixel(static_cast<double>(c)), y = f.y.pixel(static_cast<double>(r));
      const Rgb colour = cell_colour(m, v);
      // A little under the next cell: coordinates are rounded, and pictures are drawn larger than that.
      const double more_x = c + 1 < m.columns ? kUnder : 0, more_y = r + 1 < m.rows ? kUnder : 0;
      s += rect(x - width / 2, y - height / 2, x + width / 2 + more_x, y + height / 2 + more_y, hex(colour));
      if (!m.style.numbers) continue;
      const std::string text = plain_number(v);
      const double size = std::min({kPlotFont, 0.6 * height, kPlotFont * 0.92 * width / text_width(text, kPlotFont)});
      constexpr double kReadable = 5;
      if (size >= kReadable) s += label(x, y + 0.35 * size, text, "middle", size, ink_on(colour));
    }
  return s + "</g>\n";
}

// Many cells: an image, with several pixels for each where that makes them sharp.
std::string image_svg(const Frame& f, const detail::HeatMap& m) {
  constexpr double kMostDots = 4e6;
  const double cells = static_cast<double>(m.rows) * static_cast<double>(m.columns);
  const auto zoom = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::sqrt(kMostDots / cells)), 1, 8);
  std::int64_t every = 1;  // of more cells than dots
  while (cells / static_cast<double>(every * every) > kMostDots) ++every;
  const std::int64_t width = (m.columns + every - 1) / every * zoom, height = (m.rows + every - 1) / every * zoom;
  std::vector<std::uint8_t> rgb;
  rgb.reserve(static_cast<std::size_t>(3 * width * height));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t r = y / zoom * every, c = x / zoom * every;
      for (const double level : cell_colour(m, m.values[static_cast<std::size_t>(r * m.columns + c)]))
        rgb.push_back(static_cast<std::uint8_t>(std::lround(level)));
    }
  const double x0 = f.x.pixel(-0.5), x1 = f.x.pixel(static_cast<double>(m.columns) - 0.5);
  const double y0 = f.y.pixel(-0.5), y1 = f.y.pixel(static_cast<double>(m.rows) - 0.5);
  return fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "href=\"data:image/png;base64,{}\"/>\n",
      number(x0), number(y0), number(x1 - x0), number(y1 - y0),
      base64(xgrad::detail::encode_png({width, height, 3, 8, rgb})));
}

}  // namespace

Rgb map_colour(Colormap map, double t) {
  switch (map) {
    case Colormap::viridis:
      return between_colours(kViridis, t);
    case Colormap::Blues:
      return between_colours(kBlues, t);
    case Colormap::PRGn:
      return signed_colour(2 * t - 1, 1);
    default:
      return {255 * t, 255 * t, 255 * t};
  }
}

std::string bars_svg(const Frame& f, const detail::Bars& b) {
  std::string s;
  for (std::size_t i = 0; i < b.x.size(); ++i) {
    if (!std::isfinite(b.x[i]) || !std::isfinite(b.top[i])) continue;
    const double from = f.y.shows(b.bottom[i]) ? b.bottom[i] : f.y.range().low;  // 0 on a log scale
    if (!f.y.shows(b.top[i]) || !f.x.shows(b.x[i] - b.width / 2)) continue;
    const double x0 = tame(f.x.pixel(b.x[i] - b.width / 2)), x1 = tame(f.x.pixel(b.x[i] + b.width / 2)),
                 y0 = tame(f.y.pixel(from)), y1 = tame(f.y.pixel(b.top[i]));
    // A hair between bars of a histogram, where there is room for one.
    const double gap = x1 - x0 > 4 ? 0.3 : 0;
    s += rect(x0 + gap, y0, x1 - gap, y1, b.style.color, b.style.opacity);
    if (!b.style.numbers) continue;
    const bool down = b.top[i] < from;
    s += label((x0 + x1) / 2, down ? y1 + kPlotFont + 1 : y1 - 3, plain_number(b.top[i] - b.bottom[i]), "middle",
               kPlotFont, kPlotMuted, kPlotHalo);
  }
  return s;
}

std::string error_bars_svg(const Frame& f, const detail::ErrorBars& e) {
  std::string d, markers;
  for (std::size_t i = 0; i < e.x.size(); ++i) {
    if (!f.x.shows(e.x[i]) || !f.y.shows(e.y[i])) continue;
    const double x = tame(f.x.pixel(e.x[i])), y = tame(f.y.pixel(e.y[i])), cap = e.style.capsize;
    if (std::isfinite(e.low[i]) && f.y.shows(e.high[i])) {
      const double low = tame(f.y.pixel(f.y.shows(e.low[i]) ? e.low[i] : f.y.range().low)),
                   high = tame(f.y.pixel(e.high[i]));
      d += fmt::format("M{0},{3}H{1}M{0},{4}H{1}M{2},{3}V{4}", number(x - cap), number(x + cap), number(x), number(low),
                       number(high));
    }
    if (e.style.marker != Marker::none) markers += marker_svg({e.style.marker, 3, e.style.color}, {x, y});
  }
  if (d.empty()) return markers;
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.3\"/>\n", d, e.style.color) + markers;
}

std::string heat_map_svg(const Frame& f, const detail::HeatMap& m) {
  // An element of the picture has about 60 bytes, a cell of the image about 5.
  const std::int64_t most = m.style.numbers ? 2500 : 600;
  return m.rows * m.columns <= most ? cells_svg(f, m) : image_svg(f, m);
}

std::string annotation_svg(const Frame& f, const detail::Annotation& a) {
  if (!f.x.shows(a.x) || !f.y.shows(a.y)) return "";
  const double x = f.x.pixel(a.x), y = f.y.pixel(a.y);
  if (!f.area.holds({x, y})) return "";
  const double width = text_width(a.text, kPlotFont);
  double tx = x + a.style.dx, ty = y + a.style.dy;
  const char* anchor = a.style.dx > 4 ? "start" : a.style.dx < -4 ? "end" : "middle";
  // The whole text inside the frame.
  const double left = anchor[0] == 's' ? 0 : anchor[0] == 'e' ? width : width / 2;
  tx = std::clamp(tx, f.area.left + left + 3, std::max(f.area.left + left + 3, f.area.right - (width - left) - 3));
  ty = std::clamp(ty, f.area.top + kPlotFont + 2, f.area.bottom - 4);
  std::string s;
  const double length = std::hypot(tx - x, ty - 4 - y);
  constexpr double kNear = 12, kHead = 6, kGap = 3;
  if ((a.style.dx != 0 || a.style.dy != 0) && length > kNear) {
    const double ux = (tx - x) / length, uy = (ty - 4 - y) / length;  // from the point to the text
    const double px = x + kGap * ux, py = y + kGap * uy;
    const double ex = tx - 4 * ux, ey = ty - 4 + (uy < 0 ? 6 : -8);
    s += fmt::format("<path d=\"M{},{}L{},{}\" fill=\"none\" stroke=\"{}\"/>\n", number(ex), number(ey), number(px),
                     number(py), a.style.color);
    s += fmt::format("<path d=\"M{},{}L{},{}L{},{}Z\" fill=\"{}\"/>\n", number(px), number(py),
                     number(px + kHead * ux - 2.4 * uy), number(py + kHead * uy + 2.4 * ux),
                     number(px + kHead * ux + 2.4 * uy), number(py + kHead * uy - 2.4 * ux), a.style.color);
  }
  return s + label(tx, ty, a.text, anchor, kPlotFont, a.style.color, kPlotHalo);
}

namespace {
constexpr double kBarWidth = 14, kBarGap = 10;
std::vector<Tick> bar_ticks(const detail::HeatMap& m) { return Axis(Scale::linear, m.range, 1, 0).ticks(5); }
}  // namespace

double colorbar_room(const detail::HeatMap& m) {
  double widest = 0;
  for (const Tick& t : bar_ticks(m)) widest = std::max(widest, text_width(t.text, kPlotFont));
  return kBarGap + kBarWidth + 6 + widest + (m.style.colorbar_label.empty() ? 0 : 18) + 4;
}

std::string colorbar_svg(const detail::HeatMap& m, const Box& area) {
  const double x = area.right + kBarGap, height = area.bottom - area.top;
  std::string s;
  constexpr int kSteps = 64;
  for (int i = 0; i < kSteps; ++i) {
    const double y0 = area.bottom - height * (i + 1) / kSteps, y1 = area.bottom - height * i / kSteps;
    s += rect(x, y0 - (i + 1 < kSteps ? 0.3 : 0), x + kBarWidth, y1, hex(map_colour(m.style.cmap, (i + 0.5) / kSteps)));
  }
  s += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{}\"/>\n", number(x),
                   number(area.top), number(kBarWidth), number(height), kPlotFrame);
  const Axis axis(Scale::linear, m.range, area.bottom, area.top);
  double widest = 0;
  for (const Tick& t : bar_ticks(m)) {
    const double y = axis.pixel(t.value);
    s += fmt::format("<path d=\"M{},{}h4\" stroke=\"{}\"/>\n", number(x + kBarWidth), number(y), kPlotFrame);
    s += label(x + kBarWidth + 6, y + 4, t.text, "start", kPlotFont, kPlotMuted);
    widest = std::max(widest, text_width(t.text, kPlotFont));
  }
  if (!m.style.colorbar_label.empty()) {
    const double lx = x + kBarWidth + 6 + widest + 14, ly = (area.top + area.bottom) / 2;
    s += fmt::format(
        "<text x=\"{0}\" y=\"{1}\" text-anchor=\"middle\" font-size=\"{2}\" fill=\"#1A1A1A\" "
        "transform=\"rotate(-90 {0} {1})\">{3}</text>\n",
        number(lx), number(ly), kPlotFont, escape(shortened(m.style.colorbar_label, kPlotFont, height)));
  }
  return s;
}

namespace {

std::vector<double> minor_ticks(const Range& r) {
  constexpr double kMostDecades = 9;
  std::vector<double> ticks;
  const double low = std::log10(r.low), high = std::log10(r.high);
  if (high - low > kMostDecades) return ticks;
  for (double e = std::floor(low); e <= high; ++e)
    for (int digit = 2; digit <= 9; ++digit)
      if (const double v = digit * std::pow(10.0, e); v >= r.low && v <= r.high) ticks.push_back(v);
  return ticks;
}

}  // namespace

std::string minor_ticks_svg(const Frame& f, const Sides& at) {
  std::string d;
  if (at.along_x)
    for (const double v : minor_ticks(f.x.range()))
      d += fmt::format("M{0},{1}v-3M{0},{2}v3", number(f.x.pixel(v)), number(f.area.bottom), number(f.area.top));
  if (at.left || at.right)
    for (const double v : minor_ticks(f.y.range())) {
      const std::string y = number(f.y.pixel(v));
      if (at.left) d += fmt::format("M{},{}h3", number(f.area.left), y);
      if (at.right) d += fmt::format("M{},{}h-3", number(f.area.right), y);
    }
  return d.empty() ? d : fmt::format("<path d=\"{}\" class=\"minor\" stroke=\"{}\"/>\n", d, kPlotFrame);
}

std::string right_axis_svg(const Frame& f, const std::vector<Tick>& ticks, const std::string& name, double name_x) {
  std::string s;
  for (const Tick& t : ticks) {
    const double y = f.y.pixel(t.value);
    s += fmt::format("<path d=\"M{},{}h4\" stroke=\"{}\"/>\n", number(f.area.right), number(y), kPlotFrame);
    s += label(f.area.right + 7, y + 4, t.text, "start", kPlotFont, kPlotMuted);
  }
  if (name.empty()) return s;
  const double y = (f.area.top + f.area.bottom) / 2;
  return s + text(name_x, y, shortened(name, kPlotFont, f.area.bottom - f.area.top), "middle", kPlotFont, kPlotInk,
                  fmt::format(" transform=\"rotate(-90 {} {})\"", number(name_x), number(y)));
}

std::string end_labels_svg(std::vector<LineEnd> ends, const Box& room) {
  constexpr double kRow = 13;
  for (LineEnd& e : ends) e.y = std::clamp(e.y, room.top, room.bottom);
  std::ranges::stable_sort(ends, {}, &LineEnd::y);
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i].y = std::max(ends[i].y, ends[i - 1].y + kRow);
  for (std::size_t i = ends.size(); i-- > 0;)
    ends[i].y = std::min(ends[i].y, i + 1 < ends.size() ? ends[i + 1].y - kRow : room.bottom);
  std::string s;
  for (const LineEnd& e : ends) {
    s += stroke(fmt::format("M{},{}h8", number(room.left), number(e.y)), *e.style, 0);
    s += label(room.left + 12, e.y + 4, shortened(e.style->label, kPlotFont, room.right), "start", kPlotFont, kPlotInk);
  }
  return s;
}

}  // namespace xgrad::viz
