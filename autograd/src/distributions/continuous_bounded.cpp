// Laws of the real line that end at a bound.
#include <limits>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/distributions/continuous.hpp>

#include "distributions/law.hpp"

namespace xgrad::detail {
namespace {

struct UniformLaw : LawOf<UniformLaw> {
  const Tensor& low() const { return p[0]; }
  const Tensor& high() const { return p[1]; }
  LawKind kind() const override { return LawKind::uniform; }
  const char* name() const override { return "Uniform"; }
  std::string support() const override { return "between low and high"; }
  Tensor has_value(const Tensor& v) const override { return logical_and(ge(v, low()), le(v, high())); }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return low() + draw_uniform(low(), s, g) * (high() - low());
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor inside = logical_and(ge(v, low()), lt(v, high()));
    return where(inside, -log(high() - low()), -std::numeric_limits<double>::infinity());
  }
  Tensor entropy() const override { return log(high() - low()); }
  Tensor mean() const override { return 0.5 * (low() + high()); }
  Tensor variance() const override { return square(high() - low()) / 12; }
  Tensor mode() const override { return full_like(low(), std::numeric_limits<double>::quiet_NaN()); }
  Tensor cdf(const Tensor& v) const override { return clamp((v - low()) / (high() - low()), 0, 1); }
  Tensor icdf(const Tensor& q) const override { return low() + q * (high() - low()); }
};

struct ExponentialLaw : LawOf<ExponentialLaw> {
  const Tensor& rate() const { return p[0]; }
  LawKind kind() const override { return LawKind::exponential; }
  const char* name() const override { return "Exponential"; }
  std::string support() const override { return "at least 0"; }
  Tensor has_value(const Tensor& v) const override { return ge(v, 0); }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return draw_exponential(rate(), s, g) / rate();
  }
  Tensor log_prob(const Tensor& v) const override { return log(rate()) - rate() * v; }
  Tensor entropy() const override { return 1 - log(rate()); }
  Tensor mean() const override { return 1 / rate(); }
  Tensor variance() const override { return 1 / square(rate()); }
  Tensor mode() const override { return zeros_like(rate()); }
  Tensor cdf(const Tensor& v) const override { return -expm1(-rate() * v); }
  Tensor icdf(const Tensor& q) const override { return -log1p(-q) / rate(); }
};

struct GammaLaw : LawOf<GammaLaw> {
  const Tensor& concentration() const { return p[0]; }
  const Tensor& rate() const { return p[1]; }
  LawKind kind() const override { return LawKind::gamma; }
  const char* name() const override { return "Gamma"; }
  std::string support() const override { return "at least 0"; }
  Tensor has_value(const Tensor& v) const override { return ge(v, 0); }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    // A draw that is too small for the type counts as the least number, so that its logarithm is finite.
    const Tensor x = standard_gamma(concentration().expand(s), g) / rate();
    return clamp_min(x, tiny(x));
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor& a = concentration();
    return xlogy(a, rate()) + xlogy(a - 1, v) - rate() * v - lgamma(a);
  }
  Tensor entropy() const override {
    const Tensor& a = concentration();
    return a - log(rate()) + lgamma(a) + (1 - a) * digamma(a);
  }
  Tensor mean() const override { return concentration() / rate(); }
  Tensor variance() const override { return concentration() / square(rate()); }
  Tensor mode() const override { return clamp_min((concentration() - 1) / rate(), 0); }
  Tensor cdf(const Tensor& v) const override { return igamma(concentration(), rate() * v); }
};

struct BetaLaw : LawOf<BetaLaw> {
  const Tensor& a() const { return p[0]; }
  const Tensor& b() const { return p[1]; }
  LawKind kind() const override { return LawKind::beta; }
  const char* name() const override { return "Beta"; }
  std::string support() const override { return "between 0 and 1"; }
  Tensor has_value(const Tensor& v) const override { return logical_and(ge(v, 0), le(v, 1)); }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    const Tensor log_x = log_standard_gamma(a().expand(s), g, Location::current()),
                 log_y = log_standard_gamma(b().expand(s), g, Location::current());
    return sigmoid(log_x - log_y);  // x / (x + y), also where both are too small for the type
  }
  Tensor log_prob(const Tensor& v) const override {
    return xlogy(a() - 1, v) + xlog1py(b() - 1, -v) - log_beta(a(), b());
  }
  Tensor entropy() const override {
    return log_beta(a(), b()) - (a() - 1) * digamma(a()) - (b() - 1) * digamma(b()) +
           (a() + b() - 2) * digamma(a() + b());
  }
  Tensor mean() const override { return a() / (a() + b()); }
  Tensor variance() const override {
    const Tensor total = a() + b();
    return a() * b() / (square(total) * (total + 1));
  }
  // As of the Dirichlet law of both.
  Tensor mode() const override {
    const Tensor over = clamp_min(a() - 1, 0), under = clamp_min(b() - 1, 0);
    const Tensor at_ends = logical_and(lt(a(), 1), lt(b(), 1));
    return where(at_ends, ge(a(), b()).to(a().dtype()), over / (over + under));
  }
};

}  // namespace
}  // namespace xgrad::detail

namespace xgrad::distributions {

namespace laws = xgrad::detail;

Uniform::Uniform(const Param& low, const Param& high, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::UniformLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"low", low}, {"high", high}}, at);
        if (o.validate_args) require_parameter(*law, "low", law->p[0], lt(law->p[0], law->p[1]), "less than high", at);
        return law;
      }()) {}

Exponential::Exponential(const Param& rate, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::ExponentialLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"rate", rate}}, at);
        require_positive(*law, "rate", law->p[0], at);
        return law;
      }()) {}

Gamma::Gamma(const Param& concentration, const Param& rate, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::GammaLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"concentration", concentration}, {"rate", rate}}, at);
        require_positive(*law, "concentration", law->p[0], at);
        require_positive(*law, "rate", law->p[1], at);
        return law;
      }()) {}

Beta::Beta(const Param& concentration1, const Param& concentration0, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::BetaLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"concentration1", concentration1}, {"concentration0", concentration0}}, at);
        require_positive(*law, "concentration1", law->p[0], at);
        require_positive(*law, "concentration0", law->p[1], at);
        return law;
      }()) {}

}  // namespace xgrad::distributions
