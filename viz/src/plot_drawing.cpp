// A plot as SVG text: ground, grid, series in their order, frame and legend. Bars and what came after them are in
// plot_marks.cpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include <xgrad/viz/plot.hpp>

#include "axis.hpp"
#include "contour.hpp"
#include "heatmap.hpp"
#include "left_out.hpp"
#include "marker.hpp"
#include "plot_legend.hpp"
#include "plot_marks.hpp"
#include "plot_strokes.hpp"
#include "polyline.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

constexpr double kLabelRow = 14;
constexpr const char *kGrid = "#E5E7EB", *kRule = "#6B7280";
// Of a line with more points only those are drawn that make a difference; of more markers an image.
constexpr std::size_t kManyPoints = 10000, kManyMarkers = 20000, kFewMarkers = 1000;

constexpr Box kFar{-1e4, -1e4, kMostPixels + 1e4, kMostPixels + 1e4};

// From pale to dark: small values are light, so that coloured lines stand out where a search ends.
std::string grey(std::size_t i, std::size_t n) {
  const double t = n < 2 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1), v = 252 - 75 * t;
  return hex({v, v + 1, v + 3});
}

}  // namespace

class Plot::Drawing {
 public:
  explicit Drawing(const Plot& p) : p_(p), o_(p.options_), x_(Scale::linear, {0, 1}, 0, 1), y_(x_), y2_(x_) {
    lay_out();
  }

  std::string svg() {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"{2}\" role=\"img\">\n",
        o_.width, o_.height, kFontFamily);
    if (!o_.title.empty()) out_ += fmt::format("<title>{}</title>\n", escape(o_.title));
    out_ += fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#FFFFFF\"/>\n", o_.width, o_.height);
    out_ += texts(left_, 21, kTitleRow, title_, "start", kTitleSize, " font-weight=\"bold\"");
    out_ += legend_;
    out_ += note_;
    out_ += fmt::format("<clipPath id=\"area\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\n",
                        number(left_), number(top_), number(right_ - left_), number(bottom_ - top_));
    grid();
    out_ += "<g clip-path=\"url(#area)\">\n";
    for (const bool areas : {true, false})  // areas would hide the lines below them
      for (const Item& i : p_.items_)
        if (is_area(i.kind) == areas) draw(i);
    out_ += "</g>\n";
    for (const Rule& r : p_.rules_) rule_label(r);
    for (const detail::Annotation& a : p_.annotations_) out_ += annotation_svg({x_, y_, area()}, a);
    out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{}\"/>\n",
                        number(left_), number(top_), number(right_ - left_), number(bottom_ - top_), kPlotFrame);
    if (const detail::HeatMap* m = bar_map()) out_ += colorbar_svg(*m, area());
    right_axis();
    end_labels();
    return out_ + "</svg>\n";
  }

 private:
  // ---- room ----
  void lay_out() {
    const Range x = o_.x_range.value_or(data_range(true)), y = o_.y_range.value_or(data_range(false));
    const int y_ticks = std::max(2, o_.height / 70);
    right_ = std::max(o_.width - 16 - room_on_the_right(y_ticks), o_.width / 3.0);
    double widest = 0;
    for (const Tick& t : p_.y_names_ ? named(*p_.y_names_, 0.3 * o_.width) : Axis(o_.y_scale, y, 1, 0).ticks(y_ticks))
      widest = std::max(widest, text_width(t.text, kPlotFont));
    y_label_ = lines_of(o_.y_label, kPlotFont, o_.height - 60.0, 2);
    left_ = std::min(14 + widest + (y_label_.empty() ? 0 : 6 + kLabelRow * rows(y_label_)), right_ - kLeast);
    x_label_ = lines_of(o_.x_label, kPlotFont, right_ - left_, 2);
    bottom_ = o_.height - (x_label_.empty() ? 28 : 32 + kLabelRow * rows(x_label_));
    const auto title_rows = static_cast<std::size_t>(std::max(1.0, 0.3 * o_.height / kTitleRow));
    title_ = lines_of(o_.title, kTitleSize * kBold, right_ - left_, title_rows);
    top_ = title_.empty() ? 14 : 17 + kTitleRow * rows(title_);
    if (o_.legend) legend();
    note(x, y);
    top_ = std::min(top_, bottom_ - kLeast);
    inside_room_ = std::min(inside_room_, (right_ - left_) / 2);
    x_ = Axis(o_.x_scale, x, left_, right_ - inside_room_);
    y_ = p_.heat_maps_.empty() ? Axis(o_.y_scale, y, bottom_, top_) : Axis(o_.y_scale, y, top_, bottom_);
    y2_ = Axis(o_.right_scale, right_range(), bottom_, top_);
    y2_ticks_ = y2_.ticks(y_ticks);
    y_ticks_ = p_.y_names_ ? named(*p_.y_names_, 0.3 * o_.width) : y_.ticks(y_ticks);
    if (!p_.heat_maps_.empty() && !p_.y_names_) count_ticks(y_ticks_);
    if (p_.x_names_)
      x_ticks_ = named(*p_.x_names_, 2 * (right_ - left_) /
                                         static_cast<double>(std::max<std::size_t>(p_.x_names_->labels.size(), 2)));
    const int most = std::max(2, static_cast<int>(right_ - left_) / 80);
    for (int wanted = most + 1; wanted > 0 && !p_.x_names_; --wanted) {
      x_ticks_ = x_.ticks(std::min(wanted, most), wanted > most);
      if (counts_along_x()) count_ticks(x_ticks_);
      if (!x_ticks_touch()) break;
    }
    for (const Line& l : p_.lines_) line_paths_.push_back(paths(l));
    for (const Line& l : p_.lines_) line_markers_.push_back(marked(l));
    for (const Points& q : p_.points_) point_places_.push_back(places(q.x, q.y, 1, q.style.size));
    for (const auto* all : {&line_markers_, &point_places_})
      for (const Polyline& some : *all) markers_ += some.size();
  }

  // The first map that has a bar of its colours.
  const detail::HeatMap* bar_map() const {
    const auto shown = std::ranges::find_if(p_.heat_maps_, [](const auto& m) { return m.style.colorbar; });
    return shown == p_.heat_maps_.end() ? nullptr : &*shown;
  }
  bool has_right_axis() const {
    return std::ranges::any_of(p_.lines_, [](const Line& l) { return l.style.right; });
  }
  double right_axis_room(int ticks) const {
    if (!has_right_axis()) return 0;
    double widest = 0;
    for (const Tick& t : Axis(o_.right_scale, right_range(), 1, 0).ticks(ticks))
      widest = std::max(widest, text_width(t.text, kPlotFont));
    return widest + 8 + (o_.right_label.empty() ? 0 : 18);
  }
  double room_on_the_right(int ticks) {
    double label = 0;
    for (const Line& l : p_.lines_)
      if (l.style.end_label)
        label = std::max(label, 16 + text_width(shortened(l.style.label, kPlotFont, 0.3 * o_.width), kPlotFont));
    axis_room_ = right_axis_room(ticks);
    if (has_right_axis())
      inside_room_ = std::exchange(label, 0) + 4;  // beyond its numbers a label would be of that axis
    const detail::HeatMap* m = bar_map();
    return label + axis_room_ + (m ? colorbar_room(*m) : 0);
  }
  Range right_range() const {
    if (o_.right_range) return *o_.right_range;
    std::vector<double> all;
    for (const Line& l : p_.lines_)
      if (l.style.right) all.insert(all.end(), l.y.begin(), l.y.end());
    return range_of(all, o_.right_scale, 0.05);
  }
  // Those inside the range of the axis are drawn.
  static std::vector<Tick> named(const detail::NamedTicks& names, double width) {
    std::vector<Tick> ticks;
    for (std::size_t i = 0; i < names.labels.size(); ++i)
      ticks.push_back({names.positions[i], shortened(names.labels[i], kPlotFont, width)});
    return ticks;
  }
  static bool is_area(Kind k) {
    return k == Kind::band || k == Kind::contours || k == Kind::bars || k == Kind::heat_map;
  }

  static std::vector<std::string> lines_of(const std::string& s, double size, double width, std::size_t most) {
    return s.empty() ? std::vector<std::string>{} : wrapped(s, size, width, most);
  }
  static double rows(const std::vector<std::string>& lines) { return static_cast<double>(lines.size()); }

  // Epochs and steps are counted: no tick at 1.5 of them.
  static void count_ticks(std::vector<Tick>& ticks) {
    std::erase_if(ticks, [](const Tick& t) { return t.value != std::round(t.value); });
    for (Tick& t : ticks)
      if (t.text.find('e') == std::string::npos) t.text = t.text.substr(0, t.text.find('.'));
  }
  bool x_ticks_touch() const {
    double free_from = -1e30;
    for (const Tick& t : x_ticks_) {
      const double half = text_width(t.text, kPlotFont) / 2, x = x_.pixel(t.value);
      if (x - half < free_from) return true;
      free_from = x + half + 8;
    }
    return false;
  }

  // Every line and every bar is at whole numbers, one of them at two or more.
  bool counts_along_x() const {
    if (!p_.heat_maps_.empty()) return true;
    std::size_t longest = 0;
    const auto whole = [&](const auto& series) {
      longest = std::max(longest, series.x.size());
      return std::ranges::all_of(series.x, [](double v) { return v == std::round(v); });
    };
    return o_.x_scale == Scale::linear && p_.contours_.empty() && std::ranges::all_of(p_.lines_, whole) &&
           std::ranges::all_of(p_.bars_, whole) && longest >= 2;
  }

  Range data_range(bool x) const {
    std::vector<double> all;
    const auto add = [&](const std::vector<double>& v) { all.insert(all.end(), v.begin(), v.end()); };
    for (const Contours& c : p_.contours_) add(x ? c.x : c.y);
    const Scale scale = x ? o_.x_scale : o_.y_scale;
    if (!all.empty()) return range_of(all, scale, 0);  // a map fills the picture
    for (const detail::HeatMap& m : p_.heat_maps_) {
      const auto n = static_cast<double>(x ? m.columns : m.rows);
      add({-0.5, n - 0.5});
    }
    if (!all.empty()) return range_of(all, scale, 0);
    for (const Line& l : p_.lines_)
      if (x || !l.style.right) add(x ? l.x : l.y);
    const double margin = x ? 0.02 : 0.05;
    const bool on_floor = add_bars(x, all) && !x;
    for (const Points& q : p_.points_) add(x ? q.x : q.y);
    for (const Band& b : p_.bands_) {
      add(x ? b.x : b.low);
      if (!x) add(b.high);
    }
    for (const Rule& r : p_.rules_)
      if (r.vertical == x) all.push_back(r.position);
    Range r = range_of(all, scale, margin);
    // Bars stand on the axis.
    if (on_floor && scale == Scale::linear && r.low < 0 && std::ranges::none_of(all, [](double v) { return v < 0; }))
      r.low = 0;
    return r;
  }

  // What bars and error bars need; whether there are bars.
  bool add_bars(bool x, std::vector<double>& all) const {
    for (const detail::ErrorBars& e : p_.error_bars_)
      for (std::size_t i = 0; i < e.x.size(); ++i) {
        if (x) all.push_back(e.x[i]);
        if (!x) all.insert(all.end(), {e.low[i], e.y[i], e.high[i]});
      }
    for (const detail::Bars& b : p_.bars_)
      for (std::size_t i = 0; i < b.x.size(); ++i)
        all.insert(all.end(), {x ? b.x[i] - b.width / 2 : b.bottom[i], x ? b.x[i] + b.width / 2 : b.top[i]});
    constexpr double kNumberRoom = 0.08;  // above a bar, of its height
    for (const detail::Bars& b : p_.bars_)
      for (std::size_t i = 0; !x && b.style.numbers && i < b.top.size(); ++i)
        all.push_back(b.top[i] + kNumberRoom * std::fabs(b.top[i]) * (b.top[i] < b.bottom[i] ? -1 : 1));
    return !p_.bars_.empty();
  }

  // Under the title and the legend: what the picture does not show, and why.
  void note(const Range& x, const Range& y) {
    LeftOut out({o_.x_scale, x, o_.x_range.has_value()}, {o_.y_scale, y, o_.y_range.has_value()});
    for (const Line& l : p_.lines_)
      if (!l.style.right) out.add_line(l.x, l.y);
    for (const detail::ErrorBars& e : p_.error_bars_) out.add_points(e.x, e.y);
    for (const detail::Bars& b : p_.bars_) out.add_bars(b);
    for (const Points& q : p_.points_) out.add_points(q.x, q.y);
    for (const Band& b : p_.bands_) out.add_band(b.x, b.low, b.high);
    const std::vector<std::string> lines = lines_of(out.text(), kPlotFont, right_ - left_, 2);
    if (lines.empty()) return;
    note_ = texts(left_, top_ + 4, kLabelRow, lines, "start", kPlotFont, " class=\"left-out\"");
    top_ += kLabelRow * rows(lines) + 2;
  }

  void legend() {
    const LegendRows rows = legend_rows(entries(), {left_, top_, right_, static_cast<double>(o_.height)});
    legend_ = rows.svg;
    top_ = rows.bottom;
  }

  std::vector<LegendEntry> entries() const {
    std::vector<LegendEntry> all;
    for (const Item& i : p_.items_) {
      if (i.kind == Kind::line) {
        LineStyle s = p_.lines_[i.index].style;
        s.width = std::min(s.width, 3.0);
        const std::string line = stroke(fmt::format("M0,0h{}", kSwatch), s, p_.lines_[i.index].cycle);
        if (!s.end_label) all.push_back({s.label, line + marker_svg(look(s), {kSwatch / 2, 0})});
      } else if (i.kind == Kind::points) {
        const PointStyle& s = p_.points_[i.index].style;
        all.push_back({s.label, marker_svg({s.marker, std::min(s.size, 5.0), s.color, s.opacity}, {kSwatch / 2, 0})});
      } else if (i.kind == Kind::band) {
        const BandStyle& s = p_.bands_[i.index].style;
        all.push_back({s.label, fmt::format("<rect x=\"0\" y=\"-5\" width=\"{}\" height=\"10\" fill=\"{}\" "
                                            "fill-opacity=\"{}\"/>\n",
                                            kSwatch, s.color, s.opacity)});
      } else if (i.kind == Kind::bars) {
        const BarStyle& s = p_.bars_[i.index].style;
        all.push_back({s.label, fmt::format("<rect x=\"6\" y=\"-6\" width=\"12\" height=\"12\" fill=\"{}\" "
                                            "fill-opacity=\"{}\"/>\n",
                                            s.color, s.opacity)});
      } else if (i.kind == Kind::error_bars) {
        const ErrorBarStyle& s = p_.error_bars_[i.index].style;
        all.push_back({s.label, fmt::format("<path d=\"M12,-7V7M9,-7h6M9,7h6\" stroke=\"{}\"/>\n", s.color) +
                                    marker_svg({s.marker, 3, s.color}, {kSwatch / 2, 0})});
      }
    }
    std::erase_if(all, [](const LegendEntry& e) { return e.label.empty(); });
    return all;
  }

  // ---- parts ----
  void grid() {
    for (const Tick& t : x_ticks_) {
      const double x = x_.pixel(t.value);
      if (p_.x_names_ && (x < left_ - 0.5 || x > right_ + 0.5)) continue;
      out_ += fmt::format("<path d=\"M{},{}V{}\" stroke=\"{}\"/>\n", number(x), number(top_), number(bottom_), kGrid);
      const double half = text_width(t.text, kPlotFont) / 2 + 2;  // inside the picture, also at its ends
      out_ += text(std::clamp(x, half, std::max(half, o_.width - half)), bottom_ + 15, t.text, "middle", kPlotFont,
                   kPlotMuted);
    }
    for (const Tick& t : y_ticks_) {
      const double y = y_.pixel(t.value);
      if (p_.y_names_ && (y < top_ - 0.5 || y > bottom_ + 0.5)) continue;
      out_ += fmt::format("<path d=\"M{},{}H{}\" stroke=\"{}\"/>\n", number(left_), number(y), number(right_), kGrid);
      out_ += text(left_ - 6, y + 4, t.text, "end", kPlotFont, kPlotMuted);
    }
    const bool log_y = o_.y_scale == Scale::log && !p_.y_names_;
    out_ += minor_ticks_svg({x_, y_, area()},
                            {o_.x_scale == Scale::log && !p_.x_names_, log_y, log_y && !has_right_axis()});
    out_ += texts((left_ + right_) / 2, bottom_ + 36, kLabelRow, x_label_, "middle");
    const double y = (top_ + bottom_) / 2;
    for (std::size_t i = 0; i < y_label_.size(); ++i) {
      const double x = 15 + kLabelRow * static_cast<double>(i);
      // Beside the middle of the area, moved as far as the picture asks for.
      const double half = std::min(text_width(y_label_[i], kPlotFont) / 2 + 4, o_.height / 2.0);
      const double at = std::clamp(y, half, o_.height - half);
      out_ += text(x, at, y_label_[i], "middle", kPlotFont, kPlotInk,
                   fmt::format(" transform=\"rotate(-90 {} {})\"", number(x), number(at)));
    }
  }

  void right_axis() {
    if (!has_right_axis()) return;
    out_ += minor_ticks_svg({x_, y2_, area()}, {.right = o_.right_scale == Scale::log});
    out_ += right_axis_svg({x_, y2_, area()}, y2_ticks_, o_.right_label, right_ + axis_room_ - 4);
  }

  // Beside the last points of lines.
  void end_labels() {
    std::vector<LineEnd> ends;
    for (std::size_t i = 0; i < p_.lines_.size(); ++i) {
      const LineStyle& s = p_.lines_[i].style;
      if (!s.end_label || s.label.empty() || line_paths_[i].empty() || line_paths_[i].back().empty()) continue;
      ends.push_back({line_paths_[i].back().back().y, &s});
    }
    out_ += end_labels_svg(std::move(ends), {right_ - inside_room_ + 4, top_, 0.3 * o_.width, bottom_});
  }

  void draw(const Item& i) {
    switch (i.kind) {
      case Kind::line:
        line(i.index);
        break;
      case Kind::points:
        points(i.index);
        break;
      case Kind::band:
        band(p_.bands_[i.index]);
        break;
      case Kind::rule:
        rule(p_.rules_[i.index]);
        break;
      case Kind::contours:
        contours(p_.contours_[i.index]);
        break;
      case Kind::bars:
        out_ += bars_svg({x_, y_, area()}, p_.bars_[i.index]);
        break;
      case Kind::error_bars:
        out_ += error_bars_svg({x_, y_, area()}, p_.error_bars_[i.index]);
        break;
      case Kind::heat_map:
        out_ += heat_map_svg({x_, y_, area()}, p_.heat_maps_[i.index]);
        break;
      case Kind::annotation:  // above the frame
        break;
    }
  }

  bool shown(double x, double y) const { return x_.shows(x) && y_.shows(y); }
  Pixel pixel(double x, double y) const { return {x_.pixel(x), y_.pixel(y)}; }
  Box area() const { return {left_, top_, right_, bottom_}; }

  // Straight pieces between neighbours that can be shown; no more of them than the picture tells apart.
  std::vector<Polyline> paths(const Line& l) const {
    std::vector<Polyline> runs, drawn;
    bool pen_down = false;
    const Axis& axis = l.style.right ? y2_ : y_;
    for (std::size_t i = 0; i < l.x.size(); ++i) {
      const bool ok = x_.shows(l.x[i]) && axis.shows(l.y[i]);
      if (ok && !pen_down) runs.emplace_back();
      if (ok) runs.back().push_back({x_.pixel(l.x[i]), axis.pixel(l.y[i])});
      pen_down = ok;
    }
    std::size_t kept = 0;
    for (const Polyline& run : runs)
      for (Polyline& part : clipped_line(run, kFar)) {
        drawn.push_back(l.x.size() > kManyPoints ? thinned(part) : std::move(part));
        kept += drawn.back().size();
      }
    const double columns = right_ - left_;
    return kept > std::max(2 * kManyPoints, static_cast<std::size_t>(16 * columns)) ? without_hidden(drawn, area())
                                                                                    : drawn;
  }

  // Where a marker is seen.
  Polyline places(const std::vector<double>& x, const std::vector<double>& y, std::size_t every, double size,
                  bool right = false) const {
    const Axis& axis = right ? y2_ : y_;
    const double edge = 2 * size + 1;
    const Box near{left_ - edge, top_ - edge, right_ + edge, bottom_ + edge};
    Polyline all;
    for (std::size_t i = 0; i < x.size(); i += every)
      if (const bool ok = x_.shows(x[i]) && axis.shows(y[i]); ok)
        if (const Pixel p{x_.pixel(x[i]), axis.pixel(y[i])}; near.holds(p)) all.push_back(p);
    return all;
  }
  Polyline marked(const Line& l) const {
    if (l.style.marker == Marker::none) return {};
    return places(l.x, l.y, static_cast<std::size_t>(l.style.marker_every), kLineMarker, l.style.right);
  }
  static constexpr double kLineMarker = 3.4;
  static MarkerLook look(const LineStyle& s) { return {s.marker, kLineMarker, s.color}; }

  void markers(const MarkerLook& how, const Polyline& where) {
    if (markers_ > kManyMarkers && where.size() > kFewMarkers) {
      out_ += markers_image(how, where, area());
      return;
    }
    for (const Pixel& p : where) out_ += marker_svg(how, p);
  }

  void line(std::size_t i) {
    const Line& l = p_.lines_[i];
    std::size_t n = 0;
    std::string d;
    for (const Polyline& path : line_paths_[i]) d += path_data(path), n += path.size();
    constexpr std::size_t kLongLine = 2000;
    if (n > kLongLine && !l.style.dashed && l.cycle == 0)
      out_ += stroke_in_pieces(line_paths_[i], l.style);
    else if (!d.empty())
      out_ += stroke(d, l.style, l.cycle);
    if (l.style.marker == Marker::none) dots(i);
    markers(look(l.style), line_markers_[i]);
  }

  // Of a thin line, points without neighbours are wider than the line, so that they are seen.
  void dots(std::size_t i) {
    LineStyle s = p_.lines_[i].style;
    if (s.width >= kDot) return;
    s.width = kDot;
    s.dashed = s.casing = false;
    std::string d;
    for (const Polyline& path : line_paths_[i])
      if (path.size() == 1) d += path_data(path);
    if (!d.empty()) out_ += stroke(d, s, 0);
  }
  static constexpr double kDot = 4;

  void points(std::size_t i) {
    const PointStyle& s = p_.points_[i].style;
    markers({s.marker, s.size, s.color, s.opacity}, point_places_[i]);
  }

  // One closed outline for every run of points that can be shown.
  void band(const Band& b) {
    std::string d;
    Polyline there, back;
    const auto close = [&] {
      if (b.x.size() > kManyPoints) there = thinned(there), back = thinned(back);
      there.insert(there.end(), back.rbegin(), back.rend());
      if (const Polyline seen = clipped_area(there, kFar); !seen.empty()) d += path_data(seen) + "Z";
      there.clear();
      back.clear();
    };
    for (std::size_t i = 0; i < b.x.size(); ++i) {
      const auto edge = [&](double v, double other) {
        return std::isfinite(v) && y_.shows(other) && !y_.shows(v) ? y_.range().low : v;
      };
      const double low = edge(b.low[i], b.high[i]), high = edge(b.high[i], b.low[i]);
      if (!shown(b.x[i], low) || !y_.shows(high)) {
        close();
        continue;
      }
      there.push_back(pixel(b.x[i], low));
      back.push_back(pixel(b.x[i], high));
    }
    close();
    if (!d.empty())
      out_ += fmt::format("<path d=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>\n", d, b.style.color, b.style.opacity);
  }

  void rule(const Rule& r) {
    if (!(r.vertical ? x_ : y_).shows(r.position)) return;
    const std::string d =
        r.vertical ? fmt::format("M{},{}V{}", number(tame(x_.pixel(r.position))), number(top_), number(bottom_))
                   : fmt::format("M{},{}H{}", number(left_), number(tame(y_.pixel(r.position))), number(right_));
    out_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-dasharray=\"4 3\"/>\n", d, kRule);
  }

  void rule_label(const Rule& r) {
    const Axis& axis = r.vertical ? x_ : y_;
    if (r.label.empty() || !axis.shows(r.position) || r.position < axis.range().low || r.position > axis.range().high)
      return;
    const std::string label = shortened(r.label, kPlotFont, right_ - left_ - 12);
    const double p = axis.pixel(r.position), width = text_width(label, kPlotFont), middle = (left_ + right_) / 2;
    std::vector<Place> places;
    if (r.vertical) {
      for (const double y : {top_ + 14, bottom_ - 7})
        places.insert(places.end(),
                      {{p + 5, y}, {p - 5 - width, y}, {std::clamp(p, left_ + 5, right_ - 5 - width), y}});
    } else {
      for (const double y : {p - 5, p + 13})
        places.insert(places.end(), {{right_ - 5 - width, y}, {left_ + 5, y}, {middle - width / 2, y}});
    }
    const Place best = clearest(places, width);
    out_ += text(best.x, best.y, label, "start", kPlotFont, kPlotMuted, kPlotHalo);
  }

  // Where a text begins: its left end, on its base line.
  struct Place {
    double x, y;
  };
  // The first place inside the frame that meets the fewest of what is drawn.
  Place clearest(const std::vector<Place>& places, double width) const {
    Place best = places.front();
    std::int64_t least = -1;
    for (const Place& p : places) {
      const bool inside = p.x >= left_ && p.x + width <= right_ && p.y - kPlotFont >= top_ && p.y + 3 <= bottom_;
      const std::int64_t met = meets({p.x - 3, p.y - kPlotFont, p.x + width + 3, p.y + 4});
      if (!inside || (least >= 0 && met >= least)) continue;
      least = met;
      best = p;
    }
    return best;
  }
  // How much of the lines, in pixels, and how many points are within the box.
  std::int64_t meets(const Box& box) const {
    std::int64_t n = 0;
    for (const std::vector<Polyline>& paths : line_paths_)
      for (const Polyline& path : paths) n += pixels_within(path, box);
    for (const Polyline& places : point_places_)
      n += std::ranges::count_if(places, [&](const Pixel& q) { return box.holds(q); });
    return n;
  }

  // The highest area first, then each lower one on top of it.
  void contours(const Contours& c) {
    const std::size_t n = c.levels.size() + 1;
    const auto fill = [&](std::size_t k) { return c.colors.empty() ? grey(k, n) : c.colors[k]; };
    out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", number(left_),
                        number(top_), number(right_ - left_), number(bottom_ - top_), fill(n - 1));
    Field field{c.x, c.y, c.z};
    keep_where(
        field, [&](double x) { return x_.shows(x); }, [&](double y) { return y_.shows(y); });
    coarsen(field, 2 * (right_ - left_), 2 * (bottom_ - top_));  // finer than half a pixel is not seen
    for (std::size_t k = c.levels.size(); k-- > 0;) {
      const std::string d = below(field, c.levels[k]);
      if (!d.empty())
        out_ += fmt::format(
            "<path d=\"{}\" fill=\"{}\" fill-rule=\"evenodd\" stroke=\"#8B95A1\" stroke-width=\"0.5\"/>\n", d, fill(k));
    }
    no_numbers(field);
  }

  // Where z is NaN the field has no level; red, as in grids of images.
  void no_numbers(Field field) {
    if (std::ranges::none_of(field.z, [](double z) { return std::isnan(z); })) return;
    for (double& z : field.z) z = std::isnan(z) ? 0 : 1;
    out_ += fmt::format("<path d=\"{}\" fill=\"#B3001B\" fill-opacity=\"0.3\" fill-rule=\"evenodd\"/>\n",
                        below(field, 0.5));
  }
  // The outlines of an area as path data.
  std::string below(const Field& field, double level) const {
    std::string d;
    for (const Loop& loop : sublevel_outline(field, level)) {
      Polyline outline;
      for (const auto& [x, y] : loop) outline.push_back(pixel(x, y));
      if (const Polyline seen = clipped_area(outline, kFar); !seen.empty()) d += path_data(seen) + "Z";
    }
    return d;
  }

  static constexpr double kLeast = 20;  // of a side of the frame

  const Plot& p_;
  const PlotOptions& o_;
  Axis x_, y_, y2_;
  std::vector<Tick> x_ticks_, y_ticks_, y2_ticks_;
  double axis_room_ = 0, inside_room_ = 0;  // of the axis on the right; of end labels within the frame
  double left_ = 0, right_ = 0, top_ = 0, bottom_ = 0;
  std::vector<std::string> title_, x_label_, y_label_;
  std::vector<std::vector<Polyline>> line_paths_;      // of each line
  std::vector<Polyline> line_markers_, point_places_;  // of each line, of each series of points
  std::size_t markers_ = 0;                            // all of them
  std::string legend_, note_, out_;
};

std::string Plot::svg() const { return Drawing(*this).svg(); }

}  // namespace xgrad::viz
