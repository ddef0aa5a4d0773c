// Schedules made of schedules.
#pragma once

#include <concepts>

#include <xgrad/optim/scheduler.hpp>

namespace xgrad::optim {

// A part of a composed schedule: a schedule moved in, or shared.
class SchedulerPart {
 public:
  template <std::derived_from<LRScheduler> S>
  SchedulerPart(S&& s) : scheduler(std::make_shared<S>(std::move(s))) {}  // NOLINT
  template <std::derived_from<LRScheduler> S>
  SchedulerPart(std::shared_ptr<S> s) : scheduler(std::move(s)) {}  // NOLINT
  std::shared_ptr<LRScheduler> scheduler;
};

// The first schedule until epoch milestones[0], then the second, begun at its epoch 0, and so on:
//
//   optim::SequentialLR scheduler(opt, {optim::LinearLR(opt), optim::CosineAnnealingLR(opt, 95)}, {5});
//
// A milestone of 0 begins with the second; of milestones that are equal the last one counts. ValueError: milestones
// that are negative, fall, or are not one fewer than the schedules; a ReduceLROnPlateau, which needs a value to step.
class XGRAD_API SequentialLR : public LRScheduler {
 public:
  SequentialLR(Optimizer& optimizer, std::vector<SchedulerPart> schedulers, std::vector<std::int64_t> milestones,
               Location at = Location::current());
  NamedTensors state_dict() const override;
  void step(Location at = Location::current()) override;
  void check_state_dict(const NamedTensors& state, Location at = Location::current()) const override;
  std::function<void()> prepare_state_dict(const NamedTensors& state, Location at = Location::current()) override;

 protected:
  std::vector<double> get_lr() override { return last_lr_; }
  void advance() override;
  void begin() override;
  void jump(std::int64_t epoch) override;

 private:
  std::size_t part_at(std::int64_t epoch) const;
  std::vector<SchedulerPart> parts_;
  std::vector<std::int64_t> milestones_;
};

// All schedules at every step, each changing what the others left. Of one optimizer; ValueError also for a
// ReduceLROnPlateau, which needs a value to step.
class XGRAD_API ChainedScheduler : public LRScheduler {
 public:
  explicit ChainedScheduler(std::vector<SchedulerPart> schedulers, Location at = Location::current());
  NamedTensors state_dict() const override;
  void step(Location at = Location::current()) override;
  void check_state_dict(const NamedTensors& state, Location at = Location::current()) const override;
  std::function<void()> prepare_state_dict(const NamedTensors& state, Location at = Location::current()) override;

 protected:
  std::vector<double> get_lr() override { return last_lr_; }
  void advance() override;
  void begin() override;
  void jump(std::int64_t epoch) override;

 private:
  std::vector<SchedulerPart> parts_;
};

}  // namespace xgrad::optim
