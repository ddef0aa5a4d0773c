// Line plots, scattered points, bars, histograms, heat maps and contour maps, drawn as SVG without any other program:
//
//   viz::Plot plot({.title = "Learning curve", .x_label = "epoch", .y_label = "loss", .y_scale = viz::Scale::log});
//   plot.line(epochs, loss, {.label = "training"}).line(epochs, validation, {.label = "validation", .dashed = true});
//   plot.save("out/curve.svg");               // or .png, .pdf
//
// Colours are Okabe and Ito's (2008), told apart by colour-blind readers; each new series takes the next one. There are
// seven; then lines get patterns and points other markers.
//
// Titles, labels and the legend are broken into lines or cut with a "…" where there is no room. Of a million points
// only what makes a difference is drawn: of a line its extremes in each quarter of a pixel's column, of markers an
// image with twice the resolution of the picture.
#pragma once

#include <concepts>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::viz {

// A container of something, other than those that Series takes as they are.
template <class R>
concept Items = !std::derived_from<R, Tensor> && !std::same_as<R, std::vector<double>> && requires(const R& r) {
  *std::begin(r), std::end(r);
};
template <class R>
concept Numbers = Items<R> && requires(const R& r) {
  static_cast<double>(*std::begin(r));
} && !std::same_as<std::remove_cvref_t<decltype(*std::begin(std::declval<const R&>()))>, char>;

// Numbers along a line: a vector or another range of numbers of any type, a list in braces, or a tensor read row by
// row.
struct Series {
  template <Numbers R>
  Series(const R& range) {  // NOLINT
    for (const auto& v : range) values.push_back(static_cast<double>(v));
  }
  template <Items R>
  requires(!Numbers<R>)  //
      Series(const R&)   // of numbers: plot.line(std::vector<double>{1, 2}, loss)
  = delete;
  Series(std::vector<double> v) : values(std::move(v)) {}     // NOLINT
  Series(std::initializer_list<double> v) : values(v) {}      // NOLINT
  Series(const Tensor& t, Location at = Location::current())  // NOLINT
      : values(t.detach(at).to_vector<double>(at)) {}
  std::vector<double> values;
};

enum class Scale { linear, log };  // log: values of 0 and below are left out
inline std::ostream& operator<<(std::ostream& os, Scale v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"linear", "log"});
}
enum class Marker { none, circle, square, triangle, diamond, cross, star };
inline std::ostream& operator<<(std::ostream& os, Marker v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v),
                                     {"none", "circle", "square", "triangle", "diamond", "cross", "star"});
}

struct Range {
  double low, high;
};
struct PlotOptions {
  ByName by_name = ByName();
  std::string title = {}, x_label = {}, y_label = {};
  int width = 640, height = 420;  // pixels
  Scale x_scale = Scale::linear, y_scale = Scale::linear;
  std::optional<Range> x_range = {}, y_range = {};  // left out: what the data need
  bool legend = true;                               // of the series that have a label
  // Of a second axis on the right, for lines with .right = true.
  std::string right_label = {};
  Scale right_scale = Scale::linear;
  std::optional<Range> right_range = {};
};

struct LineStyle {
  ByName by_name = ByName();
  std::string label = {};
  std::string color = {};  // "#0072B2"; empty: the next one
  double width = 1.8;
  bool dashed = false;
  double opacity = 1;
  Marker marker = Marker::none;
  int marker_every = 1;    // points from one marker to the next
  bool casing = false;     // a white edge, for lines on a coloured ground
  bool end_label = false;  // the label stands at the end of the line, not in the legend
  bool right = false;      // of the second axis
};
enum class StepWhere { pre, post, mid };  // where a step is: before its point, behind it, half-way between two
inline std::ostream& operator<<(std::ostream& os, StepWhere v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"pre", "post", "mid"});
}
struct PointStyle {
  ByName by_name = ByName();
  std::string label = {};
  std::string color = {};
  Marker marker = Marker::circle;
  double size = 3;  // radius in pixels
  double opacity = 1;
};
struct BandStyle {
  ByName by_name = ByName();
  std::string label = {};
  std::string color = {};
  double opacity = 0.18;
};

struct BarStyle {
  ByName by_name = ByName();
  std::string label = {};
  std::string color = {};
  double width = 0.8;               // of a bar, in units of x
  std::vector<double> bottom = {};  // where each bar begins, to stack them; empty: at 0
  double opacity = 1;
  bool numbers = false;  // the heights above the bars
};
struct HistStyle {
  ByName by_name = ByName();
  std::string label = {};
  std::string color = {};
  int bins = 10;                    // of equal width
  std::optional<Range> range = {};  // left out: from the smallest to the largest value
  bool density = false;             // the area is 1
  double opacity = 1;
};
struct ErrorBarStyle {
  ByName by_name = ByName();
  std::string label = {};
  std::string color = {};
  Marker marker = Marker::circle;
  double capsize = 3;  // half the width of the ends, in pixels
};
enum class Colormap { viridis, Blues, gray, PRGn };  // PRGn: purple below 0, white, green above
inline std::ostream& operator<<(std::ostream& os, Colormap v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"viridis", "Blues", "gray", "PRGn"});
}
struct ImageStyle {
  ByName by_name = ByName();
  Colormap cmap = Colormap::viridis;
  std::optional<double> vmin = {}, vmax = {};  // left out: what the values need
  bool colorbar = true;
  std::string colorbar_label = {};
  bool numbers = false;  // in the cells, where they have room
};
struct AnnotationStyle {
  ByName by_name = ByName();
  std::string color = "#1A1A1A";
  double dx = 28, dy = -28;  // from the point to the text, in pixels; 0, 0: the text stands at the point, without arrow
};

namespace detail {

// What a plot holds of each kind.
struct Bars {
  std::vector<double> x, bottom, top;
  double width;
  BarStyle style;
};
struct ErrorBars {
  std::vector<double> x, y, low, high;
  ErrorBarStyle style;
};
struct HeatMap {
  std::int64_t rows, columns;
  std::vector<double> values;
  Range range;
  ImageStyle style;
};
struct Annotation {
  std::string text;
  double x, y;
  AnnotationStyle style;
};
struct NamedTicks {
  std::vector<double> positions;
  std::vector<std::string> labels;
};

}  // namespace detail

class XGRAD_API Plot {
 public:
  // ValueError: a size not in 100..30000 pixels; a range that is empty, not finite, not positive (log), or so narrow
  // (10^-12 of its numbers) or wide that they cannot be told apart.
  explicit Plot(PlotOptions options = {}, Location at = Location::current());
  // Plot({}), which could mean the options or a plot, is one without options.
  enum class NoOptions {};
  template <class = void>
  explicit Plot(...) = delete;  // a title is an option: viz::Plot({.title = "loss"}), as are .x_label, .x_scale, .width
  explicit Plot(NoOptions, Location at = Location::current()) : Plot(PlotOptions{}, at) {}

  // Straight pieces from point to point; a value that is NaN or infinite makes a gap. All of these return *this and
  // throw a ShapeError when lengths differ and a ValueError for a marker_every below 1, an opacity outside [0, 1], a
  // width or size that is not above 0 and at most 100, or a colour that is not #RRGGBB. A point of a line without
  // neighbours is a dot. A line of text in the picture says how many points are not shown, and why: not finite, not
  // above 0 on a log axis, or all of a series outside a given range.
  Plot& line(const Series& x, const Series& y, LineStyle style = {}, Location at = Location::current()) &;
  Plot& points(const Series& x, const Series& y, PointStyle style = {}, Location at = Location::current()) &;
  template <class X>
  Plot& line(const X&) const = delete;  // both coordinates: plot.line(epochs, loss)
  template <class = void>
  Plot& line(...) const = delete;  // a style is named: plot.line(x, y, {.label = "loss"})
  template <class X>
  Plot& points(const X&) const = delete;  // both coordinates: plot.points(epochs, loss)
  template <class = void>
  Plot& points(...) const = delete;  // a style is named: plot.points(x, y, {.label = "loss"})
  // The area between two curves, below all lines and points; of points that are not finite it shows nothing. On a log
  // scale an edge at or below 0 is the end of the axis.
  Plot& band(const Series& x, const Series& low, const Series& high, BandStyle style = {},
             Location at = Location::current()) &;
  // A bar for each x, or for each name, from style.bottom up (or down) to bottom + height. ValueError: a width that is
  // not above 0.
  Plot& bar(const Series& x, const Series& height, BarStyle style = {}, Location at = Location::current()) &;
  Plot& bar(const std::vector<std::string>& names, const Series& height, BarStyle style = {},
            Location at = Location::current()) &;
  // How many values are in each of style.bins bins; values that are not finite are in none. ValueError: bins not in
  // 1..10000.
  Plot& hist(const Series& values, HistStyle style = {}, Location at = Location::current()) &;
  // A line in steps.
  Plot& step(const Series& x, const Series& y, LineStyle style = {}, StepWhere where = StepWhere::pre,
             Location at = Location::current()) &;
  // Points with bars from y - yerr to y + yerr. ValueError: a negative yerr.
  Plot& errorbar(const Series& x, const Series& y, const Series& yerr, ErrorBarStyle style = {},
                 Location at = Location::current()) &;
  // The matrix z as coloured cells, row 0 at the top; rows and columns are counted from 0. NaN is red. ShapeError
  // unless z has two dimensions, each at least 1; ValueError: vmin not below vmax.
  Plot& imshow(const Tensor& z, ImageStyle style = {}, Location at = Location::current()) &;
  // A text with an arrow to a point.
  Plot& annotate(const std::string& text, double x, double y, AnnotationStyle style = {},
                 Location at = Location::current()) &;
  // Ticks of one's own: names of categories. ShapeError when the lengths differ.
  Plot& xticks(const Series& positions, const std::vector<std::string>& labels, Location at = Location::current()) &;
  Plot& yticks(const Series& positions, const std::vector<std::string>& labels, Location at = Location::current()) &;
  // A line across, with its name beside it.
  Plot& vertical(double x, const std::string& label = {}, Location at = Location::current()) &;
  Plot& horizontal(double y, const std::string& label = {}, Location at = Location::current()) &;
  // Filled contours in greys of z (y.size(), x.size()) over a grid; x and y rise. levels rise too, at least one.
  // Straight pieces inside each cell of the grid. ShapeError, ValueError.
  Plot& contours(const Series& x, const Series& y, const Tensor& z, const Series& levels,
                 Location at = Location::current()) &;

  // The same of a temporary, as a value: viz::Plot({.title = "loss"}).line(x, y).save("loss.svg").
  Plot line(const Series& x, const Series& y, LineStyle style = {}, Location at = Location::current()) && {
    return std::move(line(x, y, std::move(style), at));
  }
  Plot points(const Series& x, const Series& y, PointStyle style = {}, Location at = Location::current()) && {
    return std::move(points(x, y, std::move(style), at));
  }
  Plot band(const Series& x, const Series& low, const Series& high, BandStyle style = {},
            Location at = Location::current()) && {
    return std::move(band(x, low, high, std::move(style), at));
  }
  Plot bar(const Series& x, const Series& height, BarStyle style = {}, Location at = Location::current()) && {
    return std::move(bar(x, height, std::move(style), at));
  }
  Plot bar(const std::vector<std::string>& names, const Series& height, BarStyle style = {},
           Location at = Location::current()) && {
    return std::move(bar(names, height, std::move(style), at));
  }
  Plot hist(const Series& values, HistStyle style = {}, Location at = Location::current()) && {
    return std::move(hist(values, std::move(style), at));
  }
  Plot step(const Series& x, const Series& y, LineStyle style = {}, StepWhere where = StepWhere::pre,
            Location at = Location::current()) && {
    return std::move(step(x, y, std::move(style), where, at));
  }
  Plot errorbar(const Series& x, const Series& y, const Series& yerr, ErrorBarStyle style = {},
                Location at = Location::current()) && {
    return std::move(errorbar(x, y, yerr, std::move(style), at));
  }
  Plot imshow(const Tensor& z, ImageStyle style = {}, Location at = Location::current()) && {
    return std::move(imshow(z, std::move(style), at));
  }
  Plot annotate(const std::string& text, double x, double y, AnnotationStyle style = {},
                Location at = Location::current()) && {
    return std::move(annotate(text, x, y, std::move(style), at));
  }
  Plot xticks(const Series& positions, const std::vector<std::string>& labels, Location at = Location::current()) && {
    return std::move(xticks(positions, labels, at));
  }
  Plot yticks(const Series& positions, const std::vector<std::string>& labels, Location at = Location::current()) && {
    return std::move(yticks(positions, labels, at));
  }
  Plot vertical(double x, const std::string& label = {}, Location at = Location::current()) && {
    return std::move(vertical(x, label, at));
  }
  Plot horizontal(double y, const std::string& label = {}, Location at = Location::current()) && {
    return std::move(horizontal(y, label, at));
  }
  Plot contours(const Series& x, const Series& y, const Tensor& z, const Series& levels,
                Location at = Location::current()) && {
    return std::move(contours(x, y, z, levels, at));
  }

  friend std::ostream& operator<<(std::ostream&, const Plot&) = delete;  // a picture: plot.save("loss.svg")
  // The same calls give the same text.
  std::string svg() const;
  int width() const { return options_.width; }
  int height() const { return options_.height; }
  // Writes the picture, atomically, in the format of the suffix, and returns the path of the file that was written.
  // .png and .pdf are made by rsvg-convert. A PNG has two pixels per unit, or as many as fit into 32,767 per side and
  // 2^27 in all. Where rsvg-convert is missing or fails (a PNG gets a second try in half the size), or the path cannot
  // be written to, the .svg is kept beside the wanted file, under a name that was free (loss.svg, else loss-1.svg and
  // so on); where that fails too, the path returned is empty. All of this is a warning on standard error, with the line
  // of the call, and never an exception. ValueError: unknown suffix, a NUL character in the path.
  std::string save(const std::string& path, Location at = Location::current()) const;

 private:
  struct Line {
    std::vector<double> x, y;
    LineStyle style;
    int cycle;  // how often the palette had been used up
  };
  struct Points {
    std::vector<double> x, y;
    PointStyle style;
  };
  struct Band {
    std::vector<double> x, low, high;
    BandStyle style;
  };
  struct Rule {
    bool vertical;
    double position;
    std::string label;
  };
  struct Contours {
    std::vector<double> x, y, z, levels;
  };
  enum class Kind { line, points, band, rule, contours, bars, error_bars, heat_map, annotation };
  struct Item {  // in the order of drawing
    Kind kind;
    std::size_t index;
  };
  class Drawing;

  std::string next_color(const std::string& wanted, const Location& at) const;
  int cycle() const;
  template <class T>
  Plot& add(Kind kind, std::vector<T>& all, T item, bool next);

  PlotOptions options_;
  std::vector<Line> lines_;
  std::vector<Points> points_;
  std::vector<Band> bands_;
  std::vector<Rule> rules_;
  std::vector<Contours> contours_;
  std::vector<detail::Bars> bars_;
  std::vector<detail::ErrorBars> error_bars_;
  std::vector<detail::HeatMap> heat_maps_;
  std::vector<detail::Annotation> annotations_;
  std::optional<detail::NamedTicks> x_names_, y_names_;
  std::vector<Item> items_;
  std::size_t colors_used_ = 0;
};

struct SubplotsOptions {
  ByName by_name = ByName();
  std::string title = {};
  int gap = 8;  // pixels between two plots
};
// Plots in rows, as one picture: viz::subplots({{loss, accuracy}, {rates}}, "run.png"). ShapeError: no plot;
// ValueError: more than 30000 pixels each way. Else as Plot::save.
XGRAD_API std::string subplots(const std::vector<std::vector<Plot>>& rows, const std::string& path,
                               const SubplotsOptions& options = {}, Location at = Location::current());
XGRAD_API std::string subplots_svg(const std::vector<std::vector<Plot>>& rows, const SubplotsOptions& options = {},
                                   Location at = Location::current());

}  // namespace xgrad::viz
