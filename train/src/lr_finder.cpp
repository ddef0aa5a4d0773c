#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/random.hpp>
#include <xgrad/train/lr_finder.hpp>

namespace xgrad::train {
namespace {

void require_options(const LRFinderOptions& o, const Location& at) {
  const auto refuse = [&](const std::string& rule) { ErrorReport("LRFinder", rule, at).value_error(); };
  if (!(o.start_lr > 0 && o.end_lr > o.start_lr) || std::isinf(o.end_lr))
    refuse(fmt::format("rates must rise from start_lr > 0 to end_lr, got {} and {}", o.start_lr, o.end_lr));
  if (o.num_iter < 2) refuse(fmt::format("num_iter must be at least 2, got {}", o.num_iter));
  if (!(o.smooth_f >= 0 && o.smooth_f < 1)) refuse(fmt::format("smooth_f must be in [0, 1), got {}", o.smooth_f));
  if (!(o.diverge_th > 1)) refuse(fmt::format("diverge_th must be above 1, got {}", o.diverge_th));
}

// Model, optimizer and generator as they were when it was made.
class Before {
 public:
  Before(nn::Module& model, optim::Optimizer& optimizer)
      : model_(model), optimizer_(optimizer), rng_(default_generator().get_state()) {
    for (const auto& [name, t] : model.state_dict()) weights_.emplace_back(name, t.detach().clone());
    state_ = optimizer.state_dict();
  }
  void restore() {
    model_.load_state_dict(weights_);
    optimizer_.load_state_dict(state_);
    optimizer_.zero_grad();
    default_generator().set_state(rng_);
  }

 private:
  nn::Module& model_;
  optim::Optimizer& optimizer_;
  std::array<std::uint64_t, 2> rng_;
  NamedTensors weights_, state_;
};

}  // namespace

void LRFinder::range_test(const std::function<Tensor()>& loss, const LRFinderOptions& o, Location at) {
  const xgrad::detail::CallSite site(at);
  if (!loss) ErrorReport("LRFinder", "the function of the loss is empty", at).value_error();
  require_options(o, at);
  lrs_.clear();
  losses_.clear();
  Before before(model_, *optimizer_);
  try {
    raise_rates(loss, o, at);
  } catch (...) {
    before.restore();
    throw;
  }
  before.restore();
}

void LRFinder::raise_rates(const std::function<Tensor()>& loss, const LRFinderOptions& o, const Location& at) {
  double lowest = 0;
  for (std::int64_t i = 0; i < o.num_iter; ++i) {
    const double way = static_cast<double>(i) / static_cast<double>(o.num_iter - 1);
    const double lr = o.start_lr * std::pow(o.end_lr / o.start_lr, way);
    optimizer_->set_lr(lr);
    const double now = optimizer_
                           ->step([&] {
                             optimizer_->zero_grad();
                             const Tensor l = loss();
                             l.backward();
                             return l;
                           })
                           .item<double>();
    if (!std::isfinite(now)) {
      if (i == 0) ErrorReport("LRFinder", fmt::format("the first loss is {}", now), at).value_error();
      break;
    }
    const double smooth = i == 0 ? now : o.smooth_f * losses_.back() + (1 - o.smooth_f) * now;
    lrs_.push_back(lr);
    losses_.push_back(smooth);
    lowest = i == 0 ? smooth : std::min(lowest, smooth);
    if (smooth > o.diverge_th * lowest && lowest > 0) break;
  }
}

// The point with the most negative slope of the loss, from its two neighbours; -1: there is none.
std::ptrdiff_t LRFinder::steepest() const {
  std::ptrdiff_t best = -1;
  double slope = 0;
  for (std::size_t i = 1; i + 1 < losses_.size(); ++i)  // the rates lie at equal distances of their logarithms
    if (const double s = losses_[i + 1] - losses_[i - 1]; s < slope) {
      slope = s;
      best = static_cast<std::ptrdiff_t>(i);
    }
  return best;
}

double LRFinder::suggestion(Location at) const {
  const std::ptrdiff_t i = steepest();
  if (i < 0)
    ErrorReport(
        "LRFinder",
        losses_.empty() ? "no range_test() yet" : "the loss never falls: no rate of this range can be suggested", at)
        .value_error();
  return lrs_[static_cast<std::size_t>(i)];
}

viz::Plot LRFinder::plot(Location at) const {
  if (losses_.empty()) ErrorReport("LRFinder", "no range_test() yet", at).value_error();
  viz::Plot picture(
      {.title = "Learning-rate range test", .x_label = "learning rate", .y_label = "loss", .x_scale = viz::Scale::log},
      at);
  picture.line(lrs_, losses_, {}, at);
  if (const std::ptrdiff_t i = steepest(); i >= 0) {
    const double lr = lrs_[static_cast<std::size_t>(i)];
    picture.vertical(lr, fmt::format("{:.2g}", lr), at);
  }
  return picture;
}

}  // namespace xgrad::train
