// Schedules that multiply, lower or anneal the rates. b: base rate of a group, e: epoch, from 0.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/optim/scheduler.hpp>

namespace xgrad::optim {

// What stands for the options of a schedule that has but one.
template <class T>
concept Number = std::floating_point<T> ||(std::integral<T> && !std::same_as<T, bool>);

struct StepLROptions {
  double gamma = 0.1;
};
// b gamma^floor(e / step_size).
class XGRAD_API StepLR : public LRScheduler {
 public:
  explicit StepLR(...) = delete;  // options by name: optim::StepLR(opt, 30, {.gamma = 0.1})
  StepLR(Optimizer& optimizer, std::int64_t step_size, StepLROptions options = {}, Location at = Location::current());
  StepLR(Optimizer& optimizer, std::int64_t step_size, Number auto gamma, Location at = Location::current())
      : StepLR(optimizer, step_size, StepLROptions{static_cast<double>(gamma)}, at) {}

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  std::int64_t step_size_;
  double gamma_;
};

struct MultiStepLROptions {
  double gamma = 0.1;
};
// Multiplies by gamma at each of the milestones (one that is listed twice counts twice; 0 counts at once). ValueError
// for a negative one.
class XGRAD_API MultiStepLR : public LRScheduler {
 public:
  explicit MultiStepLR(...) = delete;  // options by name: optim::MultiStepLR(opt, {30, 80}, {.gamma = 0.1})
  MultiStepLR(Optimizer& optimizer, std::vector<std::int64_t> milestones, MultiStepLROptions options = {},
              Location at = Location::current());
  MultiStepLR(Optimizer& optimizer, std::vector<std::int64_t> milestones, Number auto gamma,
              Location at = Location::current())
      : MultiStepLR(optimizer, std::move(milestones), MultiStepLROptions{static_cast<double>(gamma)}, at) {}

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  std::vector<std::int64_t> milestones_;  // in order
  double gamma_;
};

struct ConstantLROptions {
  ByName by_name = ByName();
  double factor = 1.0 / 3;  // in (0, 1]
  std::int64_t total_iters = 5;
};
// b factor until epoch total_iters, then b; with total_iters 0 always b.
class XGRAD_API ConstantLR : public LRScheduler {
 public:
  explicit ConstantLR(Optimizer& optimizer, ConstantLROptions options = {}, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  ConstantLROptions o_;
};

struct LinearLROptions {
  ByName by_name = ByName();
  double start_factor = 1.0 / 3;  // in (0, 1]
  double end_factor = 1;          // in [0, 1]
  std::int64_t total_iters = 5;
};
// b times a factor that goes linearly from start_factor to end_factor in total_iters epochs: warm-up.
class XGRAD_API LinearLR : public LRScheduler {
 public:
  explicit LinearLR(Optimizer& optimizer, LinearLROptions options = {}, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  LinearLROptions o_;
};

// b gamma^e.
class XGRAD_API ExponentialLR : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, double gamma, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  double gamma_;
};

struct PolynomialLROptions {
  ByName by_name = ByName();
  std::int64_t total_iters = 5;
  double power = 1;
};
// b (1 - min(e, total_iters) / total_iters)^power.
class XGRAD_API PolynomialLR : public LRScheduler {
 public:
  explicit PolynomialLR(Optimizer& optimizer, PolynomialLROptions options = {}, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  PolynomialLROptions o_;
};

struct CosineAnnealingLROptions {
  double eta_min = 0;
};
// eta_min + (b - eta_min) (1 + cos(pi e / T_max)) / 2; rises again after T_max. Loshchilov & Hutter 2017, without the
// restarts.
class XGRAD_API CosineAnnealingLR : public LRScheduler {
 public:
  explicit CosineAnnealingLR(...) = delete;  // options by name: optim::CosineAnnealingLR(opt, 50, {.eta_min = 1e-5})
  CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, CosineAnnealingLROptions options = {},
                    Location at = Location::current());
  CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, Number auto eta_min, Location at = Location::current())
      : CosineAnnealingLR(optimizer, T_max, CosineAnnealingLROptions{static_cast<double>(eta_min)}, at) {}

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  std::int64_t t_max_;
  double eta_min_;
};

struct CosineAnnealingWarmRestartsOptions {
  ByName by_name = ByName();
  std::int64_t T_mult = 1;  // each period is this many times the one before
  double eta_min = 0;
};
// eta_min + (b - eta_min) (1 + cos(pi c / T)) / 2 with c epochs since the last restart and the period T, at first T_0.
// Loshchilov & Hutter 2017.
class XGRAD_API CosineAnnealingWarmRestarts : public LRScheduler {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, std::int64_t T_0, CosineAnnealingWarmRestartsOptions options = {},
                              Location at = Location::current());
  using LRScheduler::step;
  // To any point of time from 0 to 2^53, also between epochs: step(epoch + batch / batches). ValueError outside.
  void step(double epoch, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<StateField> fields() override;
  void advance() override;
  void jump(std::int64_t epoch) override;

 private:
  void go_to(double epoch);
  std::int64_t t_0_, t_mult_;
  double eta_min_, t_i_, t_cur_;
};

// A function of the epoch for all groups, or one for each.
class XGRAD_API LRLambdas {
 public:
  using Lambda = std::function<double(std::int64_t epoch)>;
  template <std::convertible_to<Lambda> F>
  LRLambdas(F lr_lambda) : functions_{Lambda(std::move(lr_lambda))}, shared_(true) {}  // NOLINT
  LRLambdas(std::vector<Lambda> lr_lambdas) : functions_(std::move(lr_lambdas)) {}     // NOLINT
  LRLambdas(std::initializer_list<Lambda> lr_lambdas) : functions_(lr_lambdas) {}      // NOLINT
  // One for each group. ValueError: an empty function, another number of them.
  std::vector<Lambda> of(const Optimizer& optimizer, const std::string& schedule, const Location& at) const;

 private:
  std::vector<Lambda> functions_;
  bool shared_ = false;
};

// b times f(e). One function, or one for each group.
class XGRAD_API LambdaLR : public LRScheduler {
 public:
  using Lambda = LRLambdas::Lambda;
  LambdaLR(Optimizer& optimizer, LRLambdas lr_lambdas, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;

 private:
  std::vector<Lambda> lambdas_;
};

// The rate of the epoch before times f(e), from epoch 1 on. One function, or one for each group.
class XGRAD_API MultiplicativeLR : public LRScheduler {
 public:
  using Lambda = LRLambdas::Lambda;
  MultiplicativeLR(Optimizer& optimizer, LRLambdas lr_lambdas, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;

 private:
  std::vector<Lambda> lambdas_;
};

struct InvScalingLROptions {
  ByName by_name = ByName();
  double power_t = 0.5;
  std::int64_t samples = 1;  // examples that a step() stands for: scikit-learn counts them, one step an epoch
};
// b / (samples e + 1)^power_t: scikit-learn's learning_rate="invscaling". ValueError for a power_t below 0, or no
// samples.
class XGRAD_API InvScalingLR : public LRScheduler {
 public:
  explicit InvScalingLR(Optimizer& optimizer, InvScalingLROptions options = {}, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<StateField> fields() override;

 private:
  InvScalingLROptions o_;
};

}  // namespace xgrad::optim
