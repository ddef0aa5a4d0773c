// KL divergences in closed form, a function for each pair of kinds.
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/distributions/divergence.hpp>

#include "distributions/law.hpp"

namespace xgrad::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Divergence = Tensor (*)(const Law& p, const Law& q);
const Tensor& first(const Law& law) { return law.p[0]; }
const Tensor& second(const Law& law) { return law.p[1]; }
Tensor ratio_less_log(const Tensor& ratio) { return ratio - 1 - log(ratio); }

// ---- of a kind and itself ----

Tensor between_bernoulli(const Law& p, const Law& q) {
  const Tensor a = p.probs(), b = q.probs();
  const Tensor one = a * (softplus(-q.logits()) - softplus(-p.logits())),
               zero = (1 - a) * (softplus(q.logits()) - softplus(p.logits()));
  return where(eq(a, 0), 0.0, where(eq(b, 0), kInfinity, one)) + where(eq(a, 1), 0.0, where(eq(b, 1), kInfinity, zero));
}

Tensor between_beta(const Law& p, const Law& q) {
  const Tensor total = first(p) + second(p);
  return log_beta(first(q), second(q)) - log_beta(first(p), second(p)) + (first(p) - first(q)) * digamma(first(p)) +
         (second(p) - second(q)) * digamma(second(p)) + (first(q) + second(q) - total) * digamma(total);
}

// With more trials p has values that q has not; with fewer there is no closed form.
Tensor between_binomial(const Law& p, const Law& q) {
  if (any(lt(second(p), second(q))).item<bool>())
    ErrorReport("kl_divergence", "of Binomial and Binomial needs a total_count of the first that is not the lesser one",
                Location::current())
        .value_error();
  return where(gt(second(p), second(q)), kInfinity, second(p) * between_bernoulli(p, q));
}

Tensor between_categorical(const Law& p, const Law& q) {
  const Tensor a = p.probs(), b = q.probs();
  return sum(where(eq(a, 0), 0.0, where(eq(b, 0), kInfinity, a * (p.logits() - q.logits()))), -1);
}

Tensor between_cauchy(const Law& p, const Law& q) {
  return log(square(second(p) + second(q)) + square(first(p) - first(q))) - log(4 * second(p) * second(q));
}

Tensor between_dirichlet(const Law& p, const Law& q) {
  const Tensor &a = first(p), &b = first(q), total = sum(a, -1, true);
  return lgamma(total).squeeze(-1) - lgamma(sum(b, -1)) - sum(lgamma(a) - lgamma(b), -1) +
         sum((a - b) * (digamma(a) - digamma(total)), -1);
}

Tensor between_exponential(const Law& p, const Law& q) { return ratio_less_log(first(q) / first(p)); }

Tensor between_gamma(const Law& p, const Law& q) {
  const Tensor &a = first(p), &b = first(q);
  return b * log(second(p) / second(q)) + lgamma(b) - lgamma(a) + (a - b) * digamma(a) +
         (second(q) - second(p)) * (a / second(p));
}

Tensor between_geometric(const Law& p, const Law& q) {
  return -p.entropy() - log1p(-q.probs()) / p.probs() - q.logits();
}

Tensor between_gumbel(const Law& p, const Law& q) {
  const Tensor ratio = second(p) / second(q), shift = (first(p) - first(q)) / second(q);
  return shift - log(ratio) + kEulerGamma * ratio + exp(lgamma(1 + ratio) - shift) - (1 + kEulerGamma);
}

Tensor between_half_normal(const Law& p, const Law& q) { return 0.5 * ratio_less_log(square(first(p) / first(q))); }

Tensor between_laplace(const Law& p, const Law& q) {
  const Tensor ratio = second(p) / second(q), distance = abs(first(p) - first(q));
  return distance / second(q) + ratio * exp(-distance / second(p)) - 1 - log(ratio);
}

Tensor between_normal(const Law& p, const Law& q) {
  return 0.5 * (ratio_less_log(square(second(p) / second(q))) + square((first(p) - first(q)) / second(q)));
}

Tensor between_multivariate_normal(const Law& p, const Law& q) {
  const Tensor spread = linalg::solve_triangular(second(q), second(p), {.upper = false});
  return half_log_determinant(second(q)) - half_log_determinant(second(p)) +
         0.5 * (sum(square(spread), {-2, -1}) + squared_length(second(q), first(q) - first(p)) -
                static_cast<double>(p.event[0]));
}

Tensor between_poisson(const Law& p, const Law& q) {
  return xlogy(first(p), first(p)) - xlogy(first(p), first(q)) - (first(p) - first(q));
}

Tensor between_uniform(const Law& p, const Law& q) {
  const Tensor outside = logical_or(lt(first(p), first(q)), gt(second(p), second(q)));
  return where(outside, kInfinity, log((second(q) - first(q)) / (second(p) - first(p))));
}

// ---- of two kinds: -H(p) - E_p[log q(x)] ----

// E[log N(x)] of a law with this mean and mean square.
Tensor expected_normal(const Law& q, const Tensor& mean, const Tensor& mean_square) {
  const Tensor &loc = first(q), variance = square(second(q));
  return -0.5 * (mean_square - 2 * loc * mean + square(loc)) / variance - log(second(q)) - 0.5 * kLogTwoPi;
}
Tensor to_normal(const Law& p, const Law& q) {
  return -p.entropy() - expected_normal(q, p.mean(), p.variance() + square(p.mean()));
}

// E[log Gamma(x)] of a law with this mean and mean logarithm.
Tensor expected_gamma(const Law& q, const Tensor& mean, const Tensor& mean_log) {
  return xlogy(first(q), second(q)) + (first(q) - 1) * mean_log - second(q) * mean - lgamma(first(q));
}
// E[log Gumbel(x)] of a law with this mean and E[exp(-(x - loc) / scale)].
Tensor expected_gumbel(const Law& q, const Tensor& mean, const Tensor& mean_exp) {
  return -(mean - first(q)) / second(q) - mean_exp - log(second(q));
}

Tensor bernoulli_to_poisson(const Law& p, const Law& q) { return -p.entropy() - xlogy(p.probs(), first(q)) + first(q); }

Tensor to_exponential(const Law& p, const Law& q) { return -p.entropy() - log(first(q)) + first(q) * p.mean(); }
Tensor uniform_to_exponential(const Law& p, const Law& q) {
  return where(lt(first(p), 0), kInfinity, to_exponential(p, q));
}

Tensor beta_to_gamma(const Law& p, const Law& q) {
  return -p.entropy() - expected_gamma(q, p.mean(), digamma(first(p)) - digamma(first(p) + second(p)));
}
Tensor exponential_to_gamma(const Law& p, const Law& q) {
  return -p.entropy() - expected_gamma(q, p.mean(), -kEulerGamma - log(first(p)));
}
// The means of log x and of log(1 - x), of x uniform between two numbers.
Tensor mean_log(const Tensor& low, const Tensor& high) {
  return (xlogy(high, high) - xlogy(low, low)) / (high - low) - 1;
}
Tensor uniform_to_gamma(const Law& p, const Law& q) {
  const Tensor low = clamp_min(first(p), 0), d = -p.entropy() - expected_gamma(q, p.mean(), mean_log(low, second(p)));
  return where(lt(first(p), 0), kInfinity, d);
}
Tensor uniform_to_beta(const Law& p, const Law& q) {
  const Tensor outside = logical_or(lt(first(p), 0), gt(second(p), 1));
  const Tensor low = where(outside, 0.25, first(p)), high = where(outside, 0.75, second(p));
  const Tensor d = -p.entropy() - (first(q) - 1) * mean_log(low, high) - (second(q) - 1) * mean_log(1 - high, 1 - low) +
                   log_beta(first(q), second(q));
  return where(outside, kInfinity, d);
}
Tensor beta_to_uniform(const Law& p, const Law& q) {
  const Tensor outside = logical_or(gt(first(q), 0), lt(second(q), 1));
  return where(outside, kInfinity, -p.entropy() + log(second(q) - first(q)));
}

Tensor exponential_to_gumbel(const Law& p, const Law& q) {
  const Tensor rate = first(p) * second(q);
  return -p.entropy() - expected_gumbel(q, p.mean(), exp(first(q) / second(q)) * (rate / (rate + 1)));
}
Tensor gamma_to_gumbel(const Law& p, const Law& q) {
  const Tensor rate = second(p) * second(q);
  return -p.entropy() - expected_gumbel(q, p.mean(), exp(first(q) / second(q) - first(p) * log1p(1 / rate)));
}
Tensor normal_to_gumbel(const Law& p, const Law& q) {
  const Tensor shift = (first(q) - first(p)) / second(q);
  return -p.entropy() - expected_gumbel(q, p.mean(), exp(shift + 0.5 * square(second(p) / second(q))));
}
Tensor uniform_to_gumbel(const Law& p, const Law& q) {
  const Tensor low = (first(p) - first(q)) / second(q), high = (second(p) - first(q)) / second(q);
  return -p.entropy() - expected_gumbel(q, p.mean(), (exp(-low) - exp(-high)) / (high - low));
}

Tensor normal_to_laplace(const Law& p, const Law& q) {
  const Tensor shift = first(p) - first(q), z = shift / second(p);
  const Tensor distance =
      std::sqrt(2 / std::numbers::pi) * second(p) * exp(-0.5 * square(z)) + shift * erf(std::sqrt(0.5) * z);
  return -p.entropy() + distance / second(q) + log(2 * second(q));
}

Tensor never(const Law& p, const Law& q) {
  const Shape batch = broadcast_shapes("kl_divergence", p.batch, q.batch, Location::current());
  return full(batch, kInfinity, {p.p[0].dtype()});
}

struct Pair {
  LawKind p, q;
  Divergence divergence;
};

Divergence find(LawKind p, LawKind q) {
  using K = LawKind;
  static constexpr Pair pairs[] = {
      {K::bernoulli, K::bernoulli, between_bernoulli},
      {K::beta, K::beta, between_beta},
      {K::binomial, K::binomial, between_binomial},
      {K::categorical, K::categorical, between_categorical},
      {K::one_hot_categorical, K::one_hot_categorical, between_categorical},
      {K::cauchy, K::cauchy, between_cauchy},
      {K::dirichlet, K::dirichlet, between_dirichlet},
      {K::exponential, K::exponential, between_exponential},
      {K::gamma, K::gamma, between_gamma},
      {K::geometric, K::geometric, between_geometric},
      {K::gumbel, K::gumbel, between_gumbel},
      {K::half_normal, K::half_normal, between_half_normal},
      {K::laplace, K::laplace, between_laplace},
      {K::normal, K::normal, between_normal},
      {K::log_normal, K::log_normal, between_normal},
      {K::multivariate_normal, K::multivariate_normal, between_multivariate_normal},
      {K::poisson, K::poisson, between_poisson},
      {K::uniform, K::uniform, between_uniform},
      {K::bernoulli, K::poisson, bernoulli_to_poisson},
      {K::beta, K::exponential, to_exponential},
      {K::gamma, K::exponential, to_exponential},
      {K::uniform, K::exponential, uniform_to_exponential},
      {K::beta, K::gamma, beta_to_gamma},
      {K::exponential, K::gamma, exponential_to_gamma},
      {K::uniform, K::gamma, uniform_to_gamma},
      {K::uniform, K::beta, uniform_to_beta},
      {K::beta, K::uniform, beta_to_uniform},
      {K::beta, K::normal, to_normal},
      {K::exponential, K::normal, to_normal},
      {K::gamma, K::normal, to_normal},
      {K::gumbel, K::normal, to_normal},
      {K::laplace, K::normal, to_normal},
      {K::uniform, K::normal, to_normal},
      {K::exponential, K::gumbel, exponential_to_gumbel},
      {K::gamma, K::gumbel, gamma_to_gumbel},
      {K::normal, K::gumbel, normal_to_gumbel},
      {K::uniform, K::gumbel, uniform_to_gumbel},
      {K::normal, K::laplace, normal_to_laplace},
      // Values of p beyond those of q.
      {K::exponential, K::beta, never},
      {K::exponential, K::uniform, never},
      {K::gamma, K::beta, never},
      {K::gamma, K::uniform, never},
      {K::gumbel, K::beta, never},
      {K::gumbel, K::exponential, never},
      {K::gumbel, K::gamma, never},
      {K::gumbel, K::uniform, never},
      {K::laplace, K::beta, never},
      {K::laplace, K::exponential, never},
      {K::laplace, K::gamma, never},
      {K::laplace, K::uniform, never},
      {K::normal, K::beta, never},
      {K::normal, K::exponential, never},
      {K::normal, K::gamma, never},
      {K::normal, K::uniform, never},
      {K::poisson, K::bernoulli, never},
      {K::poisson, K::binomial, never},
  };
  for (const Pair& pair : pairs)
    if (pair.p == p && pair.q == q) return pair.divergence;
  return nullptr;
}

Tensor divergence(const Law& p, const Law& q, const Location& at) {
  if (p.kind() == LawKind::independent && q.kind() == LawKind::independent) {
    if (event_dims_of(p) != event_dims_of(q))
      ErrorReport(
          "kl_divergence",
          fmt::format("two Independent with {} and {} reinterpreted dimensions", event_dims_of(p), event_dims_of(q)),
          at)
          .value_error();
    return sum_last(divergence(base_of(p), base_of(q), at), event_dims_of(p));
  }
  const Divergence closed_form = find(p.kind(), q.kind());
  if (closed_form == nullptr)
    ErrorReport("kl_divergence", fmt::format("there is no closed form of {} and {}", p.name(), q.name()), at)
        .help("estimate it: x = p.rsample({n}) or p.sample({n}), mean of p.log_prob(x) - q.log_prob(x)")
        .value_error();
  if (p.event != q.event)
    ErrorReport("kl_divergence",
                fmt::format("events of different sizes, {} and {}", to_string(p.event), to_string(q.event)), at)
        .shape_error();
  if (p.kind() == LawKind::categorical && p.p[0].size(-1) != q.p[0].size(-1))
    ErrorReport("kl_divergence", fmt::format("{} and {} classes", p.p[0].size(-1), q.p[0].size(-1)), at).shape_error();
  broadcast_shapes("kl_divergence", p.batch, q.batch, at);
  return closed_form(p, q);
}

}  // namespace
}  // namespace xgrad::detail

namespace xgrad::distributions {

Tensor kl_divergence(const Distribution& p, const Distribution& q, Location at) {
  const xgrad::detail::CallSite site(at);
  return xgrad::detail::divergence(*law_of(p), *law_of(q), at);
}

}  // namespace xgrad::distributions
