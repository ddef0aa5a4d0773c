// Laws of classes.
#include <cmath>
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

// p[0] are probabilities with sum 1 along the last dimension, or their logarithms.
template <class L>
struct OfClasses : LawOf<L> {
  bool by_logits = false;
  Tensor probs() const override { return by_logits ? exp(this->p[0]) : this->p[0]; }
  Tensor logits() const override { return by_logits ? this->p[0] : log(inner_probs(this->p[0])); }
  std::int64_t classes() const { return this->p[0].size(-1); }
  Tensor class_entropy() const {
    const Tensor log_p = logits(), finite = clamp_min(log_p, -std::numeric_limits<float>::max());
    return -sum(finite * probs(), -1);
  }
  // Classes (int64) of this shape.
  Tensor draw_classes(const Shape& s, const MaybeGenerator& g) const {
    const NoGradGuard off;
    const std::int64_t rows = this->batch.numel(), count = rows > 0 ? s.numel() / rows : 0;
    if (count == 0) return zeros(s, {DType::int64});
    return multinomial(probs().reshape({rows, classes()}), count, true, g).t().reshape(s);
  }
  Tensor log_prob_of_class(const Tensor& v) const {
    const Tensor log_p = logits(), classes = v.to(DType::int64).unsqueeze(-1);
    const Shape outer = broadcast_shapes(this->name(), v.shape(), this->batch, Location::current());
    return gather(log_p.expand(joined(outer, {log_p.size(-1)})), -1, classes.expand(joined(outer, {1}))).squeeze(-1);
  }
  Tensor one_hots(const Tensor& classes_drawn) const {
    return one_hot(classes_drawn, classes()).to(this->p[0].dtype());
  }
};

struct CategoricalLaw : OfClasses<CategoricalLaw> {
  LawKind kind() const override { return LawKind::categorical; }
  const char* name() const override { return "Categorical"; }
  std::string support() const override { return fmt::format("a class from 0 to {}", classes() - 1); }
  Tensor has_value(const Tensor& v) const override { return logical_and(is_count(v), lt(v, classes())); }
  Tensor as_value(const Tensor& v) const override { return v; }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override { return draw_classes(s, g); }
  Tensor log_prob(const Tensor& v) const override { return log_prob_of_class(v); }
  Tensor entropy() const override { return class_entropy(); }
  Tensor mean() const override { return full_of_nan(); }
  Tensor variance() const override { return full_of_nan(); }
  Tensor mode() const override { return argmax(p[0], -1); }
  bool has_enumerate_support() const override { return true; }
  Tensor enumerate_support(bool expand) const override { return enumerate_numbers(classes(), DType::int64, expand); }

 private:
  Tensor full_of_nan() const { return full(batch, std::numeric_limits<double>::quiet_NaN(), {p[0].dtype()}); }
};

struct OneHotCategoricalLaw : OfClasses<OneHotCategoricalLaw> {
  LawKind kind() const override { return LawKind::one_hot_categorical; }
  const char* name() const override { return "OneHotCategorical"; }
  std::string support() const override { return "one 1 and else 0"; }
  Tensor has_value(const Tensor& v) const override {
    return logical_and(all(logical_or(eq(v, 0), eq(v, 1)), -1), eq(sum(v, -1), 1));
  }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override {
    Shape outer = s;
    outer.erase(-1);
    return one_hots(draw_classes(outer, g));
  }
  Tensor log_prob(const Tensor& v) const override { return log_prob_of_class(argmax(v, -1)); }
  Tensor entropy() const override { return class_entropy(); }
  Tensor mean() const override { return probs(); }
  Tensor variance() const override { return probs() * (1 - probs()); }
  Tensor mode() const override { return one_hots(argmax(p[0], -1)); }
  bool has_enumerate_support() const override { return true; }
  Tensor enumerate_support(bool expand) const override {
    Shape shape = {classes()};
    for (int i = 0; i < batch.rank(); ++i) shape.push_back(1);
    shape.push_back(classes());
    const Tensor values = eye(classes(), {}, {p[0].dtype()}).reshape(shape);
    return expand ? values.expand(joined(joined({classes()}, batch), event)) : values;
  }
};

struct MultinomialLaw : OfClasses<MultinomialLaw> {
  std::int64_t count = 1;
  LawKind kind() const override { return LawKind::multinomial; }
  const char* name() const override { return "Multinomial"; }
  std::string support() const override { return fmt::format("counts with the sum {}", count); }
  Tensor has_value(const Tensor& v) const override { return logical_and(all(is_count(v), -1), eq(sum(v, -1), count)); }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override {
    Shape draws = {count};
    for (int i = 0; i + 1 < s.rank(); ++i) draws.push_back(s[i]);
    if (count == 0) return zeros(s, {p[0].dtype()});
    return sum(one_hots(draw_classes(draws, g)), {0});
  }
  Tensor log_prob(const Tensor& v) const override {
    // A class of probability 0 that was never drawn counts as nothing, not as 0 times infinity.
    const Tensor log_p = logits();
    const Tensor used = where(logical_and(eq(v, 0), isneginf(log_p)), 0.0, log_p);
    return std::lgamma(static_cast<double>(count) + 1) - sum(lgamma(v + 1), -1) + sum(used * v, -1);
  }
  // n H(class) - log n! + sum of E[log k!] of the counts, which are binomial.
  Tensor entropy() const override {
    const auto n = static_cast<double>(count);
    const Tensor one = n * class_entropy() - std::lgamma(n + 1);
    if (count == 0) return one;
    Shape shape = {count};
    for (int i = 0; i < p[0].dim(); ++i) shape.push_back(1);
    const Tensor k = arange(1, count + 1, p[0].dtype()).reshape(shape), q = probs();
    const Tensor log_chance = std::lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + xlogy(k, q) + xlog1py(n - k, -q);
    return one + sum(sum(exp(log_chance) * lgamma(k + 1), {0}), -1);
  }
  Tensor mean() const override { return static_cast<double>(count) * probs(); }
  Tensor variance() const override { return static_cast<double>(count) * probs() * (1 - probs()); }
};

template <class L>
std::shared_ptr<L> of_classes(const distributions::ProbsOrLogits& o, const Location& at) {
  const CallSite site(at);
  const auto law = std::make_shared<L>();
  law->validate = o.validate_args;
  const Tensor& given = one_of(*law, o, at).tensor();
  law->by_logits = o.logits.has_value();
  const char* what = law->by_logits ? "logits" : "probs";
  require_floating(law->name(), given, at);
  if (given.dim() < 1 || given.size(-1) < 1)
    ErrorReport(law->name(), fmt::format("{} needs a last dimension of at least one class", what), at)
        .operand(what, given)
        .shape_error();
  law->batch = Shape(std::span(given.shape().begin(), given.shape().size() - 1));
  if (law->kind() != LawKind::categorical) law->event = {given.size(-1)};
  law->ranks = {1};
  if (law->by_logits) {
    require_not_nan(*law, what, given, at);
    const Tensor most = amax(given.detach(), {-1});
    if (o.validate_args) require_parameter(*law, what, given, lt(abs(most), INFINITY), "finite for one class", at);
    law->p = {given - logsumexp(given, {-1}, true)};
  } else {
    const Tensor total = sum(given, -1, true);
    if (o.validate_args) {
      require_parameter(*law, what, given, ge(given, 0), "at least 0", at);
      require_parameter(*law, what, given, logical_and(gt(total, 0), lt(total, INFINITY)).squeeze(-1),
                        "of a sum that is finite and not 0", at);
    }
    law->p = {given / total};
  }
  return law;
}

std::shared_ptr<const Law> multinomial_law(std::int64_t count, const distributions::ProbsOrLogits& o,
                                           const Location& at) {
  if (count < 0)
    ErrorReport("Multinomial", fmt::format("total_count must be at least 0, got {}", count), at).value_error();
  const auto law = of_classes<MultinomialLaw>(o, at);
  law->count = count;
  return law;
}

}  // namespace
}  // namespace xgrad::detail

namespace xgrad::distributions {

namespace laws = xgrad::detail;

Categorical::Categorical(ProbsOrLogits o, Location at)
    : DistributionOf(laws::of_classes<laws::CategoricalLaw>(o, at)) {}
Categorical::Categorical(const Tensor& probs, DistributionOptions o, Location at)
    : Categorical({.probs = probs, .validate_args = o.validate_args}, at) {}

OneHotCategorical::OneHotCategorical(ProbsOrLogits o, Location at)
    : DistributionOf(laws::of_classes<laws::OneHotCategoricalLaw>(o, at)) {}
OneHotCategorical::OneHotCategorical(const Tensor& probs, DistributionOptions o, Location at)
    : OneHotCategorical({.probs = probs, .validate_args = o.validate_args}, at) {}

Multinomial::Multinomial(std::int64_t total_count, ProbsOrLogits o, Location at)
    : DistributionOf(laws::multinomial_law(total_count, o, at)) {}
Multinomial::Multinomial(std::int64_t total_count, const Tensor& probs, DistributionOptions o, Location at)
    : Multinomial(total_count, {.probs = probs, .validate_args = o.validate_args}, at) {}
std::int64_t Multinomial::total_count() const { return static_cast<const laws::MultinomialLaw&>(law()).count; }

}  // namespace xgrad::distributions
