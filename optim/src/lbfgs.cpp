#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/profiler.hpp>

namespace xgrad::optim {
namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double s = 0;
  for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}
void add(Vector& a, double by, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += by * b[i];
}
double largest(const Vector& a) {
  double most = 0;
  for (const double x : a) most = std::max(most, std::fabs(x));
  return most;
}
double sum_of_sizes(const Vector& a) {
  double s = 0;
  for (const double x : a) s += std::fabs(x);
  return s;
}
bool all_finite(const Vector& a) {
  return std::ranges::all_of(a, [](double x) { return std::isfinite(x); });
}
Vector minus(Vector a) {
  for (double& x : a) x = -x;
  return a;
}

// The power of 1024 nearest to the mean of |x| weighted by |g|: how large the unknowns are that the loss depends on.
// Of all powers of two only every tenth, so that it is 1, and the first step PyTorch's, for unknowns of ordinary size.
double scale_of(const Vector& x, const Vector& g) {
  double weighted = 0;
  for (std::size_t i = 0; i < x.size(); ++i) weighted += std::fabs(x[i] * g[i]);
  const double mean = weighted / sum_of_sizes(g);
  if (!(mean > 0) || !std::isfinite(mean)) return 1;
  const int tens = static_cast<int>(std::floor((std::ilogb(mean) + 5) / 10.0));
  return std::ldexp(1, 10 * tens);
}

constexpr int kMostTries = 25;

// The minimum of the cubic with these values and slopes at a and b, kept within [low, high].
double cubic_minimum(double a, double fa, double ga, double b, double fb, double gb, double low, double high) {
  const double d1 = ga + gb - 3 * (fa - fb) / (a - b), square = d1 * d1 - ga * gb;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double at = a <= b ? b - (b - a) * ((gb + d2 - d1) / (gb - ga + 2 * d2))
                           : a - (a - b) * ((ga + d2 - d1) / (ga - gb + 2 * d2));
  return std::isfinite(at) ? std::min(std::max(at, low), high) : (low + high) / 2;
}

// One of the vectors of each pair, as rows.
template <class Pairs, class Member>
Tensor as_tensor(const Pairs& pairs, Member member, std::size_t columns) {
  Vector all;
  for (const auto& p : pairs) all.insert(all.end(), (p.*member).begin(), (p.*member).end());
  return from_vector(all, {static_cast<std::int64_t>(pairs.size()), static_cast<std::int64_t>(columns)});
}

}  // namespace

LBFGS::LBFGS(Params<LBFGSOptions> params, LBFGSOptions options, Location at)
    : OptimizerWith(params, options, at, "LBFGS", {}) {
  check_options(num_groups() - 1, at);
}

void LBFGSOptions::check(const OptionCheck& check) const {
  check.at_least_zero("tolerance_grad", tolerance_grad);
  check.at_least_zero("tolerance_change", tolerance_change);
  if (max_iter < 1) check.fail(fmt::format("max_iter must be positive, got {}", max_iter.value));
  if (max_eval < 0) check.fail(fmt::format("max_eval must be >= 0, got {}", max_eval.value));
  if (history_size < 1) check.fail(fmt::format("history_size must be positive, got {}", history_size.value));
}
void LBFGS::check_options(std::size_t group, const Location& at) const {
  if (group > 0) invalid("has no parameter groups: all parameters in one list", at);
  OptimizerWith::check_options(group, at);
}

void LBFGS::step(Location at) { invalid("step needs a closure that computes the loss and calls backward()", at); }
void LBFGS::update(std::size_t, Tensor&, const Tensor&, State&) { step(Location::current()); }

LBFGS::Vector LBFGS::values() const {
  Vector out;
  for (const Tensor& p : params(0)) {
    const Vector v = p.detach().to_vector<double>();
    out.insert(out.end(), v.begin(), v.end());
  }
  return out;
}

// Zeros where there is none.
LBFGS::Vector LBFGS::gradients() const {
  Vector out;
  for (const Tensor& p : params(0)) {
    const Tensor g = p.grad();
    if (!g.defined()) {
      out.resize(out.size() + static_cast<std::size_t>(p.numel()));
      continue;
    }
    const Vector v = g.to_vector<double>();
    out.insert(out.end(), v.begin(), v.end());
  }
  return out;
}

// Parameters at from + t direction.
void LBFGS::assign(const Vector& from, double t, const Vector& direction) {
  const NoGradGuard off;
  std::size_t i = 0;
  for (Tensor p : params(0)) {
    const auto n = static_cast<std::size_t>(p.numel());
    Vector v(from.begin() + static_cast<std::ptrdiff_t>(i), from.begin() + static_cast<std::ptrdiff_t>(i + n));
    for (std::size_t k = 0; k < n; ++k) v[k] += t * direction[i + k];
    p.copy_(from_vector(v, p.shape()));
    i += n;
  }
}

void LBFGS::require_loss(const Tensor& found) const {
  if (found.defined() && found.numel() == 1) return;
  ErrorReport report(name().c_str(), "step: the closure must return the loss, one number", Location::current());
  if (found.defined()) report.operand("returned", found);
  report.value_error();
}

Tensor LBFGS::evaluate(const Closure& closure, double& loss, Vector& grad) {
  ++result_.evaluations;
  ++memory_.evaluations;
  const GradModeGuard on(true);
  Tensor found = closure();
  require_loss(found);
  loss = found.item<double>();
  grad = gradients();
  return found;
}

LBFGS::Point LBFGS::evaluate(const Closure& closure, const Vector& from, double t, const Vector& direction) {
  assign(from, t, direction);
  Point p;
  p.t = t;
  evaluate(closure, p.loss, p.grad);
  p.slope = dot(p.grad, direction);
  p.moved = values() != from;
  if (!p.finite() || !std::isfinite(p.slope) || !all_finite(p.grad)) {
    p.loss = std::numeric_limits<double>::infinity();
    p.slope = 0;
  }
  return p;
}

// What f returns; when it throws, the parameters are as before. The way back asks for no memory: that may be what ran
// out.
template <class F>
auto LBFGS::or_restore(F f) {
  std::vector<Tensor> before;
  for (const Tensor& p : params(0)) before.push_back(p.detach().clone());
  try {
    return f();
  } catch (...) {
    const NoGradGuard off;
    for (std::size_t i = 0; i < before.size(); ++i) Tensor(params(0)[i]).copy_(before[i]);
    throw;
  }
}

// Takes the last step and its change of the gradient into the history, unless the curvature along it is not positive.
void LBFGS::remember(const Vector& grad) {
  Memory& m = memory_;
  Vector change = grad, step = m.direction;
  add(change, -1, m.grad);
  for (double& s : step) s *= m.t;
  const double curvature = dot(change, step), square = dot(change, change);
  if (!(curvature > 1e-10 * std::sqrt(square) * std::sqrt(dot(step, step)))) return;
  m.pairs.push_back({std::move(change), std::move(step), 1 / curvature});
  if (static_cast<std::int64_t>(m.pairs.size()) > options().history_size) m.pairs.erase(m.pairs.begin());
  m.diagonal = curvature / square;
}

// The direction from the gradient and the history.
void LBFGS::two_loops(const Vector& grad) {
  Memory& m = memory_;
  Vector d = minus(grad), alpha(m.pairs.size());
  for (std::size_t i = alpha.size(); i-- > 0;) {
    alpha[i] = dot(m.pairs[i].step, d) * m.pairs[i].inverse;
    add(d, -alpha[i], m.pairs[i].gradient);
  }
  if (!m.fresh())
    for (double& x : d) x *= m.diagonal;
  for (std::size_t i = 0; i < alpha.size(); ++i) {
    const Pair& p = m.pairs[i];
    add(d, alpha[i] - dot(p.gradient, d) * p.inverse, p.step);
  }
  m.direction = std::move(d);
}

// Sets the new direction. Returns the slope along it, negative unless there is no way down in these numbers, and the
// step length to try.
LBFGS::Ahead LBFGS::choose_direction(const Vector& grad, double loss) {
  Memory& m = memory_;
  const double last_step = std::fabs(m.t) * std::sqrt(dot(m.direction, m.direction));
  if (m.t != 0) remember(grad);
  m.t = 0;  // the step is in the history: not twice, should this iteration end early
  two_loops(grad);
  double slope = dot(grad, m.direction), t = m.fresh() ? first_length(grad, loss) : options().lr.value;
  if (!(slope < 0) || !std::isfinite(slope) || !all_finite(m.direction)) {
    m.pairs.clear();
    two_loops(grad);
    slope = dot(grad, m.direction);
    // Along the bare gradient no further than it went before.
    if (last_step > 0) t *= std::min(1.0, last_step / std::sqrt(dot(m.direction, m.direction)));
  }
  return {slope, t};
}

double LBFGS::first_length(const Vector& grad, double loss) {
  const double unit = memory_.unit, length = options().lr * unit / sum_of_sizes(grad);
  if (line_search() || loss == 0) return length;
  // Without line search nothing brings it back from a step that is far too long, as any is from a minimum. There the
  // slope is small against the loss, or the loss small against the slope.
  const double relative = unit * std::sqrt(dot(grad, grad)) / std::fabs(loss);
  return length * std::min({1.0, 32 * relative, 1024 / relative});
}

// A step length with enough decrease and a flat enough slope: first a bracket, then narrowed. Length 0 where nothing
// lower was found.
LBFGS::Point LBFGS::search(const Closure& closure, const Vector& from, double first, const Point& start) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9, kNarrow = 1e-9;
  const Vector& d = memory_.direction;
  const auto try_at = [&](double t) { return evaluate(closure, from, t, d); };
  const auto too_high = [&](const Point& p) { return p.loss > start.loss + kDecrease * p.t * start.slope; };
  const auto flat_enough = [&](const Point& p) { return std::fabs(p.slope) <= -kCurvature * start.slope; };

  Point before = start, now = try_at(first), low, high;
  double wall = std::numeric_limits<double>::infinity();  // not finite from here on
  int tries = 0;
  for (;; ++tries) {
    if (!now.finite() && tries < kMostTries) {
      wall = now.t;
      now = try_at(before.t + 0.1 * (wall - before.t));
      continue;
    }
    if (too_high(now) || (tries > 1 && now.loss >= before.loss)) {
      low = before, high = now;
      break;
    }
    if (flat_enough(now)) return now;
    if (tries == kMostTries) {
      now.still_falling = now.slope < 0;
      return now;
    }
    if (now.slope >= 0) {
      low = before, high = now;
      break;
    }
    const double t = cubic_minimum(before.t, before.loss, before.slope, now.t, now.loss, now.slope,
                                   now.t + 0.01 * (now.t - before.t), std::min(now.t * 10, (now.t + wall) / 2));
    before = std::move(now);
    now = try_at(t);
  }

  // `first` and `second` keep their places: the interpolation is not symmetric in the last bits.
  Point ends[2] = {std::move(low), std::move(high)};
  int best = ends[0].loss <= ends[1].loss ? 0 : 1;
  bool stuck = false;
  for (; tries < kMostTries && now.moved; ++tries) {
    const double least = std::min(ends[0].t, ends[1].t), most = std::max(ends[0].t, ends[1].t);
    if (most - least < kNarrow * most) break;
    double t =
        cubic_minimum(ends[0].t, ends[0].loss, ends[0].slope, ends[1].t, ends[1].loss, ends[1].slope, least, most);
    const double margin = 0.1 * (most - least);
    const bool near_end = std::min(most - t, t - least) < margin;
    if (near_end && (stuck || t >= most || t <= least)) {
      t = std::fabs(t - most) < std::fabs(t - least) ? most - margin : least + margin;
      stuck = false;
    } else {
      stuck = near_end;
    }
    now = try_at(t);
    if (too_high(now) || now.loss >= ends[best].loss) {
      ends[1 - best] = std::move(now);
      best = ends[0].loss <= ends[1].loss ? 0 : 1;
      continue;
    }
    const bool done = flat_enough(now);
    if (!done && now.slope * (ends[1 - best].t - ends[best].t) >= 0) ends[1 - best] = std::move(ends[best]);
    ends[best] = std::move(now);
    if (done) break;
  }
  return std::move(ends[best]);
}

// The step as it is, or the half, the quarter, ... when the loss is not finite there. Length 0: it never was.
LBFGS::Point LBFGS::fixed_step(const Closure& closure, const Vector& from, double t, const Point& start) {
  for (int tries = 0; tries < kMostTries; ++tries, t /= 2)
    if (Point found = evaluate(closure, from, t, memory_.direction); found.finite()) return found;
  return start;
}

bool LBFGS::flat(const Vector& grad, double loss) const {
  const Memory& m = memory_;
  const double most = largest(grad), tolerance = options().tolerance_grad;
  if (most == 0) return true;
  if (line_search()) return !m.fresh() && most * m.largest <= tolerance * std::fabs(loss);
  return most * std::max(1.0, m.unit) <= tolerance * std::min(1.0, m.first_loss);
}

// The slope promises no change worth having.
bool LBFGS::flat_ahead(double slope, double loss) const {
  const Memory& m = memory_;
  const double tolerance = options().tolerance_change;
  if (line_search()) return !m.fresh() && -slope < tolerance * std::fabs(loss);
  const double scale = std::min(1.0, m.first_loss);
  // The direction is the gradient itself, so that the slope is its square.
  if (m.fresh()) return -slope * std::pow(std::max(1.0, m.unit), 2) < tolerance * scale * scale;
  return -slope < tolerance * scale;
}

// The last step changed the loss or the unknowns too little.
bool LBFGS::unchanged(const Vector& from, double before, double loss) const {
  const Memory& m = memory_;
  const double tolerance = options().tolerance_change;
  if (!line_search())
    return largest(m.direction) * std::fabs(m.t) <= tolerance * std::min(1.0, m.unit) ||
           std::fabs(loss - before) < tolerance * std::min(1.0, m.first_loss);
  if (std::fabs(loss - before) < tolerance * std::max(std::fabs(loss), std::fabs(before))) return true;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (!(std::fabs(m.t * m.direction[i]) <= tolerance * std::fabs(from[i]))) return false;
  return true;
}

// The last step() without line search left its last point for this one to evaluate. Back along it until it is finite.
Tensor LBFGS::go_back(const Closure& closure, double& loss, Vector& grad) {
  Memory& m = memory_;
  const Vector from = values();
  const double whole = m.t;
  const auto search_back = [&]() -> Tensor {
    for (int tries = 0; tries < kMostTries && whole != 0; ++tries) {
      m.t /= 2;
      assign(from, m.t - whole, m.direction);
      const Tensor found = evaluate(closure, loss, grad);
      if (std::isfinite(loss) && all_finite(grad)) return found;
    }
    assign(from, 0, from);
    return {};
  };
  return or_restore(search_back);
}

// The loss and the gradients where the parameters are.
Tensor LBFGS::start_point(const Closure& closure, double& loss, Vector& grad, const Location& at) {
  Memory& m = memory_;
  Tensor first = evaluate(closure, loss, grad);
  if (std::ranges::none_of(params(0), [](const Tensor& p) { return p.grad().defined(); }))
    ErrorReport(name().c_str(), "step: no parameter has a gradient after the closure", at)
        .help("the closure calls zero_grad(), computes the loss, calls loss.backward() and returns the loss")
        .autograd_error();
  if (!std::isfinite(loss) || !all_finite(grad)) {
    const double found = loss;
    if (m.iterations > 0 && !line_search()) first = go_back(closure, loss, grad);
    if (m.iterations == 0 || line_search() || !first.defined())
      invalid(std::isfinite(found) ? "step: a gradient is not finite at the start"
                                   : fmt::format("step: the loss is {} at the start", found),
              at);
  }
  const Vector x = values();
  if (m.iterations == 0) {
    m.unit = scale_of(x, grad);
    m.first_loss = loss == 0 ? largest(grad) * m.unit : std::fabs(loss);  // a loss that starts at 0 has a size, too
  }
  m.largest = std::max(m.largest, largest(x));
  return first;
}

LBFGSEnd LBFGS::iterate(const Closure& closure, double& loss, Vector& grad) {
  const LBFGSOptions& o = options();
  Memory& m = memory_;
  const std::int64_t most = o.max_eval > 0 ? o.max_eval.value : o.max_iter * 5 / 4;
  while (true) {
    ++m.iterations;
    ++result_.iterations;
    const auto [slope, t] = choose_direction(grad, loss);
    m.grad = grad;
    m.loss = loss;
    if (!(slope < 0)) return LBFGSEnd::no_decrease;
    if (flat_ahead(slope, loss)) return LBFGSEnd::change;

    const Vector from = values();
    const bool last = result_.iterations == o.max_iter;
    Point found = or_restore([&, slope = slope, t = t] {
      Point to{0, loss, grad, slope};
      if (line_search())
        to = search(closure, from, t, to);
      else if (!last)
        to = fixed_step(closure, from, t, to);
      else
        to.t = t;  // the next step() evaluates there
      assign(from, to.t, m.direction);
      return to;
    });
    m.t = found.t;
    loss = found.loss;
    grad = std::move(found.grad);
    m.largest = std::max(m.largest, largest(values()));
    if (m.t == 0 && m.pairs.empty()) {
      m.stuck_at = loss;
      return LBFGSEnd::no_decrease;
    }
    if (found.still_falling) {
      m.stuck_at = loss;
      return LBFGSEnd::unbounded;
    }
    if (m.t == 0) m.pairs.clear();
    if (last) return LBFGSEnd::max_iter;
    if (result_.evaluations >= most) return LBFGSEnd::max_eval;
    if (m.t == 0) continue;
    if (flat(grad, loss)) return LBFGSEnd::gradient;
    if (unchanged(from, m.loss, loss)) return LBFGSEnd::change;
  }
}

Tensor LBFGS::step(const Closure& closure, Location at) {
  if (!closure) invalid("step: the closure is empty", at);
  const detail::CallSite site(at);
  const detail::OptimizerSpan span("step", name(), at);
  result_ = {};
  double loss = 0;
  Vector grad;
  const Tensor first = start_point(closure, loss, grad, at);
  if (flat(grad, loss))
    result_.end = LBFGSEnd::gradient;
  else if (line_search() && loss == memory_.stuck_at)
    result_.end = LBFGSEnd::no_decrease;
  else
    result_.end = iterate(closure, loss, grad);
  return first;
}

std::string LBFGSResult::text() const {
  static const char* const kTexts[] = {"not run",
                                       "gradient below tolerance_grad",
                                       "change below tolerance_change",
                                       "max_iter reached",
                                       "max_eval reached",
                                       "nothing lower found",
                                       "no minimum: the loss falls without end along the last step"};
  return fmt::format("{} after {} iterations, {} evaluations", kTexts[static_cast<std::size_t>(end)], iterations,
                     evaluations);
}

NamedTensors LBFGS::shared_state() const {
  const Memory& m = memory_;
  const std::size_t n = m.grad.size();
  Vector inverse;
  for (const Pair& p : m.pairs) inverse.push_back(p.inverse);
  return {{"n_iter", full({}, m.iterations)},
          {"func_evals", full({}, m.evaluations)},
          {"old_dirs", as_tensor(m.pairs, &Pair::gradient, n)},
          {"old_stps", as_tensor(m.pairs, &Pair::step, n)},
          {"ro", from_vector(inverse)},
          {"d", from_vector(m.direction)},
          {"prev_flat_grad", from_vector(m.grad)},
          {"H_diag", full({}, m.diagonal, {kFloat64})},
          {"t", full({}, m.t, {kFloat64})},
          {"prev_loss", full({}, m.loss, {kFloat64})},
          {"scales", from_vector(Vector{m.first_loss, m.unit, m.largest, m.stuck_at})}};
}

std::vector<std::string> LBFGS::load_shared_state(const NamedTensors& state, bool commit, const Location& at) {
  static const char* const kNames[] = {"n_iter", "func_evals",     "old_dirs", "old_stps", "ro",
                                       "d",      "prev_flat_grad", "H_diag",   "t",        "prev_loss"};
  constexpr const char* kScales = "scales";  // not in the states of earlier releases
  std::map<std::string, Tensor> by_name;
  std::vector<std::string> unknown;
  for (const auto& [key, t] : state) {
    if (key == kScales || std::ranges::find(kNames, key) != std::end(kNames))
      by_name[key] = t;
    else
      unknown.push_back(key);
  }
  for (const char* name : kNames)
    if (!by_name.contains(name)) invalid(fmt::format("the state has no '{}'; nothing was loaded", name), at);
  std::int64_t n = 0;
  for (const Tensor& p : params(0)) n += p.numel();
  Memory m;
  m.iterations = by_name["n_iter"].item<std::int64_t>(at);
  m.evaluations = by_name["func_evals"].item<std::int64_t>(at);
  m.diagonal = by_name["H_diag"].item<double>(at);
  m.t = by_name["t"].item<double>(at);
  m.loss = by_name["prev_loss"].item<double>(at);
  if (m.iterations == 0) n = 0;
  const std::int64_t rows = by_name["ro"].numel();
  const auto require = [&](const char* name, const Shape& shape) {
    if (!(by_name[name].shape() == shape))
      invalid(fmt::format("'{}' has shape {}, not {}; nothing was loaded", name, to_string(by_name[name].shape()),
                          to_string(shape)),
              at);
  };
  require("old_dirs", {rows, n});
  require("old_stps", {rows, n});
  require("d", {n});
  require("prev_flat_grad", {n});
  if (by_name.contains(kScales)) {
    require(kScales, {4});
    const Vector scales = by_name[kScales].to_vector<double>();
    m.first_loss = scales[0], m.unit = scales[1], m.largest = scales[2], m.stuck_at = scales[3];
  } else {
    m.first_loss = m.loss == 0 ? 1 : std::fabs(m.loss);
  }
  if (rows == 0 && !by_name.contains(kScales)) m.diagonal = 0;
  if (!commit) return unknown;
  m.direction = by_name["d"].to_vector<double>();
  m.grad = by_name["prev_flat_grad"].to_vector<double>();
  const Vector gradients = by_name["old_dirs"].to_vector<double>(), steps = by_name["old_stps"].to_vector<double>(),
               inverse = by_name["ro"].to_vector<double>();
  const auto row = [n](const Vector& all, std::ptrdiff_t r) {
    return Vector(all.begin() + r * n, all.begin() + (r + 1) * n);
  };
  for (std::ptrdiff_t r = 0; r < rows; ++r)
    m.pairs.push_back({row(gradients, r), row(steps, r), inverse[static_cast<std::size_t>(r)]});
  memory_ = std::move(m);
  return unknown;
}

std::ostream& operator<<(std::ostream& os, const LBFGSResult& r) { return os << r.text(); }

}  // namespace xgrad::optim
