// Laws of vectors.
#include <algorithm>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/distributions/multivariate.hpp>

#include "distributions/law.hpp"

namespace xgrad::detail {

Tensor squared_length(const Tensor& tril, const Tensor& x) {
  if (tril.dim() > 2 || x.dim() == 1)
    return sum(square(linalg::solve_triangular(tril, x.unsqueeze(-1), {.upper = false})), {-2, -1});
  // One matrix for all vectors: one system of equations.
  const std::int64_t d = tril.size(0);
  const Tensor columns = x.reshape({x.numel() / std::max<std::int64_t>(d, 1), d}).t();
  const Tensor lengths = sum(square(linalg::solve_triangular(tril, columns, {.upper = false})), {0});
  Shape outer = x.shape();
  outer.erase(-1);
  return lengths.reshape(outer);
}

Tensor half_log_determinant(const Tensor& tril) { return sum(log(diagonal(tril, 0, -2, -1)), {-1}); }

namespace {

struct MultivariateNormalLaw : LawOf<MultivariateNormalLaw> {
  const Tensor& loc() const { return p[0]; }
  const Tensor& tril() const { return p[1]; }
  LawKind kind() const override { return LawKind::multivariate_normal; }
  const char* name() const override { return "MultivariateNormal"; }
  std::string support() const override { return "numbers"; }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return loc() + matmul(tril(), draw_normal(loc(), s, g).unsqueeze(-1)).squeeze(-1);
  }
  Tensor log_prob(const Tensor& v) const override {
    return -0.5 * (squared_length(tril(), v - loc()) + static_cast<double>(event[0]) * kLogTwoPi) -
           half_log_determinant(tril());
  }
  Tensor entropy() const override {
    return half_log_determinant(tril()) + 0.5 * static_cast<double>(event[0]) * (1 + kLogTwoPi);
  }
  Tensor mean() const override { return loc(); }
  Tensor mode() const override { return loc(); }
  Tensor variance() const override { return sum(square(tril()), {-1}); }
};

struct DirichletLaw : LawOf<DirichletLaw> {
  const Tensor& concentration() const { return p[0]; }
  LawKind kind() const override { return LawKind::dirichlet; }
  const char* name() const override { return "Dirichlet"; }
  std::string support() const override { return "a simplex: at least 0, with sum 1"; }
  Tensor has_value(const Tensor& v) const override {
    return logical_and(all(ge(v, 0), -1), lt(abs(sum(v, -1) - 1), 1e-6));
  }
  bool has_rsample() const override { return true; }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override {
    return softmax(log_standard_gamma(concentration().expand(s), g, Location::current()), -1);
  }
  Tensor log_prob(const Tensor& v) const override {
    const Tensor& a = concentration();
    return sum(xlogy(a - 1, v), -1) + lgamma(sum(a, -1)) - sum(lgamma(a), -1);
  }
  Tensor entropy() const override {
    const Tensor &a = concentration(), total = sum(a, -1);
    const auto k = static_cast<double>(event[0]);
    return sum(lgamma(a), -1) - lgamma(total) - (k - total) * digamma(total) - sum((a - 1) * digamma(a), -1);
  }
  Tensor mean() const override { return concentration() / sum(concentration(), -1, true); }
  Tensor variance() const override {
    const Tensor &a = concentration(), total = sum(a, -1, true);
    return a * (total - a) / (square(total) * (total + 1));
  }
  // A corner when no concentration reaches 1.
  Tensor mode() const override {
    const Tensor &a = concentration(), over = clamp_min(a - 1, 0);
    const Tensor corner = one_hot(argmax(a, -1), event[0]).to(a.dtype());
    return where(all(lt(a, 1), -1, true), corner, over / sum(over, -1, true));
  }
};

struct IndependentLaw : LawOf<IndependentLaw> {
  std::shared_ptr<const Law> base;
  std::int64_t dims = 0;

  LawKind kind() const override { return LawKind::independent; }
  const char* name() const override { return "Independent"; }
  std::shared_ptr<Law> expanded(const Shape& to) const override {
    const auto law = std::make_shared<IndependentLaw>(*this);
    law->batch = to;
    Shape of_base = to;
    for (std::int64_t k = 0; k < dims; ++k) of_base.push_back(event[k]);
    law->base = base->expanded(of_base);
    return law;
  }
  std::string support() const override { return base->support(); }
  Tensor has_value(const Tensor& v) const override { return base->has_value(v); }
  Tensor as_value(const Tensor& v) const override { return base->as_value(v); }
  bool has_rsample() const override { return base->has_rsample(); }
  bool has_enumerate_support() const override { return dims == 0 && base->has_enumerate_support(); }
  Tensor sample(const Shape& s, const MaybeGenerator& g) const override { return base->sample(s, g); }
  Tensor rsample(const Shape& s, const MaybeGenerator& g) const override { return base->rsample(s, g); }
  Tensor log_prob(const Tensor& v) const override { return sum_last(base->log_prob(v), dims); }
  Tensor entropy() const override { return sum_last(base->entropy(), dims); }
  Tensor mean() const override { return base->mean(); }
  Tensor variance() const override { return base->variance(); }
  Tensor mode() const override { return base->mode(); }
  Tensor enumerate_support(bool expand) const override {
    if (dims > 0) lacks("enumerate_support: the events are all combinations of the base distribution's");
    return base->enumerate_support(expand);
  }
};

void require_square(const char* what, const Tensor& m, std::int64_t d, const Location& at) {
  if (m.dim() < 2 || m.size(-1) != d || m.size(-2) != d)
    ErrorReport("MultivariateNormal", fmt::format("{} must be (..., {}, {})", what, d, d), at)
        .operand(what, m)
        .shape_error();
}

// L of a symmetric and positive definite matrix, or with S^-1 given of its inverse S.
Tensor tril_of(const Law& law, const char* what, const Tensor& m, bool inverse, const Location& at) {
  if (law.validate)
    require_parameter(law, what, m, all(all(isclose(m, transpose(m, -2, -1), 1e-5, 1e-6), -1), -1), "symmetric", at);
  if (!inverse) return linalg::cholesky(m);
  // The Cholesky factor of the matrix read backwards is L^-1, transposed and read backwards.
  const Tensor backwards = linalg::cholesky(flip(m, {-2, -1}));
  const Tensor inverted = transpose(flip(backwards, {-2, -1}), -2, -1);
  return linalg::solve_triangular(inverted, eye(m.size(-1), {}, {m.dtype()}), {.upper = false});
}

std::shared_ptr<const Law> multivariate_normal(const Tensor& loc, const distributions::Covariance& o,
                                               const Location& at) {
  const CallSite site(at);
  const auto law = std::make_shared<MultivariateNormalLaw>();
  law->validate = o.validate_args;
  const char* op = law->name();
  if (o.covariance_matrix.defined() + o.precision_matrix.defined() + o.scale_tril.defined() != 1)
    ErrorReport(op, "exactly one of covariance_matrix, precision_matrix and scale_tril must be given", at)
        .value_error();
  const char* what = o.covariance_matrix.defined()  ? "covariance_matrix"
                     : o.precision_matrix.defined() ? "precision_matrix"
                                                    : "scale_tril";
  const Tensor& m = o.covariance_matrix.defined()  ? o.covariance_matrix
                    : o.precision_matrix.defined() ? o.precision_matrix
                                                   : o.scale_tril;
  require_floating(op, loc, at);
  require_floating(op, m, at);
  require_same_dtype(op, loc, m, at);
  if (loc.dim() < 1) ErrorReport(op, "loc needs at least one dimension", at).operand("loc", loc).shape_error();
  const std::int64_t d = loc.size(-1);
  require_square(what, m, d, at);
  const Shape of_loc(std::span(loc.shape().begin(), loc.shape().size() - 1)),
      of_m(std::span(m.shape().begin(), m.shape().size() - 2));
  law->batch = broadcast_shapes(op, of_loc, of_m, at);
  law->event = {d};
  law->ranks = {1, 2};
  require_not_nan(*law, "loc", loc, at);
  if (m.size(-1) > 0 && o.scale_tril.defined() && law->validate) {
    require_parameter(*law, what, m, all(all(eq(m, tril(m)), -1), -1), "lower triangular", at);
    const Tensor pivots = diagonal(m, 0, -2, -1);
    require_parameter(*law, "the diagonal of scale_tril", pivots, gt(pivots, 0), "positive", at);
  }
  const Tensor factor = o.scale_tril.defined() ? m : tril_of(*law, what, m, o.precision_matrix.defined(), at);
  law->p = {expand(loc, joined(law->batch, {d})), expand(factor, joined(law->batch, {d, d}))};
  return law;
}

}  // namespace

const Law& base_of(const Law& independent) { return *static_cast<const IndependentLaw&>(independent).base; }
std::int64_t event_dims_of(const Law& independent) { return static_cast<const IndependentLaw&>(independent).dims; }

}  // namespace xgrad::detail

namespace xgrad::distributions {

namespace laws = xgrad::detail;

namespace {

// A handle of the base of an Independent.
struct OfLaw : Distribution {
  explicit OfLaw(std::shared_ptr<const laws::Law> law) : Distribution(std::move(law)) {}
};

}  // namespace

MultivariateNormal::MultivariateNormal(const Tensor& loc, Covariance o, Location at)
    : DistributionOf(laws::multivariate_normal(loc, o, at)) {}
MultivariateNormal::MultivariateNormal(const Tensor& loc, const Tensor& covariance_matrix, DistributionOptions o,
                                       Location at)
    : MultivariateNormal(loc, {.covariance_matrix = covariance_matrix, .validate_args = o.validate_args}, at) {}

Tensor MultivariateNormal::covariance_matrix() const { return matmul(parameter(1), transpose(parameter(1), -2, -1)); }
Tensor MultivariateNormal::precision_matrix() const { return cholesky_inverse(parameter(1)); }

Dirichlet::Dirichlet(const Tensor& concentration, DistributionOptions o, Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const laws::CallSite site(at);
        const auto law = std::make_shared<laws::DirichletLaw>();
        law->validate = o.validate_args;
        require_floating(law->name(), concentration, at);
        if (concentration.dim() < 1 || concentration.size(-1) < 1)
          ErrorReport(law->name(), "concentration needs a last dimension of at least one number", at)
              .operand("concentration", concentration)
              .shape_error();
        law->p = {concentration};
        law->ranks = {1};
        law->batch = Shape(std::span(concentration.shape().begin(), concentration.shape().size() - 1));
        law->event = {concentration.size(-1)};
        require_positive(*law, "concentration", concentration, at);
        return law;
      }()) {}

Independent::Independent(const Distribution& base, std::int64_t reinterpreted_batch_ndims, DistributionOptions o,
                         Location at)
    : DistributionOf([&]() -> std::shared_ptr<const laws::Law> {
        const Shape& batch = base.batch_shape();
        if (reinterpreted_batch_ndims < 0 || reinterpreted_batch_ndims > batch.rank())
          ErrorReport("Independent",
                      fmt::format("reinterpreted_batch_ndims must be in 0..{}, the dimensions of the batch {}, got {}",
                                  batch.rank(), to_string(batch), reinterpreted_batch_ndims),
                      at)
              .value_error();
        const auto law = std::make_shared<laws::IndependentLaw>();
        law->base = law_of(base);
        law->dims = reinterpreted_batch_ndims;
        law->validate = o.validate_args && law->base->validate;
        const auto kept = static_cast<std::size_t>(batch.rank() - reinterpreted_batch_ndims);
        law->batch = Shape(std::span(batch.begin(), kept));
        law->event = laws::joined(Shape(std::span(batch.begin() + kept, batch.end())), base.event_shape());
        return law;
      }()) {}

Distribution Independent::base_dist() const { return OfLaw(static_cast<const laws::IndependentLaw&>(law()).base); }

}  // namespace xgrad::distributions
