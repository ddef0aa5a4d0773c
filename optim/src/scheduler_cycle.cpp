#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/optim/scheduler_cycle.hpp>

namespace xgrad::optim {
namespace {

// One number for each group.
std::vector<double> spread(const char* op, const char* what, const PerGroup& p, std::size_t groups,
                           const Location& at) {
  if (p.values.size() == groups) return p.values;
  if (p.values.size() == 1) return std::vector<double>(groups, p.values[0]);
  ErrorReport(op, fmt::format("{} has {} values for {} groups", what, p.values.size(), groups), at).value_error();
}

// From start to end; way from 0 to 1.
double anneal(bool cosine, double start, double end, double way) {
  if (!cosine) return (end - start) * way + start;
  return end + (start - end) / 2.0 * (std::cos(std::numbers::pi * way) + 1);
}

void require_momentum(const char* op, const Optimizer& optimizer, const Location& at) {
  if (!optimizer.has_momentum())
    ErrorReport(op, fmt::format("{} has neither momentum nor betas to cycle", optimizer.name()), at)
        .help("pass .cycle_momentum = false")
        .value_error();
}

std::int64_t steps_of(const OneCycleLROptions& o, const Location& at) {
  if (o.total_steps != 0) {
    if (o.total_steps > 0) return o.total_steps;
    ErrorReport("OneCycleLR", fmt::format("total_steps must be positive, got {}", o.total_steps), at).value_error();
  }
  std::int64_t steps = 0;
  if (o.epochs > 0 && o.steps_per_epoch > 0 && !__builtin_mul_overflow(o.epochs, o.steps_per_epoch, &steps))
    return steps;
  ErrorReport("OneCycleLR",
              fmt::format("needs total_steps, or epochs and steps_per_epoch; got epochs {} and steps_per_epoch {}",
                          o.epochs, o.steps_per_epoch),
              at)
      .value_error();
}

}  // namespace

OneCycleLR::OneCycleLR(Optimizer& optimizer, PerGroup max_lr, OneCycleLROptions o, Location at)
    : LRScheduler(optimizer, "OneCycleLR", at),
      pct_start_(o.pct_start),
      cosine_(o.anneal_strategy == Anneal::cos),
      cycle_momentum_(o.cycle_momentum),
      three_phase_(o.three_phase) {
  total_steps_ = steps_of(o, at);
  if (!(pct_start_ >= 0 && pct_start_ <= 1))
    invalid(fmt::format("pct_start must be in [0, 1], got {}", pct_start_), at);
  if (!(o.div_factor > 0 && o.final_div_factor > 0))
    invalid(fmt::format("div_factor and final_div_factor must be positive, got {} and {}", o.div_factor,
                        o.final_div_factor),
            at);
  const std::size_t groups = optimizer.num_groups();
  max_ = spread("OneCycleLR", "max_lr", max_lr, groups, at);
  for (const double m : max_)
    if (!(m >= 0)) invalid(fmt::format("max_lr must be >= 0, got {}", m), at);
  if (cycle_momentum_) {
    require_momentum("OneCycleLR", optimizer, at);
    base_momentum_ = spread("OneCycleLR", "base_momentum", o.base_momentum, groups, at);
    max_momentum_ = spread("OneCycleLR", "max_momentum", o.max_momentum, groups, at);
    for (std::size_t g = 0; g < groups; ++g) optimizer.set_momentum(g, max_momentum_[g], at);
  }
  for (std::size_t g = 0; g < groups; ++g) {
    initial_.push_back(max_[g] / o.div_factor);
    min_.push_back(initial_[g] / o.final_div_factor);
    optimizer.set_initial_lr(g, initial_[g], at);
  }
  start(at);
}

OneCycleLR::Point OneCycleLR::at_step(std::size_t g, double step) const {
  const double total = static_cast<double>(total_steps_), top = cycle_momentum_ ? max_momentum_[g] : 0,
               bottom = cycle_momentum_ ? base_momentum_[g] : 0;
  const Point begin{0, initial_[g], top}, peak{pct_start_ * total - 1, max_[g], bottom}, end{total - 1, min_[g], top};
  const Point back{2 * pct_start_ * total - 2, initial_[g], top};
  const std::vector<Point> way =
      three_phase_ ? std::vector<Point>{begin, peak, back, end} : std::vector<Point>{begin, peak, end};
  for (std::size_t i = 1;; ++i) {
    if (step > way[i].end_step && i + 1 < way.size()) continue;
    const double length = way[i].end_step - way[i - 1].end_step;
    const double part = length != 0 ? (step - way[i - 1].end_step) / length : 1;  // a phase without steps is over
    // The step after the last, which PyTorch allows, would go below zero.
    return {step, std::max(0.0, anneal(cosine_, way[i - 1].lr, way[i].lr, part)),
            anneal(cosine_, way[i - 1].momentum, way[i].momentum, part)};
  }
}

std::vector<double> OneCycleLR::get_lr() {
  if (last_epoch_ > total_steps_)
    invalid(fmt::format("step {} is beyond the end of the cycle, total_steps = {}", last_epoch_, total_steps_),
            Location::current());
  std::vector<double> out;
  for (std::size_t g = 0; g < base_lrs_.size(); ++g) {
    const Point now = at_step(g, static_cast<double>(last_epoch_));
    out.push_back(now.lr);
    if (cycle_momentum_) optimizer().set_momentum(g, now.momentum);
  }
  return out;
}

std::vector<StateField> OneCycleLR::fields() {
  std::vector<StateField> f{{"total_steps", &total_steps_},
                            {"pct_start", &pct_start_},
                            {"cosine", &cosine_},
                            {"cycle_momentum", &cycle_momentum_},
                            {"three_phase", &three_phase_},
                            {"initial_lr", &initial_},
                            {"max_lr", &max_},
                            {"min_lr", &min_}};
  if (cycle_momentum_) {
    f.push_back({"base_momentum", &base_momentum_});
    f.push_back({"max_momentum", &max_momentum_});
  }
  return f;
}

CyclicLR::CyclicLR(Optimizer& optimizer, PerGroup base_lr, PerGroup max_lr, CyclicLROptions o, Location at)
    : LRScheduler(optimizer, "CyclicLR", at),
      gamma_(o.gamma),
      mode_(o.mode),
      scale_fn_(std::move(o.scale_fn)),
      by_cycle_(scale_fn_ ? o.scale_by_cycle : mode_ != CyclicMode::exp_range),
      cycle_momentum_(o.cycle_momentum) {
  if (!(o.step_size_up > 0)) invalid(fmt::format("step_size_up must be positive, got {}", o.step_size_up), at);
  if (!(o.step_size_down >= 0)) invalid(fmt::format("step_size_down must be >= 0, got {}", o.step_size_down), at);
  total_size_ = o.step_size_up + (o.step_size_down > 0 ? o.step_size_down : o.step_size_up);
  step_ratio_ = o.step_size_up / total_size_;
  const std::size_t groups = optimizer.num_groups();
  base_lrs_ = spread("CyclicLR", "base_lr", base_lr, groups, at);
  max_lrs_ = spread("CyclicLR", "max_lr", max_lr, groups, at);
  if (cycle_momentum_) {
    require_momentum("CyclicLR", optimizer, at);
    base_momentum_ = spread("CyclicLR", "base_momentum", o.base_momentum, groups, at);
    max_momentum_ = spread("CyclicLR", "max_momentum", o.max_momentum, groups, at);
  }
  for (std::size_t g = 0; g < groups; ++g) {
    optimizer.set_lr(g, base_lrs_[g], at);
    if (std::isnan(optimizer.initial_lr(g))) optimizer.set_initial_lr(g, base_lrs_[g]);
  }
  start(at);
}

double CyclicLR::scale(double x) const {
  if (scale_fn_) return scale_fn_(x);
  switch (mode_) {
    case CyclicMode::triangular:
      return 1;
    case CyclicMode::triangular2:
      return 1 / std::pow(2.0, x - 1);
    case CyclicMode::exp_range:
      return std::pow(gamma_, x);
  }
  return 1;
}

std::vector<double> CyclicLR::get_lr() {
  const double t = static_cast<double>(last_epoch_);
  const double cycle = std::floor(1 + t / total_size_), x = 1.0 + t / total_size_ - cycle;
  const double height = x <= step_ratio_ ? x / step_ratio_ : (x - 1) / (step_ratio_ - 1);
  const double by = scale(by_cycle_ ? cycle : t);
  std::vector<double> out;
  for (std::size_t g = 0; g < base_lrs_.size(); ++g) {
    out.push_back(base_lrs_[g] + (max_lrs_[g] - base_lrs_[g]) * height * by);
    if (cycle_momentum_)
      optimizer().set_momentum(g, max_momentum_[g] - (max_momentum_[g] - base_momentum_[g]) * height * by);
  }
  return out;
}

std::vector<StateField> CyclicLR::fields() {
  std::vector<StateField> f{
      {"total_size", &total_size_}, {"step_ratio", &step_ratio_},         {"gamma", &gamma_},
      {"max_lrs", &max_lrs_},       {"cycle_momentum", &cycle_momentum_}, {"by_cycle", &by_cycle_}};
  if (cycle_momentum_) {
    f.push_back({"base_momentum", &base_momentum_});
    f.push_back({"max_momentum", &max_momentum_});
  }
  return f;
}

}  // namespace xgrad::optim
