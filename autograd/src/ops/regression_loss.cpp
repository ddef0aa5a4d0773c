// Losses of numbers, element by element: squared and absolute differences, and what lies between.
#include <xgrad/ops/regression_loss.hpp>

#include "core/tape/record.hpp"
#include "ops/pair_loss.hpp"

namespace xgrad {

using detail::checked_pair;
using detail::difference_loss;
using detail::Pair;

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return difference_loss(
      "mse_loss", checked_pair("mse_loss", input, target, at), reduction,
      [](auto x, auto y) { return (x - y) * (x - y); }, [](auto x, auto y, double k) { return (x - y) * (2 * k); }, at);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return difference_loss(
      "l1_loss", checked_pair("l1_loss", input, target, at), reduction, [](auto x, auto y) { return abs(x - y); },
      [](auto x, auto y, double k) { return sign(x - y) * k; }, at);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, double beta, Location at) {
  const Pair p = checked_pair("smooth_l1_loss", input, target, at);
  if (!(beta >= 0)) [[unlikely]]
    ErrorReport("smooth_l1_loss", fmt::format("beta must not be negative, got {}", beta), at).value_error();
  const double half = 0.5 * beta, slope = beta > 0 ? 1 / beta : 0;
  return difference_loss(
      "smooth_l1_loss", p, reduction,
      [=](auto x, auto y) {
        auto d = abs(x - y);
        return where(d < beta, d * d * (0.5 * slope), d - half);
      },
      [=](auto x, auto y, double k) {
        auto d = x - y;
        return where(abs(d) >= beta, sign(d) * k, d * (slope * k));  // NaN stays
      },
      at, detail::named<"beta">(beta));
}

Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta, Location at) {
  const Pair p = checked_pair("huber_loss", input, target, at);
  if (!(delta > 0)) [[unlikely]]
    ErrorReport("huber_loss", fmt::format("delta must be positive, got {}", delta), at).value_error();
  return difference_loss(
      "huber_loss", p, reduction,
      [=](auto x, auto y) {
        auto d = abs(x - y);
        return where(d < delta, d * d * 0.5, (d - 0.5 * delta) * delta);
      },
      [=](auto x, auto y, double k) {
        auto d = x - y;
        return where(abs(d) >= delta, sign(d) * (delta * k), d * k);
      },
      at, detail::named<"delta">(delta));
}

}  // namespace xgrad
