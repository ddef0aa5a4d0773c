// Laws of integers.
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/distributions/discrete.hpp>

#include "distributions/law.hpp"
#include "distributions/probs_or_logits.hpp"

namespace xgrad::detail {
namespace {

// p[0] are probabilities of 1, or their logits.
template <class L>
struct OfOdds : LawOf<L> {
  bool by_logits = false;
  Tensor probs() const override { return by_logits ? sigmoid(this->p[0]) : this->p[0]; }
  Tensor logits() const override {
    if (by_logits) return this->p[0];
    const Tensor q = inner_probs(this->p[0]);
    return log(q) - log1p(-q);
  }
  // -log_prob of so many successes in n trials; of one trial v may be a probability too. (A sum of positive numbers: no
  // digits cancel.)
  Tensor surprise(const Tensor& v, const Tensor& n) const {
    const Tensor l = logits();
    return v * softplus(-l) + (n - v) * softplus(l);
  }
  Tensor surprise(const Tensor& v) const { return surprise(v, ones_like(this->p[0])); }
};

struct BernoulliLaw : OfOdds<BernoulliLaw> {
  LawKind kind() const override { return LawKind::bernoulli; }
  const char* name() const override { return "Bernoulli"; }
  std::string support() const override { return "0 or 1"; }
  Tensor has_value(const Tensor& v) const override { return logical_or(eq(v, 0), eq(v, 1)); }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override { return bernoulli(probs().expand(s), g); }
  Tensor log_prob(const Tensor& v) const override { return -surprise(v); }
  Tensor entropy() const override { return surprise(probs()); }
  Tensor mean() const override { return probs(); }
  Tensor variance() const override { return probs() * (1 - probs()); }
  Tensor mode() const override {
    const Tensor q = probs();
    return where(eq(q, 0.5), std::numeric_limits<double>::quiet_NaN(), ge(q, 0.5).to(q.dtype()));
  }
  bool has_enumerate_support() const override { return true; }
  Tensor enumerate_support(bool expand) const override { return enumerate_numbers(2, p[0].dtype(), expand); }
};

struct GeometricLaw : OfOdds<GeometricLaw> {
  LawKind kind() const override { return LawKind::geometric; }
  const char* name() const override { return "Geometric"; }
  std::string support() const override { return "a whole number, at least 0"; }
  Tensor has_value(const Tensor& v) const override { return is_count(v); }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override {
    return floor(-draw_exponential(p[0], s, g) / log1p(-clamp_min(probs(), tiny(p[0]))));
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor q = probs();
    return xlog1py(v, -q) + log(q);
  }
  Tensor entropy() const override { return surprise(probs()) / probs(); }
  Tensor mean() const override { return 1 / probs() - 1; }
  Tensor variance() const override { return (1 / probs() - 1) / probs(); }
  Tensor mode() const override { return zeros_like(p[0]); }
};

struct BinomialLaw : OfOdds<BinomialLaw> {
  const Tensor& count() const { return p[1]; }
  LawKind kind() const override { return LawKind::binomial; }
  const char* name() const override { return "Binomial"; }
  std::string support() const override { return "a whole number from 0 to total_count"; }
  Tensor has_value(const Tensor& v) const override { return logical_and(is_count(v), le(v, count())); }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override {
    return binomial(count(), probs().expand(s), g);
  }
  Tensor log_prob(const Tensor& v) const override {
    return lgamma(count() + 1) - lgamma(v + 1) - lgamma(count() - v + 1) - surprise(v, count());
  }
  Tensor entropy() const override {
    const Tensor log_p = log_prob(enumerate_support(false));
    return -sum(exp(log_p) * log_p, {0});
  }
  Tensor mean() const override { return count() * probs(); }
  Tensor variance() const override { return count() * probs() * (1 - probs()); }
  Tensor mode() const override { return minimum(floor((count() + 1) * probs()), count()); }
  bool has_enumerate_support() const override { return true; }
  Tensor enumerate_support(bool expand) const override {
    const NoGradGuard off;
    if (count().numel() == 0) lacks("enumerate_support of an empty batch");
    const double most = amax(count()).item();
    if (amin(count()).item() != most) lacks("enumerate_support, and no entropy, when total_count differs in the batch");
    return enumerate_numbers(static_cast<std::int64_t>(most) + 1, p[0].dtype(), expand);
  }
};

struct PoissonLaw : LawOf<PoissonLaw> {
  const Tensor& rate() const { return p[0]; }
  LawKind kind() const override { return LawKind::poisson; }
  const char* name() const override { return "Poisson"; }
  std::string support() const override { return "a whole number, at least 0"; }
  Tensor has_value(const Tensor& v) const override { return is_count(v); }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override { return poisson(rate().expand(s), g); }
  Tensor log_prob(const Tensor& v) const override { return xlogy(v, rate()) - rate() - lgamma(v + 1); }
  Tensor mean() const override { return rate(); }
  Tensor variance() const override { return rate(); }
  Tensor mode() const override { return floor(rate()); }
};

// Of laws of trials whose first parameter is a probability or its logit, `more` beside it.
template <class L>
std::shared_ptr<const Law> of_trials(const distributions::ProbsOrLogits& o, const Location& at,
                                     const distributions::Param* count = nullptr) {
  const CallSite site(at);
  const auto law = std::make_shared<L>();
  law->validate = o.validate_args;
  const distributions::Param& given = one_of(*law, o, at);
  law->by_logits = o.logits.has_value();
  const char* what = law->by_logits ? "logits" : "probs";
  if (count == nullptr) {
    set_parameters(*law, {{what, given}}, at);
  } else {
    const bool whole = count->tensor().defined() && !count->tensor().is_floating_point();
    const distributions::Param n = whole ? distributions::Param(count->tensor().to(kFloat32)) : *count;
    set_parameters(*law, {{what, given}, {"total_count", n}}, at);
    if (o.validate_args)
      require_parameter(*law, "total_count", law->p[1], is_count(law->p[1]), "a whole number, at least 0", at);
  }
  const Tensor& q = law->p[0];
  if (law->by_logits)
    require_not_nan(*law, what, q, at);
  else if (o.validate_args)
    require_parameter(*law, what, q, logical_and(law->kind() == LawKind::geometric ? gt(q, 0) : ge(q, 0), le(q, 1)),
                      law->kind() == LawKind::geometric ? "in (0, 1]" : "in [0, 1]", at);
  return law;
}

}  // namespace
}  // namespace xgrad::detail

namespace xgrad::distributions {

namespace laws = xgrad::detail;

Bernoulli::Bernoulli(ProbsOrLogits o, Location at) : DistributionOf(laws::of_trials<laws::BernoulliLaw>(o, at)) {}
Bernoulli::Bernoulli(const Param& probs, DistributionOptions o, Location at)
    : Bernoulli({.probs = probs, .validate_args = o.validate_args}, at) {}
Geometric::Geometric(ProbsOrLogits o, Location at) : DistributionOf(laws::of_trials<laws::GeometricLaw>(o, at)) {}
Geometric::Geometric(const Param& probs, DistributionOptions o, Location at)
    : Geometric({.probs = probs, .validate_args = o.validate_args}, at) {}
Binomial::Binomial(const Param& total_count, ProbsOrLogits o, Location at)
    : DistributionOf(laws::of_trials<laws::BinomialLaw>(o, at, &total_count)) {}
Binomial::Binomial(const Param& total_count, const Param& probs, DistributionOptions o, Location at)
    : Binomial(total_count, {.probs = probs, .validate_args = o.validate_args}, at) {}

Poisson::Poisson(const Param& rate, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::PoissonLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"rate", rate}}, at);
        if (o.validate_args) require_parameter(*law, "rate", law->p[0], ge(law->p[0], 0), "at least 0", at);
        return law;
      }()) {}

}  // namespace xgrad::distributions
