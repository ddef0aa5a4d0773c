// Losses element by element: Huber's, binary cross entropy of probabilities, Kullback-Leibler divergence.
#include "core/broadcast.hpp"
#include "ops/pair_loss.hpp"

#include <xgrad/ops/reduce.hpp>

namespace xgrad {

using detail::checked_pair;
using detail::impl;
using detail::Pair;

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction, double beta, Location at) {
  const Pair p = checked_pair("smooth_l1_loss", input, target, at);
  if (!(beta >= 0)) [[unlikely]]
    ErrorReport("smooth_l1_loss", fmt::format("beta must not be negative, got {}", beta), at).value_error();
  const double half = 0.5 * beta, slope = beta > 0 ? 1 / beta : 0;
  return detail::difference_loss(
      "smooth_l1_loss", p, reduction,
      [=](auto x, auto y) {
        auto d = abs(x - y);
        return where(d < beta, d * d * (0.5 * slope), d - half);
      },
      [=](auto x, auto y, double k) {
        auto d = x - y;
        return where(abs(d) >= beta, sign(d) * k, d * (slope * k));  // NaN stays
      },
      at);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta, Location at) {
  const Pair p = checked_pair("huber_loss", input, target, at);
  if (!(delta > 0)) [[unlikely]]
    ErrorReport("huber_loss", fmt::format("delta must be positive, got {}", delta), at).value_error();
  return detail::difference_loss(
      "huber_loss", p, reduction,
      [=](auto x, auto y) {
        auto d = abs(x - y);
        return where(d < delta, d * d * 0.5, (d - 0.5 * delta) * delta);
      },
      [=](auto x, auto y, double k) {
        auto d = x - y;
        return where(abs(d) >= delta, sign(d) * (delta * k), d * k);
      },
      at);
}

namespace {

void require_probabilities(const Tensor& input, const Location& at) {
  const Tensor x = detail::contiguous_copy(input);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = detail::data<T>(x);
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < impl(x).numel; ++i) wrong += !(p[i] >= 0) | !(p[i] <= 1);
    if (!wrong) [[likely]]
      return;
    std::int64_t i = 0;
    while (p[i] >= 0 && p[i] <= 1) ++i;
    ErrorReport("binary_cross_entropy", fmt::format("input {} outside [0, 1]", p[i]), at)
        .operand("input", input)
        .line("at", fmt::format("element {} of the input", i))
        .help("apply sigmoid(), or use binary_cross_entropy_with_logits")
        .value_error();
  });
}

Tensor bce(const Pair& p, Reduction r, const Location& at) {
  return detail::pair_loss(
      "binary_cross_entropy", p, r, 1,
      [](auto x, auto y) { return (y - 1) * maximum(log1p(-x), -100) - y * maximum(log(x), -100); },
      [](auto x, auto y, double k) {
        auto v = x * (1 - x);
        return (x - y) / where(v > 1e-12, v, 1e-12) * k;
      },
      [](auto x, auto, double k) {
        auto a = log1p(-x), b = log(x);
        return (where(a > -100, a, -100) - where(b > -100, b, -100)) * k;
      },
      at);
}

Tensor kl_of_probabilities(const Pair& p, Reduction r, const Location& at) {
  return detail::pair_loss(
      "kl_div", p, r, 1, [](auto x, auto y) { return where(y == 0, 0, y * log(y)) - y * x; },
      [](auto, auto y, double k) { return y * -k; }, [](auto x, auto y, double k) { return (log(y) + 1 - x) * k; }, at);
}

Tensor kl_of_logarithms(const Pair& p, Reduction r, const Location& at) {
  return detail::pair_loss(
      "kl_div", p, r, 1, [](auto x, auto y) { return exp(y) * (y - x); },
      [](auto, auto y, double k) { return exp(y) * -k; },
      [](auto x, auto y, double k) { return exp(y) * (y - x + 1) * k; }, at);
}

}  // namespace

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight, Reduction reduction,
                            Location at) {
  const Pair p = checked_pair("binary_cross_entropy", input, target, at);
  if (weight.defined() && !detail::is_expandable_to(impl(weight).shape, impl(input).shape)) [[unlikely]]
    ErrorReport("binary_cross_entropy",
                fmt::format("weight of shape {} does not broadcast to the input's shape {}",
                            to_string(impl(weight).shape), to_string(impl(input).shape)),
                at)
        .operand("input", input)
        .operand("weight", weight)
        .shape_error();
  require_probabilities(p.input, at);
  if (!weight.defined()) return bce(p, reduction, at);
  return detail::reduced_values(mul(bce(p, Reduction::none, at), weight.to(impl(p.input).dtype, at), at), reduction,
                                at);
}

Tensor kl_div(const Tensor& input, const Tensor& target, KlReduction reduction, bool log_target, Location at) {
  const Pair p = checked_pair("kl_div", input, target, at);
  const Reduction r = reduction == KlReduction::none   ? Reduction::none
                      : reduction == KlReduction::mean ? Reduction::mean
                                                       : Reduction::sum;
  const Tensor loss = log_target ? kl_of_logarithms(p, r, at) : kl_of_probabilities(p, r, at);
  if (reduction != KlReduction::batchmean) return loss;
  const Shape& s = impl(input).shape;
  return div(loss, Scalar(s.rank() ? static_cast<double>(s[0]) : 1.0), at);
}

}  // namespace xgrad
