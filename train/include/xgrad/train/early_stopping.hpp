#pragma once

#include <concepts>
#include <initializer_list>
#include <iosfwd>
#include <limits>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::train {

using xgrad::operator<<;  // the deleted one for options

struct EarlyStoppingOptions {
  ByName by_name = ByName();
  int patience = 10;      // steps without improvement before stopping
  double min_delta = 0;   // how much better counts as better
  bool maximize = false;  // true for an accuracy, false for a loss
};

// Watches a value once per epoch, remembers the best weights.
class XGRAD_API EarlyStopping {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options = {}, Location at = Location::current());
  // EarlyStopping({}), which could mean the options or another one, has none.
  enum class NoOptions {};
  explicit EarlyStopping(NoOptions, Location at = Location::current()) : EarlyStopping(EarlyStoppingOptions{}, at) {}
  template <std::integral T>
  explicit EarlyStopping(std::initializer_list<T>) = delete;  // options by name: EarlyStopping({.patience = 5})
  // True when training should stop. A better value stores a copy of the model's state. ValueError for NaN.
  bool step(double value, const nn::Module& model, Location at = Location::current());
  template <std::derived_from<Tensor> T>
  bool step(const T&, const nn::Module&) = delete;  // a number: es.step(loss.item(), net)
  bool step(double) = delete;                       // with the model whose best weights are kept: es.step(loss, net)
  // "EarlyStopping(best 0.25 at step 3 of 5)"
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const EarlyStopping& es);
  // Puts the best weights back; false when there are none yet.
  bool restore(nn::Module& model, Location at = Location::current()) const;
  double best() const { return best_; }
  int best_step() const { return best_step_; }

 private:
  EarlyStoppingOptions options_;
  double best_ = std::numeric_limits<double>::quiet_NaN();
  int steps_ = 0, best_step_ = -1;
  NamedTensors state_;
};

}  // namespace xgrad::train
