// Every kind of distribution as a row: how it is made from its parameters, where they lie, and what a grid of its
// values looks like.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/distributions.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::test {

using Parameters = std::vector<Tensor>;
enum class Values { real, positive, unit, between_parameters, whole };

struct DistributionRow {
  std::string name;
  std::function<distributions::Distribution(const Parameters&)> make;
  Parameters at;  // float64, a batch of each
  Values values;
  bool has_variance = true, has_cdf = true, has_icdf = true, has_entropy = true, cdf_has_gradients = true;
};

inline Tensor f64(const std::vector<double>& v) { return from_vector(v); }

// Of one number each.
inline std::vector<DistributionRow> scalar_distributions() {
  using namespace distributions;  // NOLINT
  const Tensor loc = f64({-1, 0, 2.5}), scale = f64({0.4, 1, 3}), p = f64({0.1, 0.5, 0.85});
  return {
      {"Normal", [](const Parameters& t) { return Normal(t[0], t[1]); }, {loc, scale}, Values::real},
      {"LogNormal",
       [](const Parameters& t) { return LogNormal(t[0], t[1]); },
       {loc, f64({0.4, 1, 0.7})},
       Values::positive},
      {"HalfNormal", [](const Parameters& t) { return HalfNormal(t[0]); }, {scale}, Values::positive},
      {"Laplace", [](const Parameters& t) { return Laplace(t[0], t[1]); }, {loc, scale}, Values::real},
      {"Cauchy", [](const Parameters& t) { return Cauchy(t[0], t[1]); }, {loc, scale}, Values::real, false},
      {"Gumbel", [](const Parameters& t) { return Gumbel(t[0], t[1]); }, {loc, scale}, Values::real},
      {"StudentT",
       [](const Parameters& t) { return StudentT(t[0], t[1], t[2]); },
       {f64({4.5, 8, 30}), loc, scale},
       Values::real,
       true,
       false,
       false},
      {"Uniform",
       [](const Parameters& t) { return Uniform(t[0], t[1]); },
       {loc, loc + scale},
       Values::between_parameters},
      {"Exponential", [](const Parameters& t) { return Exponential(t[0]); }, {scale}, Values::positive},
      {"Gamma",
       [](const Parameters& t) { return Gamma(t[0], t[1]); },
       {f64({0.6, 1, 7}), scale},
       Values::positive,
       true,
       true,
       false,
       true,
       false},
      {"Beta",
       [](const Parameters& t) { return Beta(t[0], t[1]); },
       {f64({0.6, 2, 5}), f64({0.7, 3, 1.5})},
       Values::unit,
       true,
       false,
       false},
      {"Bernoulli", [](const Parameters& t) { return Bernoulli(t[0]); }, {p}, Values::whole, true, false, false},
      {"Bernoulli by logits",
       [](const Parameters& t) { return Bernoulli({.logits = t[0]}); },
       {loc},
       Values::whole,
       true,
       false,
       false},
      {"Geometric", [](const Parameters& t) { return Geometric(t[0]); }, {p}, Values::whole, true, false, false},
      {"Geometric by logits",
       [](const Parameters& t) { return Geometric({.logits = t[0]}); },
       {loc},
       Values::whole,
       true,
       false,
       false},
      {"Binomial", [](const Parameters& t) { return Binomial(9, t[0]); }, {p}, Values::whole, true, false, false},
      {"Binomial by logits",
       [](const Parameters& t) {
         return Binomial(f64({9, 9, 9}), {.logits = t[0]});
       },
       {loc},
       Values::whole,
       true,
       false,
       false},
      {"Poisson",
       [](const Parameters& t) { return Poisson(t[0]); },
       {f64({0.3, 2, 15})},
       Values::whole,
       true,
       false,
       false,
       false},
  };
}

// Values and their weights: sums over the first dimension are integrals, or sums over all values.
struct Grid {
  Tensor x, weight;
};
inline Grid grid_of(const DistributionRow& row, const distributions::Distribution& d) {
  const std::int64_t n = 40'001, batch = d.batch_shape()[0];
  const auto columns = [&](const Tensor& t) { return t.unsqueeze(1).expand({t.numel(), batch}); };
  if (row.values == Values::whole) {
    const std::int64_t most = row.name.starts_with("Bernoulli") ? 2 : row.name.starts_with("Binomial") ? 10 : 600;
    return {columns(arange(most, kFloat64)), ones({most, batch}, kFloat64)};
  }
  if (row.values == Values::between_parameters) {
    const Tensor share = (arange(n, kFloat64) + 0.5) / static_cast<double>(n), width = row.at[1] - row.at[0];
    return {row.at[0] + share.unsqueeze(1) * width, (width / static_cast<double>(n)).expand({n, batch})};
  }
  // Evenly in t, where x = sinh t, exp t or the logistic function of t: the trapezium rule in t is exact to roundings
  // for densities that are smooth.
  const double ends = row.values == Values::real ? 40 : 60, step = 2 * ends / static_cast<double>(n - 1);
  const Tensor t = linspace(-ends, ends, n, {kFloat64});
  if (row.values == Values::real) return {columns(sinh(t)), columns(cosh(t) * step)};
  if (row.values == Values::positive) return {columns(exp(t)), columns(exp(t) * step)};
  const Tensor inside = sigmoid(t.slice(0, n / 4, n - n / 4));  // 1 - x has no digits further out
  return {columns(inside), columns(inside * (1 - inside) * step)};
}

}  // namespace xgrad::test
