#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/optim/levenberg_marquardt.hpp>
#include <xgrad/profiler.hpp>

#include "householder.hpp"

namespace xgrad::optim {
namespace {

using Vector = std::vector<double>;

// As in Ceres Solver: a step counts as one when the loss falls by this part of what was predicted; no column counts as
// shorter than this part of what shortest() says; bounds of the radius.
constexpr double kLeastGain = 1e-3, kShortest = 1e-3, kMostRadius = 1e16, kLeastRadius = 1e-32;

double dot(const double* a, const double* b, std::size_t n) { return std::inner_product(a, a + n, b, 0.0); }
double norm(const double* a, std::size_t n) { return std::sqrt(dot(a, a, n)); }

// lr times the s that minimises |J s + r|^2 + |D s|^2 / radius, and says by how much the linear model falls.
struct Trial {
  Vector step;
  double predicted;
};
Trial solve(const Vector& jacobian, const Vector& residuals, const Vector& floor, double radius, double lr) {
  const std::size_t m = residuals.size(), n = jacobian.size() / m, rows = m + n;
  Vector scale(n), a(rows * n), b(rows);
  for (std::size_t j = 0; j < n; ++j) {
    const double* column = jacobian.data() + j * m;
    const double length = std::max(norm(column, m), floor[j]);
    scale[j] = length > 0 ? 1 / length : 1;
    for (std::size_t i = 0; i < m; ++i) a[j * rows + i] = column[i] * scale[j];
    a[j * rows + m + j] = std::sqrt(1 / radius);
  }
  for (std::size_t i = 0; i < m; ++i) b[i] = -residuals[i];
  Trial t{solve_least_squares(std::move(a), std::move(b), n), 0};
  for (std::size_t j = 0; j < n; ++j) t.step[j] *= lr * scale[j];
  Vector change(m);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = 0; i < m; ++i) change[i] += jacobian[j * m + i] * t.step[j];
  for (std::size_t i = 0; i < m; ++i) t.predicted -= change[i] * (residuals[i] + change[i] / 2);
  return t;
}

}  // namespace

LevenbergMarquardt::LevenbergMarquardt(Params<LevenbergMarquardtOptions> params, LevenbergMarquardtOptions options,
                                       Location at)
    : OptimizerWith(params, options, at, "LevenbergMarquardt", {}) {
  check_options(num_groups() - 1, at);
}

void LevenbergMarquardtOptions::check(const OptionCheck& check) const {
  check.at_least_zero("tolerance_grad", tolerance_grad);
  check.at_least_zero("tolerance_change", tolerance_change);
  if (!(radius > 0) || std::isinf(radius)) check.fail(fmt::format("radius must be positive, got {}", radius.value));
  if (max_iter < 1) check.fail(fmt::format("max_iter must be positive, got {}", max_iter.value));
}

void LevenbergMarquardt::check_options(std::size_t group, const Location& at) const {
  if (group > 0) invalid("has no parameter groups: all parameters in one list", at);
  OptimizerWith::check_options(group, at);
}

void LevenbergMarquardt::step(Location at) { invalid("step needs a closure that returns the residuals", at); }
void LevenbergMarquardt::update(std::size_t, Tensor&, const Tensor&, State&) { step(Location::current()); }

Vector LevenbergMarquardt::values() const {
  Vector x;
  for (const Tensor& p : params(0)) {
    const Vector v = p.detach().to_vector<double>();
    x.insert(x.end(), v.begin(), v.end());
  }
  return x;
}

void LevenbergMarquardt::assign(const Vector& x) {
  const NoGradGuard off;
  auto from = x.begin();
  for (Tensor p : params(0)) {
    const auto end = from + p.numel();
    p.copy_(from_vector(Vector(from, end)).reshape(p.shape()));
    from = end;
  }
}

// The residuals at the present values of the parameters. An infinite loss: not all are finite.
Tensor LevenbergMarquardt::evaluate(const Closure& closure, Point& p, const Location& at) {
  const GradModeGuard on(true);
  ++result_.evaluations;
  const Tensor r = closure();
  require_defined("LevenbergMarquardt", r, at);
  require_floating("LevenbergMarquardt", r, at);
  p.x = values();
  p.residuals = r.detach().to_vector<double>();
  p.loss = dot(p.residuals.data(), p.residuals.data(), p.residuals.size()) / 2;
  if (!std::isfinite(p.loss)) p.loss = std::numeric_limits<double>::infinity();
  return r;
}

// With v' J = g(v), linear in v, a column of J is the derivative of one number of g: as many backward passes as there
// are unknowns. Where there are fewer residuals, their rows take fewer.
Vector LevenbergMarquardt::jacobian(const Tensor& residuals, const Location& at) const {
  const GradModeGuard on(true);
  const std::vector<Tensor> unknowns = params();
  const Tensor r = residuals.reshape({-1});
  if (!r.requires_grad()) invalid("the residuals depend on none of the parameters", at);
  const std::size_t m = static_cast<std::size_t>(r.numel());
  std::size_t n = 0;
  for (const Tensor& p : unknowns) n += static_cast<std::size_t>(p.numel());
  Vector j(n * m);
  if (n > m) {
    for (std::size_t i = 0; i < m; ++i) {
      std::size_t k = 0;
      for (const Tensor& g : grad(r.select(0, static_cast<std::int64_t>(i)), unknowns,
                                  {.retain_graph = true, .materialize_grads = true}, at))
        for (const double d : g.to_vector<double>()) j[k++ * m + i] = d;
    }
    return j;
  }
  const Tensor v = zeros(r.shape(), {r.dtype(), true});
  std::size_t k = 0;
  for (const Tensor& g : grad(r, unknowns, v, {.create_graph = true, .materialize_grads = true}, at)) {
    const Tensor flat = g.reshape({-1});
    for (std::int64_t e = 0; e < flat.numel(); ++e, ++k) {
      if (!flat.requires_grad()) continue;  // a parameter that the residuals do not use
      const Tensor column = grad(flat.select(0, e), v, {.retain_graph = true, .materialize_grads = true}, at)[0];
      std::ranges::copy(column.to_vector<double>(), j.begin() + static_cast<std::ptrdiff_t>(k * m));
    }
  }
  return j;
}

bool LevenbergMarquardt::orthogonal(const Point& p) const {
  const std::size_t m = p.residuals.size();
  const double size = norm(p.residuals.data(), m);
  for (std::size_t j = 0; j * m < p.jacobian.size(); ++j) {
    const double* column = p.jacobian.data() + j * m;
    if (std::fabs(dot(column, p.residuals.data(), m)) > options().tolerance_grad * norm(column, m) * size) return false;
  }
  return true;
}

// What the columns of J count as at least: a part of the longest that each was, and of the largest effect |J_k| |x_k|
// of an unknown. So an unknown that has nearly no effect here is not moved by many times itself.
Vector LevenbergMarquardt::shortest(const Point& p) const {
  const std::size_t m = p.residuals.size();
  double effect = 0;
  for (std::size_t j = 0; j < p.x.size(); ++j)
    effect = std::max(effect, norm(p.jacobian.data() + j * m, m) * std::fabs(p.x[j]));
  Vector floor = longest_;
  for (std::size_t j = 0; j < floor.size(); ++j) {
    if (p.x[j] != 0) floor[j] = std::max(floor[j], effect / std::fabs(p.x[j]));
    floor[j] *= kShortest;
  }
  return floor;
}

// One step that is tried. `best` and its residuals move when it lowers the loss.
LeastSquaresEnd LevenbergMarquardt::iterate(const Closure& closure, Point& best, Tensor& residuals,
                                            const Location& at) {
  const double tolerance = options().tolerance_change;
  if (best.jacobian.empty()) {
    best.jacobian = jacobian(residuals, at);
    residuals = residuals.detach();
    for (const double d : best.jacobian)
      if (!std::isfinite(d)) invalid("the derivatives of the residuals are not finite", at);
    const std::size_t m = best.residuals.size();
    longest_.resize(best.x.size());
    for (std::size_t j = 0; j < longest_.size(); ++j)
      longest_[j] = std::max(longest_[j], norm(best.jacobian.data() + j * m, m));
    if (orthogonal(best)) return LeastSquaresEnd::gradient;
  }
  const Trial trial = solve(best.jacobian, best.residuals, shortest(best), radius_, options().lr);
  Vector x = best.x;
  bool small = true;
  for (std::size_t i = 0; i < x.size(); ++i) {
    small = small && std::fabs(trial.step[i]) <= tolerance * std::fabs(x[i]);
    x[i] += trial.step[i];
  }
  if (small || !(trial.predicted > 0)) return LeastSquaresEnd::change;
  assign(x);
  Point next;
  const Tensor found = evaluate(closure, next, at);
  if (next.residuals.size() != best.residuals.size())
    invalid(fmt::format("{} residuals, {} before", next.residuals.size(), best.residuals.size()), at);
  if (next.x == best.x) return LeastSquaresEnd::change;  // below the precision of the parameters
  const double fall = best.loss - next.loss, gain = fall / trial.predicted;
  const bool flat = std::fabs(fall) <= tolerance * best.loss && trial.predicted <= tolerance * best.loss;
  if (gain > kLeastGain) {
    radius_ = std::min(kMostRadius, radius_ / std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3)));
    shrink_ = 2;
    best = std::move(next);
    residuals = found;
  } else {
    radius_ /= shrink_;
    shrink_ *= 2;
    if (radius_ < kLeastRadius) return LeastSquaresEnd::change;
  }
  return flat ? LeastSquaresEnd::loss_change : LeastSquaresEnd::not_run;
}

Tensor LevenbergMarquardt::step(const Closure& closure, Location at) {
  const xgrad::detail::CallSite site(at);
  if (!closure) invalid("step: the closure is empty", at);
  check_options(0, at);
  const LevenbergMarquardtOptions& o = options();
  result_ = {};
  if (radius_ == 0) radius_ = o.radius;
  Point best;
  Tensor residuals = evaluate(closure, best, at);
  if (best.residuals.empty()) invalid("there are no residuals", at);
  if (std::isinf(best.loss)) invalid("the residuals are not finite at the start", at);
  const double before = best.loss;
  try {
    while (result_.end == LeastSquaresEnd::not_run) {
      if (result_.iterations == o.max_iter) {
        result_.end = LeastSquaresEnd::max_iter;
        break;
      }
      ++result_.iterations;
      result_.end = iterate(closure, best, residuals, at);
    }
  } catch (...) {
    assign(best.x);
    throw;
  }
  assign(best.x);
  result_.loss = best.loss;
  return full({}, before, {params(0)[0].dtype()});
}

NamedTensors LevenbergMarquardt::shared_state() const {
  return {{"radius", full({}, radius_, {kFloat64})},
          {"shrink", full({}, shrink_, {kFloat64})},
          {"longest", from_vector(longest_)}};
}

std::vector<std::string> LevenbergMarquardt::load_shared_state(const NamedTensors& state, bool commit,
                                                               const Location& at) {
  std::vector<std::string> unknown;
  double radius = 0, shrink = 2;
  Vector longest;
  for (const auto& [key, t] : state) {
    if (key == "longest") {
      longest = t.to_vector<double>();
    } else if (key != "radius" && key != "shrink") {
      unknown.push_back(key);
    } else {
      if (t.numel() != 1) invalid(fmt::format("{} has shape {}, not one number", key, to_string(t.shape())), at);
      (key == "radius" ? radius : shrink) = t.item<double>();
    }
  }
  if (!(radius >= 0 && shrink >= 2) || std::isinf(radius))
    invalid(fmt::format("radius {} and shrink {} are not those of a run; nothing was loaded", radius, shrink), at);
  if (!longest.empty() && longest.size() != values().size())
    invalid(fmt::format("longest has {} numbers for {} unknowns; nothing was loaded", longest.size(), values().size()),
            at);
  if (commit) {
    radius_ = radius;
    shrink_ = shrink;
    longest_ = std::move(longest);
  }
  return unknown;
}

std::string LeastSquaresResult::text() const {
  static constexpr const char* kEnds[] = {"not run", "gradient below tolerance_grad",
                                          "loss changed less than tolerance_change",
                                          "unknowns changed less than tolerance_change", "max_iter reached"};
  return fmt::format("{} after {} iterations, {} evaluations, loss {:.6g}", kEnds[static_cast<int>(end)], iterations,
                     evaluations, loss);
}
std::ostream& operator<<(std::ostream& os, const LeastSquaresResult& r) { return os << r.text(); }

}  // namespace xgrad::optim
