// A plot as SVG text: ground, grid, series in their order, frame and legend.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <xgrad/viz/plot.hpp>

#include "axis.hpp"
#include "contour.hpp"
#include "heatmap.hpp"
#include "svg_file.hpp"

namespace xgrad::viz {
namespace {

constexpr double kFontSize = 11, kTitleSize = 13, kLegendRow = 18, kSwatch = 24;
constexpr const char *kText = "#1A1A1A", *kMuted = "#374151", *kGrid = "#E5E7EB", *kFrame = "#9AA3AD",
                     *kRule = "#6B7280";

std::string number(double v) {
  std::string s = fmt::format("{:.1f}", v);
  if (s.ends_with(".0")) s.resize(s.size() - 2);
  return s == "-0" ? "0" : s;
}

// Far outside the picture is far enough: huge numbers upset viewers.
double tame(double pixel) { return std::clamp(pixel, -1e5, 1e5); }

std::string text(double x, double y, const std::string& s, const char* anchor = "start", double size = kFontSize,
                 const char* color = kText, const std::string& more = {}) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n", number(x),
                     number(y), anchor, size, color, more, escape(s));
}

std::string polygon(double x, double y, const std::vector<std::pair<double, double>>& offsets) {
  std::string s = "M";
  for (const auto& [dx, dy] : offsets) s += (s.size() > 1 ? "L" : "") + number(x + dx) + "," + number(y + dy);
  return s + "Z";
}

// The outline of a marker around a point, r its size.
std::string marker_path(Marker m, double x, double y, double r) {
  switch (m) {
    case Marker::none:
      return "";
    case Marker::circle:
      return fmt::format("M{},{}a{},{} 0 1 0 {},0a{},{} 0 1 0 {},0Z", number(x - r), number(y), number(r), number(r),
                         number(2 * r), number(r), number(r), number(-2 * r));
    case Marker::square:
      return polygon(x, y, {{-.9 * r, -.9 * r}, {.9 * r, -.9 * r}, {.9 * r, .9 * r}, {-.9 * r, .9 * r}});
    case Marker::triangle:
      return polygon(x, y, {{0, -1.2 * r}, {1.1 * r, .8 * r}, {-1.1 * r, .8 * r}});
    case Marker::diamond:
      return polygon(x, y, {{0, -1.3 * r}, {1.3 * r, 0}, {0, 1.3 * r}, {-1.3 * r, 0}});
    case Marker::cross: {
      const double a = .35 * r, b = 1.2 * r;
      return polygon(
          x, y,
          {{-a, -b}, {a, -b}, {a, -a}, {b, -a}, {b, a}, {a, a}, {a, b}, {-a, b}, {-a, a}, {-b, a}, {-b, -a}, {-a, -a}});
    }
    case Marker::star:
      break;
  }
  std::vector<std::pair<double, double>> tips;
  for (int i = 0; i < 10; ++i) {
    const double angle = 3.14159265358979 * i / 5, length = i % 2 ? 0.6 * r : 1.5 * r;
    tips.emplace_back(length * std::sin(angle), -length * std::cos(angle));
  }
  return polygon(x, y, tips);
}

// From pale to dark: small values are light, so that coloured lines stand out where a search ends.
std::string grey(std::size_t i, std::size_t n) {
  const double t = n < 2 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1), v = 252 - 75 * t;
  return hex({v, v + 1, v + 3});
}

}  // namespace

class Plot::Drawing {
 public:
  explicit Drawing(const Plot& p) : p_(p), o_(p.options_), x_(Scale::linear, {0, 1}, 0, 1), y_(x_) { lay_out(); }

  std::string svg() {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"{2}\" role=\"img\">\n",
        o_.width, o_.height, kFontFamily);
    if (!o_.title.empty()) out_ += fmt::format("<title>{}</title>\n", escape(o_.title));
    out_ += fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#FFFFFF\"/>\n", o_.width, o_.height);
    if (!o_.title.empty()) out_ += text(left_, 21, o_.title, "start", kTitleSize, kText, " font-weight=\"bold\"");
    out_ += legend_;
    out_ += fmt::format("<clipPath id=\"area\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\n",
                        number(left_), number(top_), number(right_ - left_), number(bottom_ - top_));
    grid();
    out_ += "<g clip-path=\"url(#area)\">\n";
    for (const Item& i : p_.items_) draw(i);
    out_ += "</g>\n";
    for (const Rule& r : p_.rules_) rule_label(r);
    out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{}\"/>\n",
                        number(left_), number(top_), number(right_ - left_), number(bottom_ - top_), kFrame);
    return out_ + "</svg>\n";
  }

 private:
  // ---- room ----
  void lay_out() {
    const Range x = o_.x_range.value_or(data_range(true)), y = o_.y_range.value_or(data_range(false));
    right_ = o_.width - 16;
    bottom_ = o_.height - (o_.x_label.empty() ? 28 : 46);
    const int y_ticks = std::max(2, o_.height / 70);
    double widest = 0;
    for (const Tick& t : Axis(o_.y_scale, y, 1, 0).ticks(y_ticks))
      widest = std::max(widest, text_width(t.text, kFontSize));
    left_ = 14 + widest + (o_.y_label.empty() ? 0 : 20);
    top_ = o_.title.empty() ? 14 : 34;
    if (o_.legend) legend();
    x_ = Axis(o_.x_scale, x, left_, right_);
    y_ = Axis(o_.y_scale, y, bottom_, top_);
    x_ticks_ = x_.ticks(std::max(2, static_cast<int>(right_ - left_) / 80));
    y_ticks_ = y_.ticks(y_ticks);
    if (!counts_along_x()) return;
    // Epochs and steps are counted: no tick at 1.5 of them.
    std::erase_if(x_ticks_, [](const Tick& t) { return t.value != std::round(t.value); });
    for (Tick& t : x_ticks_) t.text = t.text.substr(0, t.text.find('.'));
  }

  // Every line goes over whole numbers, at least two.
  bool counts_along_x() const {
    const auto whole = [](const Line& l) {
      return l.x.size() >= 2 && std::ranges::all_of(l.x, [](double v) { return v == std::round(v); });
    };
    return o_.x_scale == Scale::linear && p_.contours_.empty() && !p_.lines_.empty() &&
           std::ranges::all_of(p_.lines_, whole);
  }

  Range data_range(bool x) const {
    std::vector<double> all;
    const auto add = [&](const std::vector<double>& v) { all.insert(all.end(), v.begin(), v.end()); };
    for (const Contours& c : p_.contours_) add(x ? c.x : c.y);
    const Scale scale = x ? o_.x_scale : o_.y_scale;
    if (!all.empty()) return range_of(all, scale, 0);  // a map fills the picture
    for (const Line& l : p_.lines_) add(x ? l.x : l.y);
    for (const Points& q : p_.points_) add(x ? q.x : q.y);
    for (const Band& b : p_.bands_) {
      add(x ? b.x : b.low);
      if (!x) add(b.high);
    }
    for (const Rule& r : p_.rules_)
      if (r.vertical == x) all.push_back(r.position);
    return range_of(all, scale, x ? 0.02 : 0.05);
  }

  // Entries in rows under the title.
  void legend() {
    double x = left_;
    bool any = false;
    const auto entry = [&](const std::string& label, const auto& swatch) {
      if (label.empty()) return;
      const double width = kSwatch + 6 + text_width(label, kFontSize) + 16;
      if (any && x + width > right_) {
        x = left_;
        top_ += kLegendRow;
      }
      any = true;
      const double y = top_ + 4;
      legend_ += swatch(x, y) + text(x + kSwatch + 6, y + 4, label, "start", kFontSize, kMuted);
      x += width;
    };
    for (const Item& i : p_.items_) {
      if (i.kind == Kind::line) {
        LineStyle s = p_.lines_[i.index].style;
        s.width = std::min(s.width, 3.0);
        entry(s.label, [&](double a, double b) {
          return stroke(fmt::format("M{},{}h{}", number(a), number(b), kSwatch), s) +
                 marker(s.marker, a + kSwatch / 2, b, 3.4, s.color);
        });
      } else if (i.kind == Kind::points) {
        const PointStyle& s = p_.points_[i.index].style;
        entry(s.label, [&](double a, double b) {
          return marker(s.marker, a + kSwatch / 2, b, std::min(s.size, 5.0), s.color, s.opacity);
        });
      } else if (i.kind == Kind::band) {
        const BandStyle& s = p_.bands_[i.index].style;
        entry(s.label, [&](double a, double b) {
          return fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"10\" fill=\"{}\" fill-opacity=\"{}\"/>\n",
                             number(a), number(b - 5), kSwatch, s.color, s.opacity);
        });
      }
    }
    if (any) top_ += kLegendRow;
  }

  // ---- parts ----
  void grid() {
    for (const Tick& t : x_ticks_) {
      const double x = x_.pixel(t.value);
      out_ += fmt::format("<path d=\"M{},{}V{}\" stroke=\"{}\"/>\n", number(x), number(top_), number(bottom_), kGrid);
      out_ += text(x, bottom_ + 15, t.text, "middle", kFontSize, kMuted);
    }
    for (const Tick& t : y_ticks_) {
      const double y = y_.pixel(t.value);
      out_ += fmt::format("<path d=\"M{},{}H{}\" stroke=\"{}\"/>\n", number(left_), number(y), number(right_), kGrid);
      out_ += text(left_ - 6, y + 4, t.text, "end", kFontSize, kMuted);
    }
    if (!o_.x_label.empty()) out_ += text((left_ + right_) / 2, o_.height - 10.0, o_.x_label, "middle");
    if (o_.y_label.empty()) return;
    const double y = (top_ + bottom_) / 2;
    out_ +=
        text(15, y, o_.y_label, "middle", kFontSize, kText, fmt::format(" transform=\"rotate(-90 15 {})\"", number(y)));
  }

  void draw(const Item& i) {
    switch (i.kind) {
      case Kind::line:
        line(p_.lines_[i.index]);
        break;
      case Kind::points:
        points(p_.points_[i.index]);
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
    }
  }

  bool shown(double x, double y) const { return x_.shows(x) && y_.shows(y); }
  std::string at(double x, double y) const { return number(tame(x_.pixel(x))) + "," + number(tame(y_.pixel(y))); }

  void line(const Line& l) {
    std::string d;
    bool pen_down = false;
    for (std::size_t i = 0; i < l.x.size(); ++i) {
      const bool ok = shown(l.x[i], l.y[i]);
      if (ok) d += (pen_down ? "L" : "M") + at(l.x[i], l.y[i]);
      pen_down = ok;
    }
    if (!d.empty()) out_ += stroke(d, l.style);
    if (l.style.marker == Marker::none) return;
    for (std::size_t i = 0; i < l.x.size(); i += static_cast<std::size_t>(l.style.marker_every))
      if (shown(l.x[i], l.y[i]))
        out_ += marker(l.style.marker, tame(x_.pixel(l.x[i])), tame(y_.pixel(l.y[i])), 3.4, l.style.color);
  }

  void points(const Points& q) {
    for (std::size_t i = 0; i < q.x.size(); ++i)
      if (shown(q.x[i], q.y[i]))
        out_ += marker(q.style.marker, tame(x_.pixel(q.x[i])), tame(y_.pixel(q.y[i])), q.style.size, q.style.color,
                       q.style.opacity);
  }

  // One closed outline for every run of points that can be shown.
  void band(const Band& b) {
    std::string d, there, back;
    const auto close = [&] {
      if (!there.empty()) d += "M" + there.substr(1) + back + "Z";
      there.clear();
      back.clear();
    };
    for (std::size_t i = 0; i < b.x.size(); ++i) {
      if (!shown(b.x[i], b.low[i]) || !y_.shows(b.high[i])) {
        close();
        continue;
      }
      there += "L" + at(b.x[i], b.low[i]);
      back = "L" + at(b.x[i], b.high[i]) + back;
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
    const double p = axis.pixel(r.position), width = text_width(r.label, kFontSize), middle = (left_ + right_) / 2;
    std::vector<Place> places;
    if (r.vertical) {
      for (const double y : {top_ + 14, bottom_ - 7}) places.insert(places.end(), {{p + 5, y}, {p - 5 - width, y}});
    } else {
      for (const double y : {p - 5, p + 13})
        places.insert(places.end(), {{right_ - 5 - width, y}, {left_ + 5, y}, {middle - width / 2, y}});
    }
    const Place best = clearest(places, width);
    out_ += text(best.x, best.y, r.label, "start", kFontSize, kMuted, kHalo);
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
      const bool inside = p.x >= left_ && p.x + width <= right_ && p.y - kFontSize >= top_ && p.y + 3 <= bottom_;
      const std::int64_t met = meets(p.x - 3, p.y - kFontSize, p.x + width + 3, p.y + 4);
      if (!inside || (least >= 0 && met >= least)) continue;
      least = met;
      best = p;
    }
    return best;
  }
  // How much of the lines, in pixels, and how many points are within these bounds.
  std::int64_t meets(double x0, double y0, double x1, double y1) const {
    std::int64_t n = 0;
    const auto within = [&](double x, double y) { return x >= x0 && x <= x1 && y >= y0 && y <= y1; };
    for (const Line& l : p_.lines_)
      for (std::size_t i = 1; i < l.x.size(); ++i) {
        if (!shown(l.x[i - 1], l.y[i - 1]) || !shown(l.x[i], l.y[i])) continue;
        const double ax = x_.pixel(l.x[i - 1]), ay = y_.pixel(l.y[i - 1]), bx = x_.pixel(l.x[i]), by = y_.pixel(l.y[i]);
        if (std::max(ax, bx) < x0 || std::min(ax, bx) > x1 || std::max(ay, by) < y0 || std::min(ay, by) > y1) continue;
        const int steps = static_cast<int>(std::min(std::hypot(bx - ax, by - ay) + 1, 1000.0));
        for (int k = 0; k <= steps; ++k) n += within(ax + (bx - ax) * k / steps, ay + (by - ay) * k / steps);
      }
    for (const Points& q : p_.points_)
      for (std::size_t i = 0; i < q.x.size(); ++i)
        n += shown(q.x[i], q.y[i]) && within(x_.pixel(q.x[i]), y_.pixel(q.y[i]));
    return n;
  }

  // The highest area first, then each lower one on top of it.
  void contours(const Contours& c) {
    const std::size_t n = c.levels.size() + 1;
    out_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", number(left_),
                        number(top_), number(right_ - left_), number(bottom_ - top_), grey(n - 1, n));
    for (std::size_t k = c.levels.size(); k-- > 0;) {
      std::string d;
      for (const Loop& loop : sublevel_outline(c.x, c.y, c.z, c.levels[k])) {
        for (std::size_t i = 0; i < loop.size(); ++i) d += (i ? "L" : "M") + at(loop[i].first, loop[i].second);
        d += "Z";
      }
      if (!d.empty())
        out_ +=
            fmt::format("<path d=\"{}\" fill=\"{}\" fill-rule=\"evenodd\" stroke=\"#8B95A1\" stroke-width=\"0.5\"/>\n",
                        d, grey(k, n));
    }
  }

  static std::string stroke(const std::string& d, const LineStyle& s) {
    const std::string common =
        fmt::format("<path d=\"{}\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"", d);
    std::string out;
    if (s.casing) out += fmt::format("{} stroke=\"#FFFFFF\" stroke-width=\"{}\"/>\n", common, s.width + 2.4);
    out += fmt::format("{} stroke=\"{}\" stroke-width=\"{}\"", common, s.color, s.width);
    if (s.dashed) out += " stroke-dasharray=\"6 4\"";
    if (s.opacity < 1) out += fmt::format(" stroke-opacity=\"{}\"", s.opacity);
    return out + "/>\n";
  }

  static std::string marker(Marker m, double x, double y, double r, const std::string& color, double opacity = 1) {
    const std::string d = marker_path(m, x, y, r);
    if (d.empty()) return "";
    return fmt::format("<path d=\"{}\" fill=\"{}\" stroke=\"#FFFFFF\" stroke-width=\"0.7\"{}/>\n", d, color,
                       opacity < 1 ? fmt::format(" opacity=\"{}\"", opacity) : "");
  }

  static constexpr const char* kHalo = " stroke=\"#FFFFFF\" stroke-width=\"3\" paint-order=\"stroke\"";

  const Plot& p_;
  const PlotOptions& o_;
  Axis x_, y_;
  std::vector<Tick> x_ticks_, y_ticks_;
  double left_ = 0, right_ = 0, top_ = 0, bottom_ = 0;
  std::string legend_, out_;
};

std::string Plot::svg() const { return Drawing(*this).svg(); }

}  // namespace xgrad::viz
