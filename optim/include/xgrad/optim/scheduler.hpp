// Learning-rate schedules: the base, and how to write one.
//
//   optim::SGD opt(net.parameters(), {.lr = 0.1, .momentum = 0.9});
//   optim::CosineAnnealingLR scheduler(opt, epochs);
//   for (int epoch = 0; epoch < epochs; ++epoch) {
//     ... one epoch of training ...
//     scheduler.step();
//   }
//
// A schedule sets the rates of its epoch 0 when it is made. It keeps a reference to the optimizer, which must outlive
// it. The sequences are PyTorch's, to the last bit: rates follow from those before, so schedules can be chained and
// rates changed by hand in between. A group added to the optimizer later is not scheduled.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

class XGRAD_API LRScheduler {
 public:
  virtual ~LRScheduler();
  LRScheduler(const LRScheduler&) = delete;             // one schedule drives the optimizer: pass LRScheduler&
  LRScheduler& operator=(const LRScheduler&) = delete;  // load_state_dict(other.state_dict())

  // To the next epoch (or batch: whatever the schedule counts).
  virtual void step(Location at = Location::current());

  const std::string& name() const { return name_; }  // "StepLR"
  std::int64_t last_epoch() const { return last_epoch_; }
  // The learning rate of each group as last set, and the one the schedule started from.
  const std::vector<double>& last_lr() const { return last_lr_; }
  const std::vector<double>& base_lrs() const { return base_lrs_; }
  Optimizer& optimizer(Location at = Location::current()) const;  // ValueError when it is gone

  // Where the schedule is, and its numbers ("last_epoch", "base_lrs", "gamma", ...). Functions are not in it.
  virtual NamedTensors state_dict() const;
  // Takes them over; the rates themselves are in the optimizer's state. ValueError lists everything that does not fit;
  // then nothing is changed.
  virtual void load_state_dict(const NamedTensors& state, Location at = Location::current());
  // Throws what load_state_dict would and changes nothing.
  virtual void check_state_dict(const NamedTensors& state, Location at = Location::current()) const;
  // The same, but what it returns takes the state over, once, before the schedule is used again, and does not throw.
  [[nodiscard]] virtual std::function<void()> prepare_state_dict(const NamedTensors& state,
                                                                 Location at = Location::current());

 protected:
  LRScheduler(Optimizer& optimizer, std::string name, Location at);
  LRScheduler(LRScheduler&&) noexcept = default;
  // At the end of the constructor: sets the rates of epoch 0. Rates count from the optimizer's initial_lr, which the
  // first schedule of an optimizer sets.
  void start(Location at);

  // The rates of epoch last_epoch(), from the optimizer's present ones.
  virtual std::vector<double> get_lr() = 0;
  // The same from base_lrs() and last_epoch() alone, for jumps.
  virtual std::vector<double> get_closed_form_lr() { return get_lr(); }
  // Further numbers to save.
  virtual std::vector<StateField> fields() { return {}; }
  // To epoch 0 from the rates as they are, to any epoch from base_lrs(); step() goes to the next.
  virtual void begin();
  virtual void advance();
  virtual void jump(std::int64_t epoch);

  // For the formulas: one rate from another, for each group.
  std::vector<double> from_present(const std::function<double(double lr)>& f) const;
  std::vector<double> from_base(const std::function<double(double base)>& f) const;
  void set_rates(std::vector<double> rates);
  [[noreturn]] void invalid(const std::string& rule, const Location& at) const;

  std::int64_t last_epoch_ = -1;
  std::vector<double> base_lrs_, last_lr_;

 private:
  std::vector<StateField> all_fields();
  std::vector<StateCopy> read(const NamedTensors& state, const Location& at) const;
  std::string name_;
  Optimizer* optimizer_;
  std::weak_ptr<const void> alive_;  // the optimizer is
  friend class SequentialLR;
  friend class ChainedScheduler;
};

// "StepLR(epoch 3, lr=0.1)"
XGRAD_API std::ostream& operator<<(std::ostream& os, const LRScheduler& s);

// A number for every group, or one for each: .max_lr = 0.1 or {0.1, 0.01}.
struct PerGroup {
  std::vector<double> values;
  PerGroup(double v) : values{v} {}                          // NOLINT
  PerGroup(std::initializer_list<double> v) : values(v) {}   // NOLINT
  PerGroup(std::vector<double> v) : values(std::move(v)) {}  // NOLINT
};

}  // namespace xgrad::optim
