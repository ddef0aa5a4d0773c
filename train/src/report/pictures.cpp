#include "report/pictures.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/keep_state.hpp>
#include <xgrad/detail/values_aside.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/viz/image_grid.hpp>

namespace xgrad::train::detail {

using viz::Plot;

namespace {

constexpr int kWidth = 540, kHeight = 330;
constexpr std::size_t kFew = 30;  // points that are marked one by one

struct Curve {
  std::vector<double> x, y;
};

std::vector<double> doubles(const Tensor& t) { return t.detach().to_vector<double>(); }

// Okabe & Ito 2008, as in viz::Plot: a split, and a class, has the same colour in every picture.
constexpr std::array<const char*, 7> kColours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                              "#E69F00", "#56B4E9", "#1A1A1A"};

std::string lower_case(std::string s) {
  std::ranges::transform(s, s.begin(), [](unsigned char c) { return std::tolower(c); });
  return s;
}

// In the order in which the run named them.
std::vector<std::string> splits_of(const std::vector<LoggedMetric>& metrics) {
  std::vector<std::string> all;
  for (const LoggedMetric& m : metrics)
    if (std::ranges::find(all, m.split) == all.end()) all.push_back(m.split);
  return all;
}

// How much the best point of a split says: of the validation most, of the training least.
int weight_of(const std::string& split) {
  const std::string s = lower_case(split);
  const auto named = [&](const char* word) { return s.find(word) != std::string::npos; };
  return named("val") || named("dev") ? 3 : named("test") || named("eval") ? 2 : named("train") ? 0 : 1;
}

bool is_better_high(const std::string& name) {
  const std::string lower = lower_case(name);
  for (const char* word : {"acc", "auc", "f1", "precision", "recall", "score", "r2"})
    if (lower.find(word) != std::string::npos) return true;
  return false;
}

void mark_best(Plot& p, const Curve& c, bool high, const std::string& of) {
  std::size_t best = c.y.size();
  for (std::size_t i = 0; i < c.y.size(); ++i)
    if (std::isfinite(c.y[i]) && (best == c.y.size() || (high ? c.y[i] > c.y[best] : c.y[i] < c.y[best]))) best = i;
  if (best == c.y.size() || c.y.size() < 3) return;
  p.annotate(fmt::format("{} {:.4g}{}", high ? "max" : "min", c.y[best], of), c.x[best], c.y[best],
             {.dx = best * 2 > c.y.size() ? -14.0 : 30.0, .dy = high ? 48.0 : -48.0});
}

}  // namespace

std::string curve_svg(const std::string& name, const std::vector<LoggedMetric>& metrics) {
  const std::vector<std::string> splits = splits_of(metrics);
  std::vector<Curve> curves(splits.size());
  bool by_step = false, positive = true;
  double low = INFINITY, high = 0;
  for (const LoggedMetric& m : metrics) by_step |= m.name == name && m.step >= 0;
  for (const LoggedMetric& m : metrics) {
    if (m.name != name) continue;
    Curve& c = curves[static_cast<std::size_t>(std::ranges::find(splits, m.split) - splits.begin())];
    c.x.push_back(static_cast<double>(by_step ? m.step : m.epoch));
    c.y.push_back(m.value);
    if (!std::isfinite(m.value)) continue;
    positive &= m.value > 0;
    low = std::min(low, m.value), high = std::max(high, m.value);
  }
  constexpr double kWorthwhile = 20;  // between smallest and largest, for a log scale
  const bool log = positive && high > kWorthwhile * low && !is_better_high(name);
  Plot p({.title = name,
          .x_label = by_step ? "step" : "epoch",
          .width = kWidth,
          .height = kHeight,
          .y_scale = log ? viz::Scale::log : viz::Scale::linear});
  std::size_t drawn = 0, marked = 0;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    const Curve& c = curves[i];
    if (c.x.empty()) continue;
    p.line(c.x, c.y,
           {.label = splits[i],
            .color = kColours[i % kColours.size()],
            .dashed = i % 2 == 1,
            .marker = c.x.size() <= kFew ? viz::Marker::circle : viz::Marker::none,
            .end_label = true});
    if (++drawn == 1 || weight_of(splits[i]) >= weight_of(splits[marked])) marked = i;
  }
  if (drawn > 0)
    mark_best(p, curves[marked], is_better_high(name), drawn > 1 ? fmt::format(" ({})", splits[marked]) : "");
  return p.svg();
}

std::string rates_svg(const std::map<std::size_t, std::vector<std::pair<double, double>>>& groups) {
  Plot p({.title = "Learning rate", .x_label = "epoch", .width = kWidth, .height = kHeight});
  for (const auto& [group, points] : groups) {
    std::vector<double> x, y;
    for (const auto& [epoch, rate] : points) x.push_back(epoch), y.push_back(rate);
    const bool few = x.size() <= kFew;
    p.line(x, y,
           {.label = groups.size() > 1 ? fmt::format("group {}", group) : "",
            .marker = few ? viz::Marker::circle : viz::Marker::none});
  }
  return p.svg();
}

// A cell for each parameter and epoch; the logarithm of the norm, which may span many decades.
std::string norms_svg(const std::string& title, const NormHistory& h) {
  const std::size_t rows = h.names.size(), columns = h.epochs.size();
  std::vector<double> cells;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      const double n = r < h.norms[c].size() ? h.norms[c][r] : NAN;
      cells.push_back(n > 0 ? std::round(100 * std::log10(n)) / 100 : NAN);
    }
  const Tensor z = tensor(cells).reshape({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
  std::vector<double> places(rows), epochs;
  std::vector<std::string> labels;
  for (std::size_t r = 0; r < rows; ++r) places[r] = static_cast<double>(r);
  const std::size_t every = std::max<std::size_t>(1, (columns + 11) / 12);
  for (std::size_t c = 0; c < columns; c += every) {
    epochs.push_back(static_cast<double>(c));
    labels.push_back(fmt::format("{}", h.epochs[c]));
  }
  constexpr int kRow = 24, kRest = 90, kTallest = 3000;
  Plot p({.title = title,
          .x_label = "epoch",
          .width = kWidth,
          .height = std::clamp(kRest + kRow * static_cast<int>(rows), 200, kTallest)});
  p.imshow(z, {.colorbar_label = "log₁₀ of the norm", .numbers = columns <= 12});
  return p.xticks(epochs, labels).yticks(places, h.names).svg();
}

std::string histograms_svg(const std::string& title, const NamedTensors& tensors) {
  constexpr std::size_t kMost = 12, kColumns = 3;
  std::vector<std::vector<Plot>> rows;
  for (std::size_t i = 0; i < std::min(tensors.size(), kMost); ++i) {
    if (i % kColumns == 0) rows.emplace_back();
    const auto& [name, t] = tensors[i];
    rows.back().push_back(Plot({.title = name, .width = 300, .height = 200}).hist(doubles(t), {.bins = 30}));
  }
  const std::string more =
      tensors.size() > kMost ? fmt::format(" (the first {} of {})", kMost, tensors.size()) : std::string();
  return viz::subplots_svg(rows, {.title = title + more});
}

std::string confusion_svg(const ConfusionMatrix& m, const std::vector<std::string>& names, const Location& at) {
  const std::int64_t n = m.classes();
  if (!names.empty() && static_cast<std::int64_t>(names.size()) != n)
    ErrorReport(kReport, fmt::format("confusion: {} names for {} classes", names.size(), n), at).value_error();
  std::vector<double> counts, shares, places;
  std::vector<std::string> labels = names;
  for (std::int64_t t = 0; t < n; ++t) {
    places.push_back(static_cast<double>(t));
    if (names.empty()) labels.push_back(fmt::format("{}", t));
    std::int64_t row = 0;
    for (std::int64_t p = 0; p < n; ++p) row += m.count(t, p);
    for (std::int64_t p = 0; p < n; ++p) {
      const auto count = static_cast<double>(m.count(t, p));
      counts.push_back(count);
      shares.push_back(row ? 100 * count / static_cast<double>(row) : 0);
    }
  }
  constexpr std::int64_t kCell = 40, kNamed = 30, kSideBySide = 12;
  const int side = static_cast<int>(std::clamp<std::int64_t>(kCell * n + 130, 360, 900));
  const auto map = [&](const char* title, const std::vector<double>& numbers, const viz::ImageStyle& style) {
    Plot p({.title = title, .x_label = "predicted", .y_label = "true", .width = side + 60, .height = side});
    p.imshow(tensor(numbers).reshape({n, n}), style);
    if (n <= kNamed) p.xticks(places, labels).yticks(places, labels);
    return p;
  };
  const Plot counted =
      map("samples", counts, {.cmap = viz::Colormap::Blues, .colorbar_label = "samples", .numbers = true});
  const Plot shared =
      map("percent of each true class", shares,
          {.cmap = viz::Colormap::Blues, .vmin = 0, .vmax = 100, .colorbar_label = "% of the row", .numbers = true});
  const std::string title = fmt::format("Confusion matrix: {} samples, {:.2f} % right", m.total(), 100 * m.accuracy());
  if (n <= kSideBySide) return viz::subplots_svg({{counted, shared}}, {.title = title});
  return viz::subplots_svg({{counted}, {shared}}, {.title = title});
}

std::string filters_svg(const std::string& name, const Tensor& weight, const Location& at) {
  require_defined(kReport, weight, at);
  constexpr std::int64_t kMost = 64;
  Tensor w = weight.detach();
  if (w.dim() == 2) {
    const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(w.size(1)))));
    if (side * side == w.size(1) && side > 1) w = w.reshape({w.size(0), 1, side, side});
  }
  if (w.dim() != 4 || w.numel() == 0)
    ErrorReport(kReport, "filters: the weight must be (N, C, H, W), or (N, H * H) over square images", at)
        .operand("weight", weight)
        .shape_error();
  const bool colour = w.size(1) == 3;
  if (!colour) w = w.reshape({w.size(0) * w.size(1), 1, w.size(2), w.size(3)});
  const std::int64_t all = w.size(0);
  w = w.slice(0, 0, std::min(all, kMost));
  std::vector<Tensor> rows;
  constexpr std::int64_t kColumns = 16;
  for (std::int64_t i = 0; i < w.size(0); i += kColumns)
    rows.push_back(w.slice(0, i, std::min(i + kColumns, w.size(0))));
  const std::string more = all > kMost ? fmt::format(" (the first {} of {})", kMost, all) : std::string();
  return viz::image_grid_svg(rows, {.tile = 34, .title = fmt::format("{}: filters{}", name, more)});
}

namespace {

// Puts the parameters back, for graphs that have saved them, too.
class KeptParameters {
 public:
  explicit KeptParameters(std::vector<Tensor> of) : of_(std::move(of)) {
    NoGradGuard off;
    for (const Tensor& p : of_) {
      values_.push_back(p.detach().clone());
      aside_.emplace_back(p);
    }
  }
  ~KeptParameters() { move({}, {}, 0, 0); }
  KeptParameters(const KeptParameters&) = delete;
  KeptParameters& operator=(const KeptParameters&) = delete;
  // To the values + a u + b v.
  void move(const std::vector<Tensor>& u, const std::vector<Tensor>& v, double a, double b) {
    NoGradGuard off;
    for (std::size_t i = 0; i < of_.size(); ++i)
      of_[i].copy_(u.empty() ? values_[i] : values_[i] + u[i] * a + v[i] * b);
  }
  const std::vector<Tensor>& values() const { return values_; }

 private:
  std::vector<Tensor> of_, values_;
  std::deque<xgrad::detail::ValuesAside> aside_;
};

// A random direction: in each filter (along the first dimension) as long as the parameter is there; along biases and
// other vectors nothing.
std::vector<Tensor> direction(const std::vector<Tensor>& params, Generator& generator) {
  std::vector<Tensor> d;
  for (const Tensor& p : params) {
    if (p.dim() < 2) {
      d.push_back(zeros(p.shape(), {.dtype = p.dtype()}));
      continue;
    }
    const Tensor r = randn(p.shape(), {.dtype = p.dtype(), .generator = generator});
    std::vector<std::int64_t> of_filters(static_cast<std::size_t>(p.dim()), 1);
    of_filters[0] = p.size(0);
    const auto length = [&](const Tensor& t) {
      return sqrt(square(t.reshape({t.size(0), -1})).sum(Shape{1})).reshape(Shape(of_filters));
    };
    d.push_back(r * (length(p) / (length(r) + 1e-10)));
  }
  return d;
}

}  // namespace

namespace {

// Tensors of the model that a call of the loss changed although it ran under a KeepState: on a thread that ran before.
class UnseenChanges {
 public:
  explicit UnseenChanges(const nn::Module& model) : buffers_(model.named_buffers()) {
    for (const auto& [name, t] : buffers_) versions_.push_back(t.version());
  }
  void require_none(const std::string& what, const Location& at) const {
    for (std::size_t i = 0; i < versions_.size(); ++i)
      if (buffers_[i].second.version() != versions_[i])
        ErrorReport(kReport,
                    fmt::format("landscape: the loss changed {}, which cannot be taken back", buffers_[i].first), at)
            .line("changed", fmt::format("{}, on a thread that was running before", what))
            .help("start threads inside of the loss, or put the model into eval mode")
            .value_error();
  }

 private:
  NamedTensors buffers_;
  std::vector<std::uint32_t> versions_;
};

double loss_taken_back(const std::function<double()>& loss, const UnseenChanges& unseen, const Location& at) {
  std::string what;
  double value = 0;
  {
    const xgrad::detail::KeepState kept;
    value = loss();
    what = kept.unseen();
  }
  if (!what.empty()) unseen.require_none(what, at);
  return value;
}

}  // namespace

std::string landscape_svg(const nn::Module& model, const std::function<double()>& loss, const LandscapeOptions& o,
                          const Location& at) {
  if (o.steps < 3 || o.steps > 201)
    ErrorReport(kReport, fmt::format("landscape: {} steps, must be 3 to 201", o.steps), at).value_error();
  if (!(o.range > 0 && std::isfinite(o.range)))
    ErrorReport(kReport, fmt::format("landscape: range {} is not above 0", o.range), at).value_error();
  NoGradGuard off;
  const xgrad::detail::KeepState before(model.parameters());
  KeptParameters kept(model.parameters());
  Generator generator(o.seed);
  const std::vector<Tensor> u = direction(kept.values(), generator), v = direction(kept.values(), generator);
  const UnseenChanges unseen(model);
  const Tensor axis = linspace(-o.range, o.range, o.steps, {.dtype = kFloat64});
  const std::vector<double> steps = doubles(axis);
  std::vector<double> z;
  for (const double b : steps)
    for (const double a : steps) {
      kept.move(u, v, a, b);
      z.push_back(loss_taken_back(loss, unseen, at));
    }
  std::vector<double> finite;
  std::ranges::copy_if(z, std::back_inserter(finite), [](double x) { return std::isfinite(x); });
  std::ranges::sort(finite);
  std::vector<double> levels;  // as many cells between two neighbours
  constexpr std::size_t kLevels = 12;
  for (std::size_t i = 1; i <= kLevels && !finite.empty(); ++i) {
    const double level = finite[(finite.size() - 1) * i / (kLevels + 1)];
    if (levels.empty() || level > levels.back()) levels.push_back(level);
  }
  if (levels.empty()) levels.push_back(0);
  const auto n = static_cast<std::size_t>(o.steps);
  const std::vector<double> middle(z.begin() + static_cast<std::ptrdiff_t>(n / 2 * n),
                                   z.begin() + static_cast<std::ptrdiff_t>((n / 2 + 1) * n));
  Plot map(
      {.title = "Loss landscape", .x_label = "direction 1", .y_label = "direction 2", .width = 420, .height = 400});
  map.contours(axis, axis, tensor(z).reshape({o.steps, o.steps}), levels);
  map.points({0}, {0}, {.label = "the model", .marker = viz::Marker::star, .size = 7});
  Plot slice(
      {.title = "Slice along direction 1", .x_label = "direction 1", .y_label = "loss", .width = 420, .height = 400});
  slice.line(steps, middle).vertical(0, "the model");
  return viz::subplots_svg({{map, slice}});
}

namespace {

// For the area below lines and points.
std::string pale(std::size_t index) {
  const unsigned long rgb = std::strtoul(kColours[index % kColours.size()] + 1, nullptr, 16);
  const auto channel = [&](unsigned shift) { return 255 - (255 - (rgb >> shift & 0xFF)) / 4; };
  return fmt::format("#{:02X}{:02X}{:02X}", channel(16), channel(8), channel(0));
}

// The columns of `scores` as areas where each is the largest, with straight borders inside a cell of the grid.
void draw_classes(Plot& p, const Tensor& ax, const Tensor& ay, const Tensor& scores, const Location& at) {
  const Shape grid{ay.size(0), ax.size(0)};
  const std::int64_t n = scores.size(1);
  for (std::int64_t c = 0; c < n; ++c) {
    std::vector<Tensor> others;
    for (std::int64_t k = 0; k < n; ++k)
      if (k != c) others.push_back(scores.select(1, k));
    const Tensor behind = amax(stack(others, 1), Shape{1}) - scores.select(1, c);
    p.contours(ax, ay, behind.reshape(grid), {0}, {.colors = {pale(static_cast<std::size_t>(c)), "none"}}, at);
  }
}

// Which colour a class has: its own number where all are counted, else its place among them.
std::size_t colour_of(double c, const std::set<double>& all) {
  const bool counted = std::ranges::all_of(all, [](double v) { return v >= 0 && v == std::floor(v) && v < 1e6; });
  return counted ? static_cast<std::size_t>(c) : static_cast<std::size_t>(std::distance(all.begin(), all.find(c)));
}

}  // namespace

std::string boundary_svg(const Boundary& how, const std::function<Tensor(const Tensor&)>& model, const Tensor& x,
                         const Tensor& y, const Location& at) {
  require_defined(kReport, x, at);
  require_defined(kReport, y, at);
  const auto refuse = [&](const char* rule) {
    ErrorReport(kReport, rule, at).operand("x", x).operand("y", y).shape_error();
  };
  if (x.dim() != 2 || x.size(1) != 2 || x.size(0) == 0) refuse("decision_boundary: x must be (n, 2)");
  if (y.dim() != 1 || y.size(0) != x.size(0)) refuse("decision_boundary: y must have a class for each row of x");
  if (!isfinite(x.detach()).all().item<bool>())
    ErrorReport(kReport, "decision_boundary: x holds a value that is not finite", at).operand("x", x).value_error();
  constexpr std::int64_t kSide = 121;
  NoGradGuard off;
  const auto axis = [&](std::int64_t column) {
    const std::vector<double> v = doubles(x.select(1, column));
    const auto [low, high] = std::ranges::minmax_element(v);
    // As wide as float32 can tell the points of the axis apart, for a feature that is constant.
    const double pad = std::max({0.08 * (*high - *low), 1e-4 * std::max(std::fabs(*low), std::fabs(*high)), 1e-6});
    return linspace(*low - pad, *high + pad, kSide, {.dtype = x.dtype()});
  };
  const Tensor ax = axis(0), ay = axis(1);
  const Tensor grid = stack(
      {ax.unsqueeze(0).expand({kSide, kSide}).reshape({-1}), ay.unsqueeze(1).expand({kSide, kSide}).reshape({-1})}, 1);
  const Tensor scores = model(grid);
  const bool classes = scores.dim() == 2 && scores.size(1) > 1;
  if (scores.numel() != kSide * kSide * (classes ? scores.size(1) : 1))
    ErrorReport(kReport, "decision_boundary: the model must give (m, classes), (m, 1) or (m) for (m, 2)", at)
        .operand("scores", scores)
        .shape_error();
  Plot p({.title = how.title, .width = 460, .height = 420});
  if (classes)
    draw_classes(p, ax, ay, scores.to(kFloat64), at);
  else
    p.contours(ax, ay, scores.reshape({kSide, kSide}), {how.threshold}, {.colors = {pale(0), pale(1)}}, at);
  const std::vector<double> px = doubles(x.select(1, 0)), py = doubles(x.select(1, 1)), of = doubles(y);
  const std::set<double> all(of.begin(), of.end());
  for (const double c : all) {
    std::vector<double> cx, cy;
    for (std::size_t i = 0; i < of.size(); ++i)
      if (of[i] == c) cx.push_back(px[i]), cy.push_back(py[i]);
    constexpr std::array kShapes{viz::Marker::circle, viz::Marker::square, viz::Marker::triangle, viz::Marker::diamond};
    const std::size_t index = colour_of(c, all);
    p.points(cx, cy,
             {.label = fmt::format("class {}", c),
              .color = kColours[index % kColours.size()],
              .marker = kShapes[index % kShapes.size()],
              .opacity = 0.85});
  }
  return p.svg();
}

std::string activations_svg(const std::vector<std::pair<std::string, Report::Activation>>& functions,
                            const Location& at) {
  if (functions.empty()) ErrorReport(kReport, "activations: there is no function", at).value_error();
  GradModeGuard on(true);
  Plot value({.title = "Activation functions", .width = 460, .height = 360}),
      slope({.title = "Their derivatives", .width = 460, .height = 360});
  for (const auto& [name, f] : functions) {
    const Tensor x = linspace(-4, 4, 401, {.dtype = kFloat64}).requires_grad_();
    const Tensor y = f(x);
    const Tensor d =
        y.requires_grad()
            ? grad({y}, {x}, {ones(y.shape(), {.dtype = y.dtype()})}, {.materialize_grads = true}, at).at(0)
            : zeros_like(x);  // a constant
    value.line(x, y, {.label = name});
    slope.line(x, d, {.label = name, .dashed = true});
  }
  return viz::subplots_svg({{value, slope}});
}

}  // namespace xgrad::train::detail
