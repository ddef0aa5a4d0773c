// Losses of distributions: the Kullback-Leibler divergence in one pass, likelihoods as the operations they are made of.
#include <cmath>
#include <numbers>

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/distribution_loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/view.hpp>

#include "core/broadcast.hpp"
#include "core/tape/record.hpp"
#include "ops/pair_loss.hpp"

namespace xgrad {

using detail::checked_pair;
using detail::impl;
using detail::Pair;
using detail::reduced_values;

namespace {

Tensor kl_of_probabilities(const Pair& p, Reduction r, const Location& at) {
  return detail::pair_loss(
      "kl_div", p, r, 1, [](auto x, auto y) { return where(y == 0, 0, y * log(y)) - y * x; },
      [](auto, auto y, double k) { return y * -k; }, [](auto x, auto y, double k) { return (log(y) + 1 - x) * k; }, at,
      detail::named<"log_target">(false));
}

Tensor kl_of_logarithms(const Pair& p, Reduction r, const Location& at) {
  return detail::pair_loss(
      "kl_div", p, r, 1, [](auto x, auto y) { return exp(y) * (y - x); },
      [](auto, auto y, double k) { return exp(y) * -k; },
      [](auto x, auto y, double k) { return exp(y) * (y - x + 1) * k; }, at, detail::named<"log_target">(true));
}

}  // namespace

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

// ---- likelihoods ----
Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, const PoissonNllOptions& o, Location at) {
  const Pair p = checked_pair("poisson_nll_loss", input, target, at);
  const Tensor &x = p.input, &y = p.target;
  Tensor loss = o.log_input ? sub(exp(x, at), mul(y, x, at), 1, at)
                            : sub(x, mul(y, log(add(x, Scalar(o.eps), at), at), at), 1, at);
  if (o.full) {
    const Tensor large = gt(y, Scalar(1.0), at), safe = where(large, y, Scalar(1.0), at);
    const Tensor stirling = add(sub(mul(safe, log(safe, at), at), safe, 1, at),
                                mul(log(mul(safe, Scalar(2 * std::numbers::pi), at), at), Scalar(0.5), at), 1, at);
    loss = add(loss, where(large, stirling, Scalar(0.0), at), 1, at);
  }
  return reduced_values(loss, o.reduction, at);
}

namespace {

// var as it broadcasts over the input. One variance for each row comes first: with (N, N) and (N) it is meant.
Tensor fitting_variance(const Tensor& input, const Tensor& var, const Location& at) {
  const Shape &s = impl(input).shape, &v = impl(var).shape;
  Shape rows = s;
  if (s.rank() > 0) rows.erase(s.rank() - 1);
  if (s.rank() > 0 && v == rows) return unsqueeze(var, -1, at);
  if (detail::is_expandable_to(v, s)) return var;
  ErrorReport("gaussian_nll_loss", fmt::format("var of shape {} does not fit input {}", to_string(v), to_string(s)), at)
      .operand("input", input)
      .operand("var", var)
      .shape_error();
}

void require_variance(const Tensor& var, const Location& at) {
  const Tensor packed = detail::contiguous_copy(var);
  detail::dispatch_floating(impl(packed).dtype, [&](auto zero) {
    const auto* p = detail::data<decltype(zero)>(packed);
    for (std::int64_t i = 0; i < impl(packed).numel; ++i)
      if (p[i] < 0) [[unlikely]]
        ErrorReport("gaussian_nll_loss", fmt::format("var {} is negative", p[i]), at)
            .operand("var", var)
            .line("at", fmt::format("element {} of var", i))
            .value_error();
  });
}

}  // namespace

Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var, const GaussianNllOptions& o,
                         Location at) {
  const char* op = "gaussian_nll_loss";
  const Pair p = checked_pair(op, input, target, at);
  require_floating(op, var, at);
  require_variance(var, at);
  const Tensor fitting = fitting_variance(p.input, var, at);
  // The least variance is put in as a constant: the gradient of var does not stop there.
  const Tensor now = fitting.detach();
  const Tensor lift = sub(clamp_min(now, Scalar(o.eps), at), now, 1, at), v = add(fitting, lift, 1, at);
  Tensor loss = mul(add(log(v, at), div(square(sub(p.input, p.target, 1, at), at), v, at), 1, at), Scalar(0.5), at);
  if (o.full) loss = add(loss, Scalar(0.5 * std::log(2 * std::numbers::pi)), at);
  return reduced_values(loss, o.reduction, at);
}

}  // namespace xgrad
