// get_lr() follows from the present rates, as PyTorch's chainable form does, so that the sequences agree to the last
// bit.
#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/optim/scheduler_decay.hpp>

namespace xgrad::optim {
namespace {

double real(std::int64_t i) { return static_cast<double>(i); }

}  // namespace

// ---- StepLR ----

StepLR::StepLR(Optimizer& optimizer, std::int64_t step_size, StepLROptions options, Location at)
    : LRScheduler(optimizer, "StepLR", at), step_size_(step_size), gamma_(options.gamma) {
  if (step_size < 1) invalid(fmt::format("step_size must be positive, got {}", step_size), at);
  start(at);
}
std::vector<double> StepLR::get_lr() {
  const bool now = last_epoch_ != 0 && last_epoch_ % step_size_ == 0;
  return from_present([&](double lr) { return now ? lr * gamma_ : lr; });
}
std::vector<double> StepLR::get_closed_form_lr() {
  return from_base([&](double base) { return base * std::pow(gamma_, real(last_epoch_ / step_size_)); });
}
std::vector<StateField> StepLR::fields() { return {{"step_size", &step_size_}, {"gamma", &gamma_}}; }

// ---- MultiStepLR ----

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<std::int64_t> milestones, MultiStepLROptions options,
                         Location at)
    : LRScheduler(optimizer, "MultiStepLR", at), milestones_(std::move(milestones)), gamma_(options.gamma) {
  std::ranges::sort(milestones_);
  if (!milestones_.empty() && milestones_.front() < 0)
    invalid(fmt::format("milestones must be >= 0, got {}", milestones_.front()), at);
  start(at);
}
std::vector<double> MultiStepLR::get_lr() {
  const auto times = std::ranges::count(milestones_, last_epoch_);
  if (times == 0) return from_present([](double lr) { return lr; });
  return from_present([&](double lr) { return lr * std::pow(gamma_, real(times)); });
}
std::vector<double> MultiStepLR::get_closed_form_lr() {
  const auto passed = std::ranges::upper_bound(milestones_, last_epoch_) - milestones_.begin();
  return from_base([&](double base) { return base * std::pow(gamma_, real(passed)); });
}
std::vector<StateField> MultiStepLR::fields() { return {{"gamma", &gamma_}}; }

// ---- ConstantLR ----

ConstantLR::ConstantLR(Optimizer& optimizer, ConstantLROptions options, Location at)
    : LRScheduler(optimizer, "ConstantLR", at), o_(options) {
  if (!(o_.factor > 0 && o_.factor <= 1)) invalid(fmt::format("factor must be in (0, 1], got {}", o_.factor), at);
  if (o_.total_iters < 0) invalid(fmt::format("total_iters must be >= 0, got {}", o_.total_iters), at);
  start(at);
}
std::vector<double> ConstantLR::get_lr() {
  if (o_.total_iters == 0) return from_present([](double lr) { return lr; });
  if (last_epoch_ == 0) return from_present([&](double lr) { return lr * o_.factor; });
  if (last_epoch_ != o_.total_iters) return from_present([](double lr) { return lr; });
  return from_present([&](double lr) { return lr * (1.0 / o_.factor); });
}
std::vector<double> ConstantLR::get_closed_form_lr() {
  const double over = last_epoch_ >= o_.total_iters ? 1 : 0;
  return from_base([&](double base) { return base * (o_.factor + over * (1 - o_.factor)); });
}
std::vector<StateField> ConstantLR::fields() { return {{"factor", &o_.factor}, {"total_iters", &o_.total_iters}}; }

// ---- LinearLR ----

LinearLR::LinearLR(Optimizer& optimizer, LinearLROptions options, Location at)
    : LRScheduler(optimizer, "LinearLR", at), o_(options) {
  if (!(o_.start_factor > 0 && o_.start_factor <= 1))
    invalid(fmt::format("start_factor must be in (0, 1], got {}", o_.start_factor), at);
  if (!(o_.end_factor >= 0 && o_.end_factor <= 1))
    invalid(fmt::format("end_factor must be in [0, 1], got {}", o_.end_factor), at);
  if (o_.total_iters < 1) invalid(fmt::format("total_iters must be positive, got {}", o_.total_iters), at);
  start(at);
}
std::vector<double> LinearLR::get_lr() {
  if (last_epoch_ == 0) return from_present([&](double lr) { return lr * o_.start_factor; });
  if (last_epoch_ > o_.total_iters) return from_present([](double lr) { return lr; });
  const double slope = o_.end_factor - o_.start_factor;
  const double before = real(o_.total_iters) * o_.start_factor + real(last_epoch_ - 1) * slope;
  const double factor = std::max(0.0, 1.0 + slope / before);  // rounding must not take it below 0
  return from_present([&](double lr) { return lr * factor; });
}
std::vector<double> LinearLR::get_closed_form_lr() {
  const double slope = o_.end_factor - o_.start_factor;
  const double way = real(std::min(o_.total_iters, last_epoch_)) / real(o_.total_iters);
  return from_base([&](double base) { return base * (o_.start_factor + slope * way); });
}
std::vector<StateField> LinearLR::fields() {
  return {{"start_factor", &o_.start_factor}, {"end_factor", &o_.end_factor}, {"total_iters", &o_.total_iters}};
}

// ---- ExponentialLR ----

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma, Location at)
    : LRScheduler(optimizer, "ExponentialLR", at), gamma_(gamma) {
  if (!(gamma >= 0)) invalid(fmt::format("gamma must be >= 0, got {}", gamma), at);
  start(at);
}
std::vector<double> ExponentialLR::get_lr() {
  return from_present([&](double lr) { return last_epoch_ == 0 ? lr : lr * gamma_; });
}
std::vector<double> ExponentialLR::get_closed_form_lr() {
  return from_base([&](double base) { return base * std::pow(gamma_, real(last_epoch_)); });
}
std::vector<StateField> ExponentialLR::fields() { return {{"gamma", &gamma_}}; }

// ---- PolynomialLR ----

PolynomialLR::PolynomialLR(Optimizer& optimizer, PolynomialLROptions options, Location at)
    : LRScheduler(optimizer, "PolynomialLR", at), o_(options) {
  if (o_.total_iters < 1) invalid(fmt::format("total_iters must be positive, got {}", o_.total_iters), at);
  if (!(o_.power >= 0)) invalid(fmt::format("power must be >= 0, got {}", o_.power), at);
  start(at);
}
std::vector<double> PolynomialLR::get_lr() {
  if (last_epoch_ == 0 || last_epoch_ > o_.total_iters) return from_present([](double lr) { return lr; });
  const double total = real(o_.total_iters);
  const double factor = std::pow((1.0 - real(last_epoch_) / total) / (1.0 - real(last_epoch_ - 1) / total), o_.power);
  return from_present([&](double lr) { return lr * factor; });
}
std::vector<double> PolynomialLR::get_closed_form_lr() {
  const double rest = 1.0 - real(std::min(o_.total_iters, last_epoch_)) / real(o_.total_iters);
  return from_base([&](double base) { return base * std::pow(rest, o_.power); });
}
std::vector<StateField> PolynomialLR::fields() { return {{"total_iters", &o_.total_iters}, {"power", &o_.power}}; }

// ---- CosineAnnealingLR ----

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, CosineAnnealingLROptions options,
                                     Location at)
    : LRScheduler(optimizer, "CosineAnnealingLR", at), t_max_(T_max), eta_min_(options.eta_min) {
  if (T_max < 1) invalid(fmt::format("T_max must be positive, got {}", T_max), at);
  start(at);
}
std::vector<double> CosineAnnealingLR::get_lr() {
  constexpr double pi = std::numbers::pi;
  if (last_epoch_ == 0) return from_present([](double lr) { return lr; });
  std::vector<double> out;
  for (std::size_t g = 0; g < base_lrs_.size(); ++g) {
    const double lr = optimizer().lr(g), span = base_lrs_[g] - eta_min_;
    // At the bottom the quotient below is 0 / 0: the next rate comes from the span.
    if ((last_epoch_ - 1 - t_max_) % (2 * t_max_) == 0) {
      out.push_back(lr + span * (1 - std::cos(pi / real(t_max_))) / 2);
      continue;
    }
    const double now = 1 + std::cos(pi * real(last_epoch_) / real(t_max_));
    const double before = 1 + std::cos(pi * real(last_epoch_ - 1) / real(t_max_));
    out.push_back(now / before * (lr - eta_min_) + eta_min_);
  }
  return out;
}
std::vector<double> CosineAnnealingLR::get_closed_form_lr() {
  const double way = 1 + std::cos(std::numbers::pi * real(last_epoch_) / real(t_max_));
  return from_base([&](double base) { return eta_min_ + (base - eta_min_) * way / 2; });
}
std::vector<StateField> CosineAnnealingLR::fields() { return {{"T_max", &t_max_}, {"eta_min", &eta_min_}}; }

// ---- CosineAnnealingWarmRestarts ----

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer, std::int64_t T_0,
                                                         CosineAnnealingWarmRestartsOptions options, Location at)
    : LRScheduler(optimizer, "CosineAnnealingWarmRestarts", at),
      t_0_(T_0),
      t_mult_(options.T_mult),
      eta_min_(options.eta_min),
      t_i_(real(T_0)),
      t_cur_(-1) {
  if (T_0 < 1) invalid(fmt::format("T_0 must be positive, got {}", T_0), at);
  if (t_mult_ < 1) invalid(fmt::format("T_mult must be >= 1, got {}", t_mult_), at);
  start(at);
}
std::vector<double> CosineAnnealingWarmRestarts::get_lr() {
  const double way = 1 + std::cos(std::numbers::pi * t_cur_ / t_i_);
  return from_base([&](double base) { return eta_min_ + (base - eta_min_) * way / 2; });
}
void CosineAnnealingWarmRestarts::advance() {
  if (last_epoch_ < 0) return go_to(0);
  ++last_epoch_;
  t_cur_ += 1;
  if (t_cur_ >= t_i_) {
    t_cur_ -= t_i_;
    t_i_ *= real(t_mult_);
  }
  set_rates(get_lr());
}
void CosineAnnealingWarmRestarts::jump(std::int64_t epoch) { go_to(real(epoch)); }
void CosineAnnealingWarmRestarts::step(double epoch, Location at) {
  constexpr double kLatest = 0x1p53;  // whole numbers are exact up to here
  if (!(epoch >= 0 && epoch <= kLatest)) invalid(fmt::format("epoch must be in [0, 2^53], got {}", epoch), at);
  const detail::CallSite site(at);
  go_to(epoch);
}
void CosineAnnealingWarmRestarts::go_to(double epoch) {
  // Period by period: a quotient of logarithms would miss a restart by its rounding.
  double restart = 0;
  t_i_ = real(t_0_);
  if (t_mult_ == 1) restart = epoch - std::fmod(epoch, t_i_);
  for (; epoch - restart >= t_i_; t_i_ *= real(t_mult_)) restart += t_i_;
  t_cur_ = epoch - restart;
  last_epoch_ = static_cast<std::int64_t>(std::floor(epoch));
  set_rates(get_lr());
}
std::vector<StateField> CosineAnnealingWarmRestarts::fields() {
  return {{"T_0", &t_0_}, {"T_mult", &t_mult_}, {"eta_min", &eta_min_}, {"T_i", &t_i_}, {"T_cur", &t_cur_}};
}

// ---- LambdaLR, MultiplicativeLR ----

std::vector<LRLambdas::Lambda> LRLambdas::of(const Optimizer& optimizer, const std::string& schedule,
                                             const Location& at) const {
  for (const Lambda& f : functions_)
    if (!f) ErrorReport(schedule.c_str(), "lr_lambda is empty", at).value_error();
  const std::size_t groups = optimizer.num_groups();
  if (shared_) return std::vector<Lambda>(groups, functions_[0]);
  if (functions_.size() != groups)
    ErrorReport(schedule.c_str(), fmt::format("{} functions for {} groups", functions_.size(), groups), at)
        .value_error();
  return functions_;
}

LambdaLR::LambdaLR(Optimizer& optimizer, LRLambdas lr_lambdas, Location at)
    : LRScheduler(optimizer, "LambdaLR", at), lambdas_(lr_lambdas.of(optimizer, name(), at)) {
  start(at);
}
std::vector<double> LambdaLR::get_lr() {
  std::vector<double> out;
  for (std::size_t g = 0; g < base_lrs_.size(); ++g) out.push_back(base_lrs_[g] * lambdas_[g](last_epoch_));
  return out;
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, LRLambdas lr_lambdas, Location at)
    : LRScheduler(optimizer, "MultiplicativeLR", at), lambdas_(lr_lambdas.of(optimizer, name(), at)) {
  start(at);
}
std::vector<double> MultiplicativeLR::get_lr() {
  std::vector<double> out;
  for (std::size_t g = 0; g < base_lrs_.size(); ++g)
    out.push_back(last_epoch_ > 0 ? optimizer().lr(g) * lambdas_[g](last_epoch_) : optimizer().lr(g));
  return out;
}

// ---- InvScalingLR ----

InvScalingLR::InvScalingLR(Optimizer& optimizer, InvScalingLROptions options, Location at)
    : LRScheduler(optimizer, "InvScalingLR", at), o_(options) {
  if (!(o_.power_t >= 0)) invalid(fmt::format("power_t must be >= 0, got {}", o_.power_t), at);
  if (o_.samples < 1) invalid(fmt::format("samples must be positive, got {}", o_.samples), at);
  start(at);
}
std::vector<double> InvScalingLR::get_lr() {
  const double by = std::pow(real(last_epoch_) * real(o_.samples) + 1, o_.power_t);
  return from_base([&](double base) { return base / by; });
}
std::vector<StateField> InvScalingLR::fields() { return {{"power_t", &o_.power_t}, {"samples", &o_.samples}}; }

}  // namespace xgrad::optim
