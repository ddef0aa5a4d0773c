#include <algorithm>
#include <cmath>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/train/early_stopping.hpp>

namespace xgrad::train {

EarlyStopping::EarlyStopping(EarlyStoppingOptions options, Location at) : options_(options) {
  if (options.patience < 0)
    ErrorReport("EarlyStopping", fmt::format("patience must be >= 0, got {}", options.patience), at).value_error();
  if (!(options.min_delta >= 0))
    ErrorReport("EarlyStopping", fmt::format("min_delta must be >= 0, got {}", options.min_delta), at).value_error();
}

bool EarlyStopping::step(double value, const nn::Module& model, Location at) {
  if (std::isnan(value)) ErrorReport("EarlyStopping", "the watched value is NaN", at).value_error();
  const bool better =
      best_step_ < 0 || (options_.maximize ? value > best_ + options_.min_delta : value < best_ - options_.min_delta);
  if (!better) return steps_++ - best_step_ >= std::max(options_.patience, 1);
  NamedTensors state = model.state_dict(at);
  for (auto& [name, t] : state) t = t.clone();
  state_ = std::move(state);
  best_ = value;
  best_step_ = steps_++;
  return false;
}

bool EarlyStopping::restore(nn::Module& model, Location at) const {
  if (best_step_ < 0) return false;
  model.load_state_dict(state_, true, at);
  return true;
}

std::ostream& operator<<(std::ostream& os, const EarlyStopping& es) {
  if (es.best_step_ < 0) return os << "EarlyStopping(no steps)";
  return os << fmt::format("EarlyStopping(best {:g} at step {} of {})", es.best_, es.best_step_, es.steps_);
}

}  // namespace xgrad::train
