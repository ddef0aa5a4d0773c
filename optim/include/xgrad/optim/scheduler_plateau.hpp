#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/scheduler.hpp>

namespace xgrad::optim {

enum class PlateauMode { min, max };
inline std::ostream& operator<<(std::ostream& os, PlateauMode v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"min", "max"});
}
enum class ThresholdMode { rel, abs };
inline std::ostream& operator<<(std::ostream& os, ThresholdMode v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"rel", "abs"});
}

struct ReduceLROnPlateauOptions {
  ByName by_name = ByName();
  PlateauMode mode = PlateauMode::min;  // what counts as better: smaller (a loss) or larger (an accuracy)
  double factor = 0.1;                  // below 1
  std::int64_t patience = 10;           // epochs without improvement that are tolerated
  double threshold = 1e-4;              // how much better counts: relative to the best value, or absolute
  ThresholdMode threshold_mode = ThresholdMode::rel;
  std::int64_t cooldown = 0;  // epochs after a reduction in which nothing is counted
  PerGroup min_lr = 0.0;
  double eps = 1e-8;  // a reduction by no more than this is left out
};
// Multiplies the rates by factor when a watched value has not improved for more than `patience` epochs.
class XGRAD_API ReduceLROnPlateau : public LRScheduler {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, ReduceLROnPlateauOptions options = {},
                             Location at = Location::current());
  // The value of this epoch. NaN counts as no improvement.
  void step(double metric, Location at = Location::current());
  // ValueError: the value is needed.
  void step(Location at = Location::current()) override;

  double best() const { return best_; }
  std::int64_t num_bad_epochs() const { return bad_; }

 protected:
  std::vector<double> get_lr() override;
  std::vector<StateField> fields() override;

 private:
  bool better(double metric) const;
  void reduce();
  bool maximize_, relative_;
  double factor_, threshold_, eps_, best_;
  std::int64_t patience_, cooldown_, cooling_ = 0, bad_ = 0;
  std::vector<double> min_lrs_;
};

struct AdaptiveLROptions {
  ByName by_name = ByName();
  double tol = 1e-4;                   // a loss counts when it is lower than the best by at least this
  std::int64_t n_iter_no_change = 10;  // epochs without such a loss that are tolerated
  double factor = 0.2;                 // below 1
  double min_lr = 1e-6;                // at this rate or below, training is over instead
};
// scikit-learn's learning_rate="adaptive": multiplies the rates by factor when the training loss has not fallen by tol
// for more than n_iter_no_change epochs. ValueError for numbers out of range.
class XGRAD_API AdaptiveLR : public LRScheduler {
 public:
  explicit AdaptiveLR(Optimizer& optimizer, AdaptiveLROptions options = {}, Location at = Location::current());
  // The training loss of this epoch; NaN counts as no improvement. True when the loss stands still and no rate is
  // above min_lr: stop.
  bool step(double loss, Location at = Location::current());
  // ValueError: the loss is needed.
  void step(Location at = Location::current()) override;

  double best() const { return best_; }

 protected:
  std::vector<double> get_lr() override;
  std::vector<StateField> fields() override;

 private:
  AdaptiveLROptions o_;
  double best_;
  std::int64_t bad_ = 0;
};

}  // namespace xgrad::optim
