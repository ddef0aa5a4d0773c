#include "report/pictures.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/keep_state.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/viz/image_grid.hpp>

namespace xgrad::train::detail {

using viz::Plot;

namespace {

constexpr const char* kOp = "train::Report";
constexpr int kWidth = 540, kHeight = 330;
constexpr std::size_t kFew = 30;  // points that are marked one by one

struct Curve {
  std::vector<double> x, y;
};

std::vector<double> doubles(const Tensor& t) { return t.detach().to_vector<double>(); }

bool is_better_high(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* word : {"acc", "auc", "f1", "precision", "recall", "score", "r2"})
    if (lower.find(word) != std::string::npos) return true;
  return false;
}

// The best point of the last split: of the validation, where there is one.
void mark_best(Plot& p, const Curve& c, bool high) {
  std::size_t best = c.y.size();
  for (std::size_t i = 0; i < c.y.size(); ++i)
    if (std::isfinite(c.y[i]) && (best == c.y.size() || (high ? c.y[i] > c.y[best] : c.y[i] < c.y[best]))) best = i;
  if (best == c.y.size() || c.y.size() < 3) return;
  p.annotate(fmt::format("{} {:.4g}", high ? "max" : "min", c.y[best]), c.x[best], c.y[best],
             {.dx = best * 2 > c.y.size() ? -14.0 : 30.0, .dy = high ? 48.0 : -48.0});
}

}  // namespace

std::string curve_svg(const std::string& name, const std::vector<Metric>& metrics) {
  std::vector<std::pair<std::string, Curve>> splits;
  bool by_step = false, positive = true;
  double low = INFINITY, high = 0;
  for (const Metric& m : metrics) by_step |= m.name == name && m.step >= 0;
  for (const Metric& m : metrics) {
    if (m.name != name) continue;
    auto known = std::ranges::find(splits, m.split, &std::pair<std::string, Curve>::first);
    if (known == splits.end()) known = splits.insert(known, {m.split, {}});
    known->second.x.push_back(static_cast<double>(by_step ? m.step : m.epoch));
    known->second.y.push_back(m.value);
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
  for (std::size_t i = 0; i < splits.size(); ++i) {
    const auto& [split, c] = splits[i];
    const bool few = c.x.size() <= kFew;
    p.line(c.x, c.y,
           {.label = split,
            .dashed = i % 2 == 1,
            .marker = few ? viz::Marker::circle : viz::Marker::none,
            .end_label = true});
  }
  if (!splits.empty()) mark_best(p, splits.back().second, is_better_high(name));
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
    ErrorReport(kOp, fmt::format("confusion: {} names for {} classes", names.size(), n), at).value_error();
  std::vector<double> counts, places;
  std::vector<std::string> labels = names;
  for (std::int64_t t = 0; t < n; ++t) {
    places.push_back(static_cast<double>(t));
    if (names.empty()) labels.push_back(fmt::format("{}", t));
    for (std::int64_t p = 0; p < n; ++p) counts.push_back(static_cast<double>(m.count(t, p)));
  }
  constexpr std::int64_t kCell = 40, kNamed = 30;
  const int side = static_cast<int>(std::clamp<std::int64_t>(kCell * n + 130, 360, 900));
  Plot p({.title = fmt::format("Confusion matrix: {} samples, {:.2f} % right", m.total(), 100 * m.accuracy()),
          .x_label = "predicted",
          .y_label = "true",
          .width = side + 60,
          .height = side});
  p.imshow(tensor(counts).reshape({n, n}),
           {.cmap = viz::Colormap::Blues, .colorbar_label = "samples", .numbers = true});
  if (n <= kNamed) p.xticks(places, labels).yticks(places, labels);
  return p.svg();
}

std::string filters_svg(const std::string& name, const Tensor& weight, const Location& at) {
  require_defined(kOp, weight, at);
  constexpr std::int64_t kMost = 64;
  Tensor w = weight.detach();
  if (w.dim() == 2) {
    const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(w.size(1)))));
    if (side * side == w.size(1) && side > 1) w = w.reshape({w.size(0), 1, side, side});
  }
  if (w.dim() != 4 || w.numel() == 0)
    ErrorReport(kOp, "filters: the weight must be (N, C, H, W), or (N, H * H) over square images", at)
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

// Puts the parameters back.
class KeptParameters {
 public:
  explicit KeptParameters(std::vector<Tensor> of) : of_(std::move(of)) {
    NoGradGuard off;
    for (const Tensor& p : of_) values_.push_back(p.detach().clone());
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

std::string landscape_svg(const nn::Module& model, const std::function<double()>& loss, const LandscapeOptions& o,
                          const Location& at) {
  if (o.steps < 3 || o.steps > 201)
    ErrorReport(kOp, fmt::format("landscape: {} steps, must be 3 to 201", o.steps), at).value_error();
  if (!(o.range > 0 && std::isfinite(o.range)))
    ErrorReport(kOp, fmt::format("landscape: range {} is not above 0", o.range), at).value_error();
  NoGradGuard off;
  const xgrad::detail::KeepState before(model.parameters());
  KeptParameters kept(model.parameters());
  Generator generator(o.seed);
  const std::vector<Tensor> u = direction(kept.values(), generator), v = direction(kept.values(), generator);
  const Tensor axis = linspace(-o.range, o.range, o.steps, {.dtype = kFloat64});
  const std::vector<double> steps = doubles(axis);
  std::vector<double> z;
  for (const double b : steps)
    for (const double a : steps) {
      kept.move(u, v, a, b);
      const xgrad::detail::KeepState each;
      z.push_back(loss());
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

std::string boundary_svg(const std::function<Tensor(const Tensor&)>& model, const Tensor& x, const Tensor& y,
                         double threshold, const Location& at) {
  require_defined(kOp, x, at);
  require_defined(kOp, y, at);
  const auto refuse = [&](const char* rule) {
    ErrorReport(kOp, rule, at).operand("x", x).operand("y", y).shape_error();
  };
  if (x.dim() != 2 || x.size(1) != 2 || x.size(0) == 0) refuse("decision_boundary: x must be (n, 2)");
  if (y.dim() != 1 || y.size(0) != x.size(0)) refuse("decision_boundary: y must have a class for each row of x");
  constexpr std::int64_t kSide = 121;
  NoGradGuard off;
  const auto axis = [&](std::int64_t column) {
    const std::vector<double> v = doubles(x.select(1, column));
    const auto [low, high] = std::ranges::minmax_element(v);
    const double pad = 0.08 * (*high - *low) + 1e-6;
    return linspace(*low - pad, *high + pad, kSide, {.dtype = x.dtype()});
  };
  const Tensor ax = axis(0), ay = axis(1);
  const Tensor grid = stack(
      {ax.unsqueeze(0).expand({kSide, kSide}).reshape({-1}), ay.unsqueeze(1).expand({kSide, kSide}).reshape({-1})}, 1);
  Tensor scores = model(grid);
  const bool classes = scores.dim() == 2 && scores.size(1) > 1;
  if (scores.numel() != kSide * kSide * (classes ? scores.size(1) : 1))
    ErrorReport(kOp, "decision_boundary: the model must give (m, classes), (m, 1) or (m) for (m, 2)", at)
        .operand("scores", scores)
        .shape_error();
  Plot p({.title = "Decision boundary", .width = 460, .height = 420});
  std::vector<double> levels;
  if (classes) {
    for (std::int64_t c = 0; c + 1 < scores.size(1); ++c) levels.push_back(static_cast<double>(c) + 0.5);
    scores = argmax(scores, 1).to(kFloat64);
  } else {
    levels.push_back(threshold);
  }
  p.contours(ax, ay, scores.reshape({kSide, kSide}), levels);
  const std::vector<double> px = doubles(x.select(1, 0)), py = doubles(x.select(1, 1)), of = doubles(y);
  for (const double c : std::set<double>(of.begin(), of.end())) {
    std::vector<double> cx, cy;
    for (std::size_t i = 0; i < of.size(); ++i)
      if (of[i] == c) cx.push_back(px[i]), cy.push_back(py[i]);
    constexpr std::array kShapes{viz::Marker::circle, viz::Marker::square, viz::Marker::triangle, viz::Marker::diamond};
    p.points(cx, cy,
             {.label = fmt::format("class {}", c),
              .marker = kShapes[static_cast<std::size_t>(std::fabs(c)) % kShapes.size()],
              .opacity = 0.85});
  }
  return p.svg();
}

std::string activations_svg(const std::vector<std::pair<std::string, Report::Activation>>& functions,
                            const Location& at) {
  if (functions.empty()) ErrorReport(kOp, "activations: there is no function", at).value_error();
  GradModeGuard on(true);
  Plot value({.title = "Activation functions", .width = 460, .height = 360}),
      slope({.title = "Their derivatives", .width = 460, .height = 360});
  for (const auto& [name, f] : functions) {
    const Tensor x = linspace(-4, 4, 401, {.dtype = kFloat64}).requires_grad_();
    const Tensor y = f(x);
    const Tensor d = grad({y}, {x}, {ones(y.shape(), {.dtype = y.dtype()})}, {}, at).at(0);
    value.line(x, y, {.label = name});
    slope.line(x, d, {.label = name, .dashed = true});
  }
  return viz::subplots_svg({{value, slope}});
}

}  // namespace xgrad::train::detail
