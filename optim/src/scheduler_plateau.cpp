#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/optim/scheduler_plateau.hpp>

namespace xgrad::optim {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, ReduceLROnPlateauOptions o, Location at)
    : LRScheduler(optimizer, "ReduceLROnPlateau", at),
      maximize_(o.mode == PlateauMode::max),
      relative_(o.threshold_mode == ThresholdMode::rel),
      factor_(o.factor),
      threshold_(o.threshold),
      eps_(o.eps),
      best_(maximize_ ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity()),
      patience_(o.patience),
      cooldown_(o.cooldown),
      min_lrs_(std::move(o.min_lr.values)) {
  if (!(factor_ >= 0 && factor_ < 1)) invalid(fmt::format("factor must be in [0, 1), got {}", factor_), at);
  if (patience_ < 0) invalid(fmt::format("patience must be >= 0, got {}", patience_), at);
  if (cooldown_ < 0) invalid(fmt::format("cooldown must be >= 0, got {}", cooldown_), at);
  const std::size_t groups = optimizer.num_groups();
  if (min_lrs_.size() == 1) min_lrs_.assign(groups, min_lrs_[0]);
  if (min_lrs_.size() != groups)
    invalid(fmt::format("min_lr has {} values for {} groups", min_lrs_.size(), groups), at);
  for (std::size_t g = 0; g < groups; ++g) base_lrs_.push_back(optimizer.lr(g));
  last_lr_ = base_lrs_;
  last_epoch_ = 0;
}

void ReduceLROnPlateau::step(Location at) { invalid("step needs the watched value: step(validation_loss)", at); }

bool ReduceLROnPlateau::better(double metric) const {
  if (maximize_) return metric > (relative_ ? best_ * (threshold_ + 1) : best_ + threshold_);
  return metric < (relative_ ? best_ * (1 - threshold_) : best_ - threshold_);
}

void ReduceLROnPlateau::step(double metric, Location at) {
  const detail::CallSite site(at);
  ++last_epoch_;
  if (better(metric)) {
    best_ = metric;
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooling_ > 0) {
    --cooling_;
    bad_ = 0;
  }
  if (bad_ > patience_) {
    reduce();
    cooling_ = cooldown_;
    bad_ = 0;
  }
  for (std::size_t g = 0; g < last_lr_.size(); ++g) last_lr_[g] = optimizer().lr(g);
}

void ReduceLROnPlateau::reduce() {
  for (std::size_t g = 0; g < min_lrs_.size(); ++g) {
    const double old = optimizer().lr(g), lr = std::max(old * factor_, min_lrs_[g]);
    if (old - lr > eps_) optimizer().set_lr(g, lr);
  }
}

std::vector<double> ReduceLROnPlateau::get_lr() {
  return from_present([](double lr) { return lr; });
}

std::vector<StateField> ReduceLROnPlateau::fields() {
  return {{"maximize", &maximize_},   {"relative", &relative_}, {"factor", &factor_},
          {"threshold", &threshold_}, {"eps", &eps_},           {"best", &best_},
          {"patience", &patience_},   {"cooldown", &cooldown_}, {"cooldown_counter", &cooling_},
          {"num_bad_epochs", &bad_},  {"min_lrs", &min_lrs_}};
}

// ---- AdaptiveLR ----

AdaptiveLR::AdaptiveLR(Optimizer& optimizer, AdaptiveLROptions o, Location at)
    : LRScheduler(optimizer, "AdaptiveLR", at), o_(o), best_(std::numeric_limits<double>::infinity()) {
  if (!(o.tol >= 0)) invalid(fmt::format("tol must be >= 0, got {}", o.tol), at);
  if (o.n_iter_no_change < 0) invalid(fmt::format("n_iter_no_change must be >= 0, got {}", o.n_iter_no_change), at);
  if (!(o.factor >= 0 && o.factor < 1)) invalid(fmt::format("factor must be in [0, 1), got {}", o.factor), at);
  if (!(o.min_lr >= 0)) invalid(fmt::format("min_lr must be >= 0, got {}", o.min_lr), at);
  for (std::size_t g = 0; g < optimizer.num_groups(); ++g) base_lrs_.push_back(optimizer.lr(g));
  last_lr_ = base_lrs_;
  last_epoch_ = 0;
}

void AdaptiveLR::step(Location at) { invalid("step needs the training loss: step(loss)", at); }

bool AdaptiveLR::step(double loss, Location at) {
  const detail::CallSite site(at);
  Optimizer& opt = optimizer();
  ++last_epoch_;
  bad_ = loss <= best_ - o_.tol ? 0 : bad_ + 1;
  if (loss < best_) best_ = loss;
  bool over = false;
  if (bad_ > o_.n_iter_no_change) {
    over = true;
    for (std::size_t g = 0; g < last_lr_.size(); ++g) over = over && opt.lr(g) <= o_.min_lr;
    for (std::size_t g = 0; g < last_lr_.size() && !over; ++g) opt.set_lr(g, opt.lr(g) * o_.factor);
    if (!over) bad_ = 0;
  }
  for (std::size_t g = 0; g < last_lr_.size(); ++g) last_lr_[g] = opt.lr(g);
  return over;
}

std::vector<double> AdaptiveLR::get_lr() {
  return from_present([](double lr) { return lr; });
}

std::vector<StateField> AdaptiveLR::fields() {
  return {{"tol", &o_.tol},       {"n_iter_no_change", &o_.n_iter_no_change},
          {"factor", &o_.factor}, {"min_lr", &o_.min_lr},
          {"best", &best_},       {"num_bad_epochs", &bad_}};
}

}  // namespace xgrad::optim
