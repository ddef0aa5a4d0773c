// Laws of the real line that a location and a scale make.
#include <cmath>
#include <limits>
#include <numbers>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/distributions/continuous.hpp>

#include "distributions/law.hpp"

namespace xgrad::detail {
namespace {

constexpr double kRootTwo = 1.41421356237309504880;

Tensor nan_like(const Tensor& x) { return full_like(x, std::numeric_limits<double>::quiet_NaN()); }
Tensor normal_log_density(const Tensor& z, const Tensor& scale) {
  return -0.5 * square(z) - log(scale) - 0.5 * kLogTwoPi;
}
Tensor normal_entropy(const Tensor& scale) { return log(scale) + 0.5 * (1 + kLogTwoPi); }

// p[0] is the location and p[1] the scale.
template <class L>
struct LocationScale : LawOf<L> {
  bool has_rsample() const override { return true; }
  const Tensor& loc() const { return this->p[0]; }
  const Tensor& scale() const { return this->p[1]; }
  Tensor standard(const Tensor& v) const { return (v - loc()) / scale(); }
  Tensor mode() const override { return loc(); }
};

struct NormalLaw : LocationScale<NormalLaw> {
  LawKind kind() const override { return LawKind::normal; }
  const char* name() const override { return "Normal"; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return loc() + scale() * draw_normal(loc(), s, g);
  }
  Tensor log_prob(const Tensor& v) const override { return normal_log_density(standard(v), scale()); }
  Tensor entropy() const override { return normal_entropy(scale()); }
  Tensor mean() const override { return loc(); }
  Tensor variance() const override { return square(scale()); }
  Tensor cdf(const Tensor& v) const override { return ndtr(standard(v)); }
  Tensor icdf(const Tensor& q) const override { return loc() + scale() * ndtri(q); }
};

struct LogNormalLaw : LocationScale<LogNormalLaw> {
  LawKind kind() const override { return LawKind::log_normal; }
  const char* name() const override { return "LogNormal"; }
  std::string support() const override { return "positive"; }
  Tensor has_value(const Tensor& v) const override { return gt(v, 0); }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return exp(loc() + scale() * draw_normal(loc(), s, g));
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor u = log(v);
    return normal_log_density(standard(u), scale()) - u;
  }
  Tensor entropy() const override { return normal_entropy(scale()) + loc(); }
  Tensor mean() const override { return exp(loc() + 0.5 * square(scale())); }
  Tensor variance() const override { return expm1(square(scale())) * exp(2 * loc() + square(scale())); }
  Tensor mode() const override { return exp(loc() - square(scale())); }
  Tensor cdf(const Tensor& v) const override { return ndtr(standard(log(v))); }
  Tensor icdf(const Tensor& q) const override { return exp(loc() + scale() * ndtri(q)); }
};

struct HalfNormalLaw : LawOf<HalfNormalLaw> {
  const Tensor& scale() const { return p[0]; }
  LawKind kind() const override { return LawKind::half_normal; }
  const char* name() const override { return "HalfNormal"; }
  std::string support() const override { return "at least 0"; }
  Tensor has_value(const Tensor& v) const override { return ge(v, 0); }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return abs(scale() * draw_normal(scale(), s, g));
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor density = normal_log_density(v / scale(), scale()) + std::log(2.0);
    return where(ge(v, 0), density, -std::numeric_limits<double>::infinity());
  }
  Tensor entropy() const override { return normal_entropy(scale()) - std::log(2.0); }
  Tensor mean() const override { return scale() * std::sqrt(2 / std::numbers::pi); }
  Tensor variance() const override { return square(scale()) * (1 - 2 / std::numbers::pi); }
  Tensor mode() const override { return zeros_like(scale()); }
  Tensor cdf(const Tensor& v) const override { return erf(v / (scale() * kRootTwo)); }
  Tensor icdf(const Tensor& q) const override { return scale() * kRootTwo * erfinv(q); }
};

struct LaplaceLaw : LocationScale<LaplaceLaw> {
  LawKind kind() const override { return LawKind::laplace; }
  const char* name() const override { return "Laplace"; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    const Tensor size = draw_exponential(loc(), s, g),
                 sign = 2 * bernoulli(0.5, s, {.dtype = loc().dtype(), .generator = g}) - 1;
    return loc() + scale() * (sign * size);
  }
  Tensor log_prob(const Tensor& v) const override { return -abs(standard(v)) - log(2 * scale()); }
  Tensor entropy() const override { return 1 + log(2 * scale()); }
  Tensor mean() const override { return loc(); }
  Tensor variance() const override { return 2 * square(scale()); }
  Tensor cdf(const Tensor& v) const override {
    const Tensor z = standard(v);
    return 0.5 - 0.5 * sign(z) * expm1(-abs(z));
  }
  Tensor icdf(const Tensor& q) const override {
    const Tensor side = q - 0.5;
    return loc() - scale() * sign(side) * log1p(-2 * abs(side));
  }
};

struct CauchyLaw : LocationScale<CauchyLaw> {
  LawKind kind() const override { return LawKind::cauchy; }
  const char* name() const override { return "Cauchy"; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return loc() + scale() * cauchy(0, 1, s, {.dtype = loc().dtype(), .generator = g});
  }
  Tensor log_prob(const Tensor& v) const override { return -kLogPi - log(scale()) - log1p(square(standard(v))); }
  Tensor entropy() const override { return std::log(4 * std::numbers::pi) + log(scale()); }
  Tensor mean() const override { return nan_like(loc()); }
  Tensor variance() const override { return full_like(loc(), std::numeric_limits<double>::infinity()); }
  Tensor cdf(const Tensor& v) const override { return atan(standard(v)) / std::numbers::pi + 0.5; }
  Tensor icdf(const Tensor& q) const override { return loc() + scale() * tan(std::numbers::pi * (q - 0.5)); }
};

struct GumbelLaw : LocationScale<GumbelLaw> {
  LawKind kind() const override { return LawKind::gumbel; }
  const char* name() const override { return "Gumbel"; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return loc() - scale() * log(draw_exponential(loc(), s, g));
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor z = standard(v);
    return -z - exp(-z) - log(scale());
  }
  Tensor entropy() const override { return log(scale()) + (1 + kEulerGamma); }
  Tensor mean() const override { return loc() + kEulerGamma * scale(); }
  Tensor variance() const override { return (std::numbers::pi * std::numbers::pi / 6) * square(scale()); }
  Tensor cdf(const Tensor& v) const override { return exp(-exp(-standard(v))); }
  Tensor icdf(const Tensor& q) const override { return loc() - scale() * log(-log(q)); }
};

struct StudentTLaw : LawOf<StudentTLaw> {
  const Tensor& df() const { return p[0]; }
  const Tensor& loc() const { return p[1]; }
  const Tensor& scale() const { return p[2]; }
  LawKind kind() const override { return LawKind::student_t; }
  const char* name() const override { return "StudentT"; }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    // A normal number over the root of half a chi-squared one, by its logarithm.
    const Tensor log_gamma = log_standard_gamma(0.5 * df().expand(s), g, Location::current());
    return loc() + scale() * draw_normal(loc(), s, g) * exp(0.5 * (log(0.5 * df()) - log_gamma));
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor z = (v - loc()) / scale();
    return -0.5 * (df() + 1) * log1p(square(z) / df()) - log(scale()) - 0.5 * (log(df()) + kLogPi) -
           lgamma(0.5 * df()) + lgamma(0.5 * (df() + 1));
  }
  Tensor entropy() const override {
    const Tensor half = 0.5 * df(), next = 0.5 * (df() + 1);
    return log(scale()) + next * (digamma(next) - digamma(half)) + 0.5 * log(df()) +
           log_beta(half, full_like(half, 0.5));
  }
  Tensor mean() const override { return where(gt(df(), 1), loc(), std::numeric_limits<double>::quiet_NaN()); }
  Tensor variance() const override {
    const Tensor wide = where(gt(df(), 2), df(), 3.0);
    const Tensor v = where(gt(df(), 2), square(scale()) * wide / (wide - 2), std::numeric_limits<double>::infinity());
    return where(gt(df(), 1), v, std::numeric_limits<double>::quiet_NaN());
  }
  Tensor mode() const override { return loc(); }
};

// Of the classes whose second parameter is a scale.
template <class L>
std::shared_ptr<const Law> location_scale(const distributions::Param& loc, const distributions::Param& scale,
                                          bool validate, const Location& at) {
  const CallSite site(at);
  const auto law = std::make_shared<L>();
  law->validate = validate;
  set_parameters(*law, {{"loc", loc}, {"scale", scale}}, at);
  require_not_nan(*law, "loc", law->p[0], at);
  require_positive(*law, "scale", law->p[1], at);
  return law;
}

}  // namespace
}  // namespace xgrad::detail

namespace xgrad::distributions {

namespace laws = xgrad::detail;
using laws::location_scale;

Normal::Normal(const Param& loc, const Param& scale, DistributionOptions o, Location at)
    : DistributionOf(location_scale<laws::NormalLaw>(loc, scale, o.validate_args, at)) {}
LogNormal::LogNormal(const Param& loc, const Param& scale, DistributionOptions o, Location at)
    : DistributionOf(location_scale<laws::LogNormalLaw>(loc, scale, o.validate_args, at)) {}
Laplace::Laplace(const Param& loc, const Param& scale, DistributionOptions o, Location at)
    : DistributionOf(location_scale<laws::LaplaceLaw>(loc, scale, o.validate_args, at)) {}
Cauchy::Cauchy(const Param& loc, const Param& scale, DistributionOptions o, Location at)
    : DistributionOf(location_scale<laws::CauchyLaw>(loc, scale, o.validate_args, at)) {}
Gumbel::Gumbel(const Param& loc, const Param& scale, DistributionOptions o, Location at)
    : DistributionOf(location_scale<laws::GumbelLaw>(loc, scale, o.validate_args, at)) {}

HalfNormal::HalfNormal(const Param& scale, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::HalfNormalLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"scale", scale}}, at);
        require_positive(*law, "scale", law->p[0], at);
        return law;
      }()) {}

StudentT::StudentT(const Param& df, const Param& loc, const Param& scale, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::StudentTLaw>();
        law->validate = o.validate_args;
        set_parameters(*law, {{"df", df}, {"loc", loc}, {"scale", scale}}, at);
        require_positive(*law, "df", law->p[0], at);
        require_not_nan(*law, "loc", law->p[1], at);
        require_positive(*law, "scale", law->p[2], at);
        return law;
      }()) {}

}  // namespace xgrad::distributions
