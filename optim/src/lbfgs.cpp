#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/optim/lbfgs.hpp>

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

// The minimum of the cubic with these values and slopes at a and b, kept within [low, high].
double cubic_minimum(double a, double fa, double ga, double b, double fb, double gb, double low, double high) {
  const double d1 = ga + gb - 3 * (fa - fb) / (a - b), square = d1 * d1 - ga * gb;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double at = a <= b ? b - (b - a) * ((gb + d2 - d1) / (gb - ga + 2 * d2))
                           : a - (a - b) * ((ga + d2 - d1) / (ga - gb + 2 * d2));
  return std::min(std::max(at, low), high);
}

Tensor as_tensor(const std::deque<Vector>& rows, std::size_t columns) {
  Vector all;
  for (const Vector& r : rows) all.insert(all.end(), r.begin(), r.end());
  return from_vector(all, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns)});
}

}  // namespace

LBFGS::LBFGS(const std::vector<Tensor>& params, LBFGSOptions options, Location at) : OptimizerWith("LBFGS", {}) {
  start(params, options, at);
}

void LBFGS::check(const LBFGSOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("tolerance_grad", o.tolerance_grad, at);
  require_at_least_zero("tolerance_change", o.tolerance_change, at);
  if (o.max_iter < 1) invalid(fmt::format("max_iter must be positive, got {}", o.max_iter.value), at);
  if (o.max_eval < 0) invalid(fmt::format("max_eval must be >= 0, got {}", o.max_eval.value), at);
  if (o.history_size < 1) invalid(fmt::format("history_size must be positive, got {}", o.history_size.value), at);
  if (num_groups() > 0 && &o != &this->options(0)) invalid("has no parameter groups: all parameters in one", at);
}

void LBFGS::step() { invalid("step needs a closure that computes the loss and calls backward()", Location::current()); }
void LBFGS::update(std::size_t, Tensor&, const Tensor&, State&) { step(); }

LBFGS::Vector LBFGS::flat(bool gradients) const {
  Vector out;
  for (const Tensor& p : params(0)) {
    const Tensor t = gradients ? p.grad() : p.detach();
    if (!t.defined())
      out.resize(out.size() + static_cast<std::size_t>(p.numel()));
    else {
      const Vector v = t.to_vector<double>();
      out.insert(out.end(), v.begin(), v.end());
    }
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

LBFGS::Point LBFGS::evaluate(const Closure& closure, const Vector& from, double t, const Vector& direction) {
  assign(from, t, direction);
  const GradModeGuard on(true);
  const double loss = closure().item<double>();
  Vector grad = flat(true);
  const double slope = dot(grad, direction);
  return {t, loss, std::move(grad), slope};
}

// The two-loop recursion: the direction from the gradient and the changes so far.
void LBFGS::next_direction(const Vector& grad) {
  Memory& m = memory_;
  Vector change = grad, step = m.direction;
  add(change, -1, m.grad);
  for (double& s : step) s *= m.t;
  if (const double curvature = dot(change, step); curvature > 1e-10) {
    if (static_cast<std::int64_t>(m.gradients.size()) == options().history_size) {
      m.gradients.pop_front();
      m.steps.pop_front();
      m.inverse.pop_front();
    }
    m.diagonal = curvature / dot(change, change);
    m.inverse.push_back(1 / curvature);
    m.gradients.push_back(std::move(change));
    m.steps.push_back(std::move(step));
  }
  Vector d = grad, alpha(m.gradients.size());
  for (double& x : d) x = -x;
  for (std::size_t i = alpha.size(); i-- > 0;) {
    alpha[i] = dot(m.steps[i], d) * m.inverse[i];
    add(d, -alpha[i], m.gradients[i]);
  }
  for (double& x : d) x *= m.diagonal;
  for (std::size_t i = 0; i < alpha.size(); ++i) add(d, alpha[i] - dot(m.gradients[i], d) * m.inverse[i], m.steps[i]);
  m.direction = std::move(d);
}

// A step length with enough decrease and a flat enough slope: first a bracket, then narrowed.
LBFGS::Point LBFGS::search(const Closure& closure, const Vector& from, Point now, const Point& start,
                           std::int64_t& evaluations) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9, kSmallest = 1e-9;
  constexpr int kMost = 25;
  const Vector& d = memory_.direction;
  const auto try_at = [&](double t) {
    ++evaluations;
    return evaluate(closure, from, t, d);
  };
  const auto too_high = [&](const Point& p) { return p.loss > start.loss + kDecrease * p.t * start.slope; };
  const auto flat_enough = [&](const Point& p) { return std::fabs(p.slope) <= -kCurvature * start.slope; };

  Point before = start, low, high;
  int tries = 0;
  for (;; ++tries) {
    if (tries == kMost) {
      low = start, high = now;
      break;
    }
    if (too_high(now) || (tries > 1 && now.loss >= before.loss)) {
      low = before, high = now;
      break;
    }
    if (flat_enough(now)) return now;
    if (now.slope >= 0) {
      low = before, high = now;
      break;
    }
    const double t = cubic_minimum(before.t, before.loss, before.slope, now.t, now.loss, now.slope,
                                   now.t + 0.01 * (now.t - before.t), now.t * 10);
    before = std::move(now);
    now = try_at(t);
  }

  // `first` and `second` keep their places: the interpolation is not symmetric in the last bits.
  Point ends[2] = {std::move(low), std::move(high)};
  int best = ends[0].loss <= ends[1].loss ? 0 : 1;
  bool stuck = false;
  for (; tries < kMost; ++tries) {
    const double least = std::min(ends[0].t, ends[1].t), most = std::max(ends[0].t, ends[1].t);
    if ((most - least) * largest(d) < kSmallest) break;
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

Tensor LBFGS::step(const Closure& closure, Location at) {
  if (!closure) invalid("step: the closure is empty", at);
  const LBFGSOptions& o = options();
  Memory& m = memory_;
  const std::int64_t most = o.max_eval > 0 ? o.max_eval.value : o.max_iter * 5 / 4;
  Tensor first;
  {
    const GradModeGuard on(true);
    first = closure();
  }
  double loss = first.item<double>();
  Vector grad = flat(true);
  std::int64_t evaluations = 1;
  ++m.evaluations;
  if (largest(grad) <= o.tolerance_grad) return first;

  for (std::int64_t n = 1;; ++n) {
    if (++m.iterations == 1) {
      m.direction = grad;
      for (double& x : m.direction) x = -x;
    } else {
      next_direction(grad);
    }
    m.grad = grad;
    m.loss = loss;
    double norm = 0;
    for (const double g : grad) norm += std::fabs(g);
    m.t = m.iterations == 1 ? std::min(1.0, 1.0 / norm) * o.lr : o.lr.value;
    const double slope = dot(grad, m.direction);
    if (slope > -o.tolerance_change) break;

    const Vector from = flat(false);
    std::int64_t used = 0;
    bool flat_now = false;
    if (o.line_search_fn == LineSearch::strong_wolfe) {
      ++used;
      Point found = search(closure, from, evaluate(closure, from, m.t, m.direction), {0, loss, grad, slope}, used);
      m.t = found.t;
      loss = found.loss;
      grad = std::move(found.grad);
      assign(from, m.t, m.direction);
      flat_now = largest(grad) <= o.tolerance_grad;
    } else if (n != o.max_iter) {
      Point found = evaluate(closure, from, m.t, m.direction);
      used = 1;
      loss = found.loss;
      grad = std::move(found.grad);
      flat_now = largest(grad) <= o.tolerance_grad;
    } else {
      assign(from, m.t, m.direction);  // the next step() evaluates here
    }
    evaluations += used;
    m.evaluations += used;
    if (n == o.max_iter || evaluations >= most || flat_now) break;
    if (largest(m.direction) * std::fabs(m.t) <= o.tolerance_change) break;
    if (std::fabs(loss - m.loss) < o.tolerance_change) break;
  }
  return first;
}

NamedTensors LBFGS::shared_state() const {
  const Memory& m = memory_;
  const std::size_t n = m.grad.size();
  return {{"n_iter", full({}, m.iterations)},
          {"func_evals", full({}, m.evaluations)},
          {"old_dirs", as_tensor(m.gradients, n)},
          {"old_stps", as_tensor(m.steps, n)},
          {"ro", from_vector(Vector(m.inverse.begin(), m.inverse.end()))},
          {"d", from_vector(m.direction)},
          {"prev_flat_grad", from_vector(m.grad)},
          {"H_diag", full({}, m.diagonal, {kFloat64})},
          {"t", full({}, m.t, {kFloat64})},
          {"prev_loss", full({}, m.loss, {kFloat64})}};
}

std::vector<std::string> LBFGS::load_shared_state(const NamedTensors& state, bool commit, const Location& at) {
  static const char* const kNames[] = {"n_iter", "func_evals",     "old_dirs", "old_stps", "ro",
                                       "d",      "prev_flat_grad", "H_diag",   "t",        "prev_loss"};
  std::map<std::string, Tensor> by_name;
  std::vector<std::string> unknown;
  for (const auto& [key, t] : state) {
    if (std::ranges::find(kNames, key) != std::end(kNames))
      by_name[key] = t;
    else
      unknown.push_back(key);
  }
  for (const char* name : kNames)
    if (!by_name.contains(name)) invalid(fmt::format("the state lacks '{}'; nothing was loaded", name), at);
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
  if (!commit) return unknown;
  m.direction = by_name["d"].to_vector<double>();
  m.grad = by_name["prev_flat_grad"].to_vector<double>();
  for (const double r : by_name["ro"].to_vector<double>()) m.inverse.push_back(r);
  const Vector gradients = by_name["old_dirs"].to_vector<double>(), steps = by_name["old_stps"].to_vector<double>();
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    m.gradients.emplace_back(gradients.begin() + r * n, gradients.begin() + (r + 1) * n);
    m.steps.emplace_back(steps.begin() + r * n, steps.begin() + (r + 1) * n);
  }
  memory_ = std::move(m);
  return unknown;
}

}  // namespace xgrad::optim
