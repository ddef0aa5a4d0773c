// What a plot holds. Drawing it is in plot_drawing.cpp.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/viz/plot.hpp>

#include "axis.hpp"
#include "svg_file.hpp"

namespace xgrad::viz {
namespace {

[[noreturn]] void invalid(const std::string& rule, const Location& at) {
  ErrorReport("viz::Plot", rule, at).value_error();
}

void require_range(const std::optional<Range>& r, Scale scale, const char* name, const Location& at) {
  if (!r) return;
  if (!std::isfinite(r->low) || !std::isfinite(r->high) || r->low >= r->high)
    invalid(fmt::format("{} from {} to {}: the ends must be finite, the first one smaller", name, r->low, r->high), at);
  if (scale == Scale::log && r->low <= 0)
    invalid(fmt::format("{} from {}: a log scale starts above 0", name, r->low), at);
  if (!is_drawable(*r, scale))
    invalid(
        fmt::format("{} from {} to {}: too narrow or too wide for ticks with different numbers", name, r->low, r->high),
        at);
}

void require_opacity(double o, const Location& at) {
  if (!(o >= 0 && o <= 1)) invalid(fmt::format("opacity {} is not in [0, 1]", o), at);
}

void require_width(const char* what, double width, const Location& at) {
  constexpr double kWidest = 100;
  if (!(width > 0 && width <= kWidest))
    invalid(fmt::format("{} {} is not above 0 and at most {} pixels", what, width, kWidest), at);
}

void require_length(const char* what, std::size_t x, std::size_t other, const Location& at) {
  if (x != other) ErrorReport("viz::Plot", fmt::format("x has {} values, {} has {}", x, what, other), at).shape_error();
}

void require_rising(const char* what, const std::vector<double>& v, std::size_t least, const Location& at) {
  const bool ok = v.size() >= least && std::ranges::all_of(v, [](double a) { return std::isfinite(a); }) &&
                  std::ranges::adjacent_find(v, std::greater_equal<>()) == v.end();
  if (!ok) invalid(fmt::format("contours: {} must hold at least {} finite, increasing values", what, least), at);
}

}  // namespace

Plot::Plot(PlotOptions options, Location at) : options_(std::move(options)) {
  for (const int side : {options_.width, options_.height})
    if (side < 100 || side > kMostPixels)
      invalid(fmt::format("size {} x {}: from 100 to {} pixels each way", options_.width, options_.height, kMostPixels),
              at);
  require_range(options_.x_range, options_.x_scale, "x_range", at);
  require_range(options_.y_range, options_.y_scale, "y_range", at);
  require_range(options_.right_range, options_.right_scale, "right_range", at);
}

// Okabe & Ito 2008, without the yellow that is too pale for lines.
constexpr std::array<const char*, 7> kPalette{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                              "#E69F00", "#56B4E9", "#1A1A1A"};

int Plot::cycle() const { return static_cast<int>(colors_used_ / kPalette.size()); }

std::string Plot::next_color(const std::string& wanted, const Location& at) const {
  if (wanted.empty()) return kPalette[colors_used_ % kPalette.size()];
  const bool ok = wanted.size() == 7 && wanted[0] == '#' &&
                  std::all_of(wanted.begin() + 1, wanted.end(), [](unsigned char c) { return std::isxdigit(c); });
  if (!ok) invalid(fmt::format("'{}' is not a colour; write it as #0072B2", wanted), at);
  return wanted;
}

// Whole or not at all. next: whether the item took the next colour.
template <class T>
Plot& Plot::add(Kind kind, std::vector<T>& all, T item, bool next) {
  items_.push_back({kind, all.size()});
  try {
    all.push_back(std::move(item));
  } catch (...) {
    items_.pop_back();
    throw;
  }
  if (next) ++colors_used_;
  return *this;
}

Plot& Plot::line(const Series& x, const Series& y, LineStyle style, Location at) & {
  require_length("y", x.values.size(), y.values.size(), at);
  require_opacity(style.opacity, at);
  require_width("width", style.width, at);
  if (style.marker_every < 1) invalid(fmt::format("marker_every is {}, must be at least 1", style.marker_every), at);
  const bool next = style.color.empty();
  style.color = next_color(style.color, at);
  return add(Kind::line, lines_, {x.values, y.values, std::move(style), next ? cycle() : 0}, next);
}

Plot& Plot::points(const Series& x, const Series& y, PointStyle style, Location at) & {
  require_length("y", x.values.size(), y.values.size(), at);
  require_opacity(style.opacity, at);
  require_width("size", style.size, at);
  const bool next = style.color.empty();
  style.color = next_color(style.color, at);
  if (next && style.marker == Marker::circle) {
    constexpr std::array kMarkers{Marker::circle,  Marker::square, Marker::triangle,
                                  Marker::diamond, Marker::cross,  Marker::star};
    style.marker = kMarkers[static_cast<std::size_t>(cycle()) % kMarkers.size()];
  }
  return add(Kind::points, points_, {x.values, y.values, std::move(style)}, next);
}

Plot& Plot::band(const Series& x, const Series& low, const Series& high, BandStyle style, Location at) & {
  require_length("low", x.values.size(), low.values.size(), at);
  require_length("high", x.values.size(), high.values.size(), at);
  require_opacity(style.opacity, at);
  const bool next = style.color.empty();
  style.color = next_color(style.color, at);
  return add(Kind::band, bands_, {x.values, low.values, high.values, std::move(style)}, next);
}

namespace {

void require_finite(const char* what, const std::vector<double>& v, const Location& at) {
  if (!std::ranges::all_of(v, [](double a) { return std::isfinite(a); }))
    invalid(fmt::format("{} holds a value that is not finite", what), at);
}

std::vector<double> counted(std::size_t n) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = static_cast<double>(i);
  return v;
}

}  // namespace

Plot& Plot::bar(const Series& x, const Series& height, BarStyle style, Location at) & {
  require_length("height", x.values.size(), height.values.size(), at);
  if (!style.bottom.empty()) require_length("bottom", x.values.size(), style.bottom.size(), at);
  require_opacity(style.opacity, at);
  if (!(style.width > 0 && std::isfinite(style.width)))
    invalid(fmt::format("bar: width {} is not above 0", style.width), at);
  const bool next = style.color.empty();
  style.color = next_color(style.color, at);
  std::vector<double> bottom = style.bottom.empty() ? std::vector<double>(x.values.size(), 0.0) : style.bottom, top;
  for (std::size_t i = 0; i < bottom.size(); ++i) top.push_back(bottom[i] + height.values[i]);
  const double width = style.width;
  return add(Kind::bars, bars_, {x.values, std::move(bottom), std::move(top), width, std::move(style)}, next);
}

Plot& Plot::bar(const std::vector<std::string>& names, const Series& height, BarStyle style, Location at) & {
  require_length("height", names.size(), height.values.size(), at);
  bar(counted(names.size()), height, std::move(style), at);
  return xticks(counted(names.size()), names, at);
}

Plot& Plot::hist(const Series& values, HistStyle style, Location at) & {
  constexpr int kMostBins = 10000;
  if (style.bins < 1 || style.bins > kMostBins)
    invalid(fmt::format("hist: {} bins, must be 1 to {}", style.bins, kMostBins), at);
  require_range(style.range, Scale::linear, "hist: range", at);
  Range r = style.range.value_or(Range{INFINITY, -INFINITY});
  if (!style.range)
    for (const double v : values.values)
      if (std::isfinite(v)) r.low = std::min(r.low, v), r.high = std::max(r.high, v);
  if (!is_drawable(r, Scale::linear)) r = r.low > r.high ? Range{0, 1} : Range{r.low - 0.5, r.high + 0.5};
  const auto bins = static_cast<std::size_t>(style.bins);
  std::vector<double> counts(bins), middle(bins);
  double all = 0;
  std::size_t not_finite = 0;
  for (const double v : values.values) {
    not_finite += !std::isfinite(v);
    if (!(v >= r.low && v <= r.high)) continue;
    ++counts[std::min(static_cast<std::size_t>(fraction(v, r) * style.bins), bins - 1)];
    ++all;
  }
  const double width = (r.high - r.low) / style.bins;
  for (std::size_t i = 0; i < bins; ++i) {
    middle[i] = r.low + (static_cast<double>(i) + 0.5) * width;
    if (style.density && all > 0) counts[i] /= all * width;
  }
  bar(middle, counts,
      {.label = std::move(style.label), .color = std::move(style.color), .width = width, .opacity = style.opacity}, at);
  bars_.back().not_finite = not_finite;
  return *this;
}

Plot& Plot::step(const Series& x, const Series& y, LineStyle style, StepWhere where, Location at) & {
  require_length("y", x.values.size(), y.values.size(), at);
  std::vector<double> sx, sy;
  const auto add_point = [&](double a, double b) { sx.push_back(a), sy.push_back(b); };
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    if (i > 0) {
      const double from = x.values[i - 1], to = x.values[i];
      const double turn = where == StepWhere::pre ? from : where == StepWhere::post ? to : from + (to - from) / 2;
      add_point(turn, y.values[i - 1]);
      add_point(turn, y.values[i]);
    }
    add_point(x.values[i], y.values[i]);
  }
  return line(sx, sy, std::move(style), at);
}

Plot& Plot::errorbar(const Series& x, const Series& y, const Series& yerr, ErrorBarStyle style, Location at) & {
  require_length("y", x.values.size(), y.values.size(), at);
  require_length("yerr", x.values.size(), yerr.values.size(), at);
  for (const double e : yerr.values)
    if (e < 0) invalid(fmt::format("errorbar: yerr holds {}, must not be negative", e), at);
  require_width("capsize", style.capsize, at);
  const bool next = style.color.empty();
  style.color = next_color(style.color, at);
  std::vector<double> low, high;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    low.push_back(y.values[i] - yerr.values[i]);
    high.push_back(y.values[i] + yerr.values[i]);
  }
  return add(Kind::error_bars, error_bars_, {x.values, y.values, std::move(low), std::move(high), std::move(style)},
             next);
}

Plot& Plot::imshow(const Tensor& z, ImageStyle style, Location at) & {
  require_defined("viz::Plot", z, at);
  if (z.dim() != 2 || z.numel() == 0)
    ErrorReport("viz::Plot", "imshow: z must have two dimensions, each at least 1", at).operand("z", z).shape_error();
  std::vector<double> v = z.detach().to_vector<double>();
  Range r{INFINITY, -INFINITY};
  for (const double a : v)
    if (std::isfinite(a)) r.low = std::min(r.low, a), r.high = std::max(r.high, a);
  if (r.low > r.high) r = {0, 1};
  if (style.cmap == Colormap::PRGn) r.high = std::max(std::fabs(r.low), std::fabs(r.high)), r.low = -r.high;
  if (style.vmin && style.vmax && !(*style.vmin < *style.vmax))
    invalid(fmt::format("imshow: vmin {} is not below vmax {}", *style.vmin, *style.vmax), at);
  r = {style.vmin.value_or(r.low), style.vmax.value_or(r.high)};
  if (!is_drawable(r, Scale::linear)) r = {r.low - 0.5, r.low + 0.5};
  return add(Kind::heat_map, heat_maps_, {z.size(0), z.size(1), std::move(v), r, std::move(style)}, false);
}

Plot& Plot::annotate(const std::string& text, double x, double y, AnnotationStyle style, Location at) & {
  require_finite("annotate: the point", {x, y, style.dx, style.dy}, at);
  style.color = next_color(style.color.empty() ? "#1A1A1A" : style.color, at);
  return add(Kind::annotation, annotations_, {text, x, y, std::move(style)}, false);
}

Plot& Plot::xticks(const Series& positions, const std::vector<std::string>& labels, Location at) & {
  require_length("labels", positions.values.size(), labels.size(), at);
  require_finite("xticks", positions.values, at);
  x_names_ = {positions.values, labels};
  return *this;
}
Plot& Plot::yticks(const Series& positions, const std::vector<std::string>& labels, Location at) & {
  require_length("labels", positions.values.size(), labels.size(), at);
  require_finite("yticks", positions.values, at);
  y_names_ = {positions.values, labels};
  return *this;
}

Plot& Plot::vertical(double x, const std::string& label, Location at) & {
  if (!std::isfinite(x)) invalid("vertical: the position is not finite", at);
  return add(Kind::rule, rules_, {true, x, label}, false);
}

Plot& Plot::horizontal(double y, const std::string& label, Location at) & {
  if (!std::isfinite(y)) invalid("horizontal: the position is not finite", at);
  return add(Kind::rule, rules_, {false, y, label}, false);
}

Plot& Plot::contours(const Series& x, const Series& y, const Tensor& z, const Series& levels, ContourStyle style,
                     Location at) & {
  require_defined("viz::Plot", z, at);
  require_rising("x", x.values, 2, at);
  require_rising("y", y.values, 2, at);
  require_rising("levels", levels.values, 1, at);
  const auto rows = static_cast<std::int64_t>(y.values.size()), columns = static_cast<std::int64_t>(x.values.size());
  if (z.shape() != Shape{rows, columns})
    ErrorReport("viz::Plot", fmt::format("contours: z must be ({}, {}), a row for every y", rows, columns), at)
        .operand("z", z)
        .shape_error();
  if (!style.colors.empty() && style.colors.size() != levels.values.size() + 1)
    invalid(fmt::format("contours: {} colors for the {} areas of {} levels", style.colors.size(),
                        levels.values.size() + 1, levels.values.size()),
            at);
  for (std::size_t i = 0; i < style.colors.size(); ++i)
    if (style.colors[i] != "none" || i < levels.values.size()) style.colors[i] = next_color(style.colors[i], at);
  return add(Kind::contours, contours_,
             {x.values, y.values, z.detach().to_vector<double>(), levels.values, std::move(style.colors)}, false);
}

std::string Plot::save(const std::string& path, Location at) const {
  require_picture_path("viz::Plot", path, at);
  return save_svg(
      "viz::Plot", [&] { return svg(); }, path, at);
}

}  // namespace xgrad::viz
