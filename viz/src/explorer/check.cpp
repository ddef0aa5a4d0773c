#include "explorer/check.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

namespace xgrad::viz {
namespace {

constexpr int kMostEvaluations = 2000;
constexpr double kMostSeconds = 5;
constexpr std::int64_t kMostPoints = 64;  // of one parameter

// A parameter with other values, without a change in place: what the graph holds of it stays as it is.
class Replaced {
 public:
  explicit Replaced(Tensor& p) : parameter_(p), original_(p.detach()) {}
  ~Replaced() { parameter_.set_data(original_); }
  Replaced(const Replaced&) = delete;
  Replaced& operator=(const Replaced&) = delete;
  // Element i moved by h; what the step is after rounding.
  double move(std::int64_t i, double h) {
    Tensor moved = original_.contiguous().clone();
    double before = 0, after = 0;
    const auto shift = [&]<class T>(T* x) {
      before = static_cast<double>(x[i]);
      x[i] = static_cast<T>(before + h);
      after = static_cast<double>(x[i]);
    };
    if (moved.dtype() == kFloat64)
      shift(moved.mutable_data<double>());
    else
      shift(moved.mutable_data<float>());
    parameter_.set_data(moved);
    return after - before;
  }

 private:
  Tensor& parameter_;
  Tensor original_;
};

}  // namespace

Checker::Checker(std::function<Tensor()> again, double loss) : again_(std::move(again)), loss_(loss) {
  const NoGradGuard off;
  const Tensor l = again_();
  if (!l.defined() || l.numel() != 1) {
    problem_ = "the function that computes the loss again does not give one number";
    return;
  }
  const double second = l.item<double>();
  if (!std::isfinite(loss)) {
    problem_ = "the loss is not finite";
    return;
  }
  if (!(std::fabs(second - loss) <= 1e-4 * std::max(1e-6, std::fabs(loss))))
    problem_ = fmt::format("the loss computed again is {:.6g}, in the graph it is {:.6g}", second, loss);
}

double Checker::evaluate() const { return again_().item<double>(); }

GradientCheck Checker::check(Tensor parameter, const Tensor& grad) {
  GradientCheck result;
  const bool wide = parameter.dtype() == kFloat64;
  if ((!wide && parameter.dtype() != kFloat32) || parameter.numel() == 0) return result;
  const NoGradGuard off;
  const std::vector<double> g = grad.to_vector<double>();
  const std::int64_t n = parameter.numel(), points = std::min(n, kMostPoints);
  const double eps = wide ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const double h = wide ? 1e-5 : 5e-3;
  double most = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() + seconds_;
  };
  Replaced replaced(parameter);
  for (std::int64_t k = 0; k < points && seconds() < kMostSeconds && evaluations_ < kMostEvaluations; ++k) {
    const std::int64_t i = k * n / points;
    const double up = replaced.move(i, h), above = evaluate();
    const double down = replaced.move(i, -h), below = evaluate();
    evaluations_ += 2;
    const double slope = (above - below) / (up - down), exact = g[static_cast<std::size_t>(i)];
    most = std::max(most, std::fabs(exact));
    const double error = std::fabs(slope - exact);
    if (!(error <= result.error)) result.error = error;  // NaN too
    ++result.points;
  }
  seconds_ = seconds();
  const double rounding = 20 * eps * std::max(std::fabs(loss_), 1e-30) / h;
  result.agrees = result.points > 0 && result.error <= (wide ? 1e-5 : 1e-2) * most + rounding;
  return result;
}

}  // namespace xgrad::viz
