#include "explorer/check.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/detail/keep_state.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/detail/values_aside.hpp>

namespace xgrad::viz {
namespace {

constexpr int kMostEvaluations = 2000;
constexpr double kMostSeconds = 5;
constexpr std::int64_t kMostPoints = 64;  // of one parameter

// A parameter with other values. Those that the graph has saved stay as they are.
class Replaced {
 public:
  explicit Replaced(const Tensor& p) : values_aside_(p), values_(p.detach()) {}
  ~Replaced() = default;
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;
  // Element i moved by h, all others as they were; how far it went after rounding.
  double move(std::int64_t i, double h) {
    const std::int64_t place = place_of(i);
    if (place != place_) {
      put(before_);
      place_ = place;
      before_ = get();
    }
    put(before_ + h);
    return get() - before_;
  }

 private:
  std::int64_t place_of(std::int64_t i) const {
    std::int64_t place = 0;
    for (int d = values_.shape().rank(); d-- > 0; i /= values_.size(d))
      place += i % values_.size(d) * values_.stride(d);
    return place;
  }
  double get() const {
    if (values_.dtype() == kFloat64) return values_.data<double>()[place_];
    return static_cast<double>(values_.data<float>()[place_]);
  }
  void put(double x) {
    if (place_ < 0) return;
    if (values_.dtype() == kFloat64)
      xgrad::detail::own_pointer<double>(values_)[place_] = x;
    else
      xgrad::detail::own_pointer<float>(values_)[place_] = static_cast<float>(x);
  }

  xgrad::detail::ValuesAside values_aside_;
  Tensor values_;
  std::int64_t place_ = -1;
  double before_ = 0;
};

}  // namespace

Checker::Checker(std::function<Tensor()> again, double loss, std::vector<Tensor> leaves)
    : again_(std::move(again)), leaves_(std::move(leaves)), loss_(loss) {
  const NoGradGuard off;
  const xgrad::detail::KeepState kept(leaves_);
  const Tensor l = again_();
  if (const std::string what = kept.unseen(); !what.empty()) {
    problem_ = fmt::format(
        "{} changed a tensor meanwhile, on a thread that was running before, which may be a part of "
        "the function that computes the loss again and was not taken back",
        what);
    return;
  }
  if (!l.defined() || l.numel() != 1) {
    problem_ = "the function that computes the loss again does not give one number";
    return;
  }
  here_ = l.item<double>();
  if (!std::isfinite(loss)) {
    problem_ = "the loss is not finite";
    return;
  }
  if (!(std::fabs(here_ - loss) <= 1e-4 * std::max(1e-6, std::fabs(loss))))
    problem_ = fmt::format("the loss computed again is {:.6g}, in the graph it is {:.6g}", here_, loss);
}

// Draws and running statistics are the same each time.
double Checker::evaluate() {
  const xgrad::detail::KeepState kept(leaves_);
  ++evaluations_;
  return again_().item<double>();
}

// The first step is the best one for a smooth loss. A kink of relu or max inside of it may be outside of a smaller one,
// which is tried as long as rounding does not hide a wrong gradient there.
Checker::Compared Checker::compare(const Mover& move, double exact, const Scale& scale) {
  Compared c;
  constexpr int kSteps = 3;
  double h = scale.step, first_jump = 0;
  for (int k = 0; k < kSteps; ++k, h /= 4) {
    const double noise = scale.rounding / h, allowed = scale.tolerance + noise;
    if (k > 0 && noise > scale.most_noise) break;
    const double up = move(h), above = evaluate(), down = move(-h), below = evaluate();
    const double error = std::fabs((above - below) / (up - down) - exact);
    if (k == 0 || error < c.error) c.error = error;
    if (error <= allowed) return {error, Compared::agrees};
    const double left = (here_ - below) / -down, right = (above - here_) / up, jump = std::fabs(right - left);
    if (k == 0) first_jump = jump;
    // Where the slopes on both sides differ, a gradient that is one of them is right. So is one between them, if they
    // still differ for smaller steps, as those of a curve do not.
    const bool one = std::min(std::fabs(left - exact), std::fabs(right - exact)) <= allowed;
    const bool between = exact >= std::min(left, right) - allowed && exact <= std::max(left, right) + allowed;
    const bool stays = k > 0 && jump > first_jump / 2;
    c.result = jump > 4 * allowed && (one || (between && stays)) ? Compared::kink : Compared::differs;
  }
  return c;
}

GradientCheck Checker::check(Tensor parameter, const Tensor& grad) {
  GradientCheck result;
  const bool wide = parameter.dtype() == kFloat64;
  if ((!wide && parameter.dtype() != kFloat32) || parameter.numel() == 0) return result;
  const NoGradGuard off;
  const std::vector<double> g = grad.to_vector<double>();
  double most = 0;
  for (const double v : g)
    if (std::isfinite(v)) most = std::max(most, std::fabs(v));
  const std::int64_t n = parameter.numel(), points = std::min(n, kMostPoints);
  const double eps = wide ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const Scale scale{wide ? 1e-5 : 5e-3, (wide ? 1e-5 : 1e-2) * most, 20 * eps * std::max(std::fabs(loss_), 1e-30),
                    (wide ? 1e-5 : 1e-2) * most};
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() + seconds_;
  };
  Replaced replaced(parameter);         // before the next: what set_data() replaces is the memory set aside
  const xgrad::detail::KeepState kept;  // a view keeps its memory
  result.agrees = true;
  for (std::int64_t k = 0; k < points && seconds() < kMostSeconds && evaluations_ < kMostEvaluations; ++k) {
    const std::int64_t i = k * n / points;
    const Compared c = compare([&](double h) { return replaced.move(i, h); }, g[static_cast<std::size_t>(i)], scale);
    ++result.points;
    if (c.result == Compared::kink) {
      ++result.kinks;
      continue;
    }
    result.agrees &= c.result == Compared::agrees;
    if (!(c.error <= result.error)) result.error = c.error;  // NaN too
  }
  seconds_ = seconds();
  result.agrees &= result.points > 0;
  return result;
}

}  // namespace xgrad::viz
