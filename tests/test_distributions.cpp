// Distributions of one number each, row by row: densities that integrate to 1, moments and entropies by quadrature,
// samples against distribution functions, gradients against finite differences; then what is refused.
#include <algorithm>
#include <cmath>
#include <sstream>

#include <xgrad/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include "distribution_rows.hpp"
#include "support.hpp"
#include "unit_test.hpp"

using namespace xgrad;
using namespace xgrad::test;
using distributions::Distribution;

namespace {

// In units of 1 plus the value, NaN and infinity at the same places.
void check_near(const std::string& what, const Tensor& got, const Tensor& want, double tolerance) {
  BOOST_REQUIRE_MESSAGE(got.shape() == want.shape(),
                        what << ": shape " << to_string(got.shape()) << " for " << to_string(want.shape()));
  const auto g = got.detach().to_vector<double>(), w = want.detach().to_vector<double>();
  for (std::size_t i = 0; i < g.size(); ++i)
    BOOST_CHECK_MESSAGE(std::abs(g[i] - w[i]) <= tolerance * (1 + std::abs(w[i])) || g[i] == w[i] ||
                            (std::isnan(g[i]) && std::isnan(w[i])),
                        what << ": " << g[i] << " for " << w[i] << " at " << i);
}

Parameters with_gradients(const Parameters& at) {
  Parameters all;
  for (const Tensor& t : at) all.push_back(t.clone().requires_grad_());
  return all;
}

BOOST_AUTO_TEST_CASE(densities_moments_and_entropies) {
  for (const DistributionRow& row : scalar_distributions()) {
    const Distribution d = row.make(row.at);
    const auto [x, weight] = grid_of(row, d);
    const Tensor log_p = d.log_prob(x), p = exp(log_p) * weight;
    const double tolerance = row.name == "Laplace" || row.name == "Beta" ? 1e-5 : 1e-7;
    check_near(row.name + ": integral", p.sum(0), ones({3}, kFloat64), tolerance);
    if (row.has_variance) {
      const Tensor mean = (x * p).sum(0), variance = (square(x - mean) * p).sum(0);
      check_near(row.name + ".mean", d.mean(), mean, tolerance);
      check_near(row.name + ".variance", d.variance(), variance, 10 * tolerance);
      check_near(row.name + ".stddev", d.stddev(), sqrt(variance), 10 * tolerance);
    }
    if (row.has_entropy) {
      const Tensor entropy = -(where(gt(p, 0), log_p, 0.0) * p).sum(0);
      check_near(row.name + ".entropy", d.entropy(), entropy, 10 * tolerance);
      check_near(row.name + ".perplexity", d.perplexity(), exp(entropy), 10 * tolerance);
    }
    if (row.has_cdf)
      for (const double share : {0.2, 0.5, 0.9}) {
        const auto k = static_cast<std::int64_t>(share * static_cast<double>(x.size(0)));
        // Up to the middle between two points of the grid.
        const Tensor to = row.values == Values::between_parameters ? x.select(0, k) + 0.5 * weight.select(0, k)
                          : row.values == Values::real             ? sinh(asinh(x.select(0, k)) + 0.001)
                                                                   : x.select(0, k) * std::exp(0.0015);
        check_near(row.name + ".cdf", d.cdf(to), p.slice(0, 0, k + 1).sum(0), 1e-5);
      }
    if (row.has_icdf) {
      const Tensor q = f64({0.03, 0.4, 0.98}).unsqueeze(1).expand({3, 3});
      check_near(row.name + ".icdf", d.cdf(d.icdf(q)), q, 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE(modes) {
  for (const DistributionRow& row : scalar_distributions()) {
    const Distribution d = row.make(row.at);
    const Tensor mode = d.mode();
    BOOST_TEST(mode.shape() == Shape({3}));
    if (row.name == "Uniform") {
      BOOST_TEST(all(isnan(mode)).item<bool>());
      continue;
    }
    const Tensor most = amax(where(isnan(mode), 0.0, d.log_prob(grid_of(row, d).x)), {0}),
                 there = d.log_prob(where(isnan(mode), 0.0, mode));
    for (std::int64_t i = 0; i < 3; ++i)
      if (std::isnan(mode[i].item()))
        BOOST_CHECK_MESSAGE(row.name == "Bernoulli" || row.name == "Bernoulli by logits", row.name << " has no mode");
      else
        BOOST_CHECK_MESSAGE(there[i].item() >= most[i].item() - 1e-9, row.name << ": more likely than the mode");
  }
  BOOST_TEST(std::isnan(distributions::Bernoulli(0.5).mode().item()));
}

// Kolmogorov-Smirnov for those with a distribution function, moments for all with a variance, in five deviations.
BOOST_AUTO_TEST_CASE(samples) {
  const std::int64_t n = 100'000;
  const Generator g(5);
  for (const DistributionRow& row : scalar_distributions()) {
    const Distribution d = row.make(row.at);
    const auto before = default_generator().get_state();
    const Tensor x = d.sample({n}, g);
    BOOST_TEST((default_generator().get_state() == before));
    BOOST_TEST(x.shape() == Shape({n, 3}));
    BOOST_TEST((x.dtype() == kFloat64));
    BOOST_TEST(!x.requires_grad());
    BOOST_TEST(all(isfinite(d.log_prob(x))).item<bool>());
    if (row.has_cdf) {
      const Tensor f = sort(d.cdf(x), 0).values, steps = (arange(n, kFloat64) / static_cast<double>(n)).unsqueeze(1);
      const Tensor distance = maximum(abs(f - steps), abs(f - steps - 1 / static_cast<double>(n)));
      const double most = amax(distance).item() * std::sqrt(static_cast<double>(n));
      BOOST_CHECK_MESSAGE(most < 1.95, row.name << ": Kolmogorov-Smirnov " << most);
    }
    if (row.has_variance) {
      const Tensor off = x - d.mean(), fourth = (square(square(off))).mean(0), v = d.variance();
      const double root = std::sqrt(static_cast<double>(n));
      BOOST_CHECK_MESSAGE(all(abs(off.mean(0)) < 5 * d.stddev() / root).item<bool>(), row.name << ": mean of samples");
      BOOST_CHECK_MESSAGE(all(abs(square(off).mean(0) - v) < 6 * sqrt(fourth - v * v) / root + 1e-4 * v).item<bool>(),
                          row.name << ": variance of samples");
    }
    if (row.values == Values::whole) {
      const Tensor grid = grid_of(row, d).x;
      for (std::int64_t k = 0; k < std::min<std::int64_t>(grid.size(0), 30); ++k) {
        const Tensor expected = exp(d.log_prob(grid.select(0, k))) * static_cast<double>(n);
        const Tensor counted = eq(x, static_cast<double>(k)).sum(0).to(kFloat64);
        BOOST_CHECK_MESSAGE(all(abs(counted - expected) < 5 * sqrt(expected) + 2).item<bool>(),
                            row.name << ": how often " << k);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(gradients_of_log_prob_and_moments) {
  for (const DistributionRow& row : scalar_distributions()) {
    const Distribution d = row.make(row.at);
    Tensor x = d.sample({4}, Generator(6));
    const bool continuous = row.values != Values::whole;
    const auto log_prob = [&](const std::vector<Tensor>& in) {
      return row.make({in.begin() + 1, in.end()}).log_prob(in[0]);
    };
    std::vector<Tensor> inputs = with_gradients(row.at);
    inputs.insert(inputs.begin(), continuous ? x.requires_grad_() : x);
    try {
      gradcheck(std::function<Tensor(const std::vector<Tensor>&)>(log_prob), inputs);
      gradgradcheck(std::function<Tensor(const std::vector<Tensor>&)>(log_prob), inputs);
      const Parameters parameters = with_gradients(row.at);
      const auto moments = [&](const std::vector<Tensor>& in) {
        const Distribution e = row.make(in);
        std::vector<Tensor> all;
        if (row.has_variance) all = {e.mean(), e.variance()};
        if (row.has_entropy) all.push_back(e.entropy());
        return all;
      };
      gradcheck(GradcheckFunction(moments), parameters);
      if (row.has_cdf && row.cdf_has_gradients)
        gradcheck(std::function<Tensor(const std::vector<Tensor>&)>([&](const std::vector<Tensor>& in) {
                    return row.make({in.begin() + 1, in.end()}).cdf(in[0]);
                  }),
                  inputs);
    } catch (const Error& e) {
      BOOST_ERROR(row.name << ": " << e.what());
    }
  }
}

// A draw keeps its quantile: dx/dtheta = -(dF/dtheta) / (dF/dx).
BOOST_AUTO_TEST_CASE(gradients_of_rsample) {
  for (const DistributionRow& row : scalar_distributions()) {
    const Parameters parameters = with_gradients(row.at);
    const Distribution d = row.make(parameters);
    BOOST_TEST(d.has_rsample() == (row.values != Values::whole));
    if (!d.has_rsample()) {
      expect_op<ValueError>(row.name.substr(0, row.name.find(' ')), {"has no rsample"}, [&] { d.rsample(); });
      continue;
    }
    if (!row.has_cdf || !row.cdf_has_gradients) continue;
    const Tensor x = d.rsample({20}, Generator(7));
    BOOST_TEST(test::same_bits(x.detach(), d.sample({20}, Generator(7))));
    x.sum().backward();
    Parameters others = with_gradients(row.at);
    const Distribution e = row.make(others);
    const Tensor v = x.detach(), density = exp(e.log_prob(v)).detach();
    (e.cdf(v) / density).sum().backward();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      check_near(row.name + ": gradient of rsample", parameters[i].grad(), -others[i].grad(), 1e-6);
  }
}

// Those without a distribution function that has gradients: the gradient of E[f(x)] by its parameters, by quadrature.
BOOST_AUTO_TEST_CASE(expected_gradients_of_rsample) {
  const std::int64_t n = 200'000;
  for (const DistributionRow& row : scalar_distributions()) {
    if (row.name != "Gamma" && row.name != "Beta" && row.name != "StudentT") continue;
    const auto f = [](const Tensor& x) { return tanh(x - 0.3); };
    const Parameters parameters = with_gradients(row.at);
    const Distribution d = row.make(parameters);
    // One seed for each batch: the gradient of each draw.
    const Tensor x = d.rsample({n}, Generator(8));
    f(x).sum().backward();
    const Parameters others = with_gradients(row.at);
    const Distribution e = row.make(others);
    const auto [grid, weight] = grid_of(row, e);
    (exp(e.log_prob(grid)) * weight * f(grid)).sum().backward();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Tensor got = parameters[i].grad() / static_cast<double>(n);
      for (std::int64_t k = 0; k < 3; ++k)
        BOOST_CHECK_MESSAGE(std::abs(got[k].item() - others[i].grad()[k].item()) < 0.006,
                            row.name << ": gradient " << got[k].item() << " for " << others[i].grad()[k].item());
    }
  }
}

BOOST_AUTO_TEST_CASE(float32_and_numbers) {
  for (const DistributionRow& row : scalar_distributions()) {
    if (row.name == "Binomial by logits") continue;  // its count is float64
    Parameters narrow;
    for (const Tensor& t : row.at) narrow.push_back(t.to(kFloat32));
    const Distribution d = row.make(row.at), s = row.make(narrow);
    const Tensor x = d.sample({50}, Generator(9)).to(kFloat32);
    BOOST_TEST((s.sample({2}, Generator(9)).dtype() == kFloat32));
    BOOST_TEST((s.log_prob(x).dtype() == kFloat32));
    const double tolerance = row.name == "Beta" || row.name == "Uniform" ? 1e-2 : 1e-4;
    check_near(row.name + " in float32", s.log_prob(x).to(kFloat64), d.log_prob(x.to(kFloat64)), tolerance);
  }
  const distributions::Normal standard(0, 1);
  BOOST_TEST(standard.batch_shape() == Shape({}));
  BOOST_TEST((standard.loc().dtype() == kFloat32));
  BOOST_TEST((distributions::Normal(0, ones({2}, kFloat64)).loc().dtype() == kFloat64));
  BOOST_TEST(std::abs(standard.log_prob(tensor(1, kInt64)).item() + 0.5 + 0.918938533) < 1e-6);
}

BOOST_AUTO_TEST_CASE(shapes) {
  const distributions::Normal d(zeros({3, 1}), ones({4}));
  BOOST_TEST(d.batch_shape() == Shape({3, 4}));
  BOOST_TEST(d.event_shape() == Shape({}));
  BOOST_TEST(d.sample().shape() == Shape({3, 4}));
  BOOST_TEST(d.sample({5, 2}).shape() == Shape({5, 2, 3, 4}));
  BOOST_TEST(d.sample({0}).shape() == Shape({0, 3, 4}));
  BOOST_TEST(d.log_prob(zeros({4})).shape() == Shape({3, 4}));
  BOOST_TEST(d.log_prob(zeros({2, 3, 4})).shape() == Shape({2, 3, 4}));
  const distributions::Normal wide = d.expand({2, 3, 4});
  BOOST_TEST(wide.batch_shape() == Shape({2, 3, 4}));
  BOOST_TEST(wide.loc().shape() == Shape({2, 3, 4}));
  const Distribution any = d;
  BOOST_TEST(any.expand({7, 3, 4}).batch_shape() == Shape({7, 3, 4}));
  expect_op<ShapeError>("Normal.expand", {"(3, 4)", "(4)"}, [&] { any.expand({4}); });
  expect_op<ShapeError>("Normal.log_prob", {"(3, 4)", "(5)"}, [&] { d.log_prob(zeros({5})); });
  expect_op<ShapeError>("Normal", {"(2)", "(3)"}, [&] { distributions::Normal(zeros({2}), ones({3})); });
  std::ostringstream text;
  text << d << ' ' << any;
  BOOST_TEST(text.str() == "Normal(batch (3, 4), event ()) Normal(batch (3, 4), event ())");
  const Distribution empty = distributions::Normal(zeros({0}), ones({0}));
  BOOST_TEST(empty.sample({2}).shape() == Shape({2, 0}));
  BOOST_TEST(empty.entropy().shape() == Shape({0}));
}

BOOST_AUTO_TEST_CASE(parameters_are_checked) {
  using namespace distributions;  // NOLINT
  const Tensor bad = tensor({1., -1.}), nan = tensor({double(NAN)});
  expect_op<ValueError>("Normal", {"scale must be positive, got -1"}, [&] { Normal(0, bad); });
  expect_op<ValueError>("Normal", {"scale must be positive, got 0"}, [&] { Normal(0, 0); });
  expect_op<ValueError>("Normal", {"loc must be a number, got nan"}, [&] { Normal(nan, 1); });
  expect_op<ValueError>("LogNormal", {"scale must be positive"}, [&] { LogNormal(0, bad); });
  expect_op<ValueError>("HalfNormal", {"scale must be positive"}, [&] { HalfNormal{nan}; });
  expect_op<ValueError>("Laplace", {"scale must be positive"}, [&] { Laplace(0, bad); });
  expect_op<ValueError>("Cauchy", {"scale must be positive"}, [&] { Cauchy(0, bad); });
  expect_op<ValueError>("Gumbel", {"scale must be positive"}, [&] { Gumbel(0, bad); });
  expect_op<ValueError>("StudentT", {"df must be positive"}, [&] { StudentT{bad}; });
  expect_op<ValueError>("Uniform", {"low must be less than high, got 2"}, [&] { Uniform(2, 2); });
  expect_op<ValueError>("Exponential", {"rate must be positive"}, [&] { Exponential{bad}; });
  expect_op<ValueError>("Gamma", {"rate must be positive"}, [&] { Gamma(1, bad); });
  expect_op<ValueError>("Beta", {"concentration0 must be positive"}, [&] { Beta(1, bad); });
  expect_op<ValueError>("Bernoulli", {"probs must be in [0, 1], got 1.5"}, [&] { Bernoulli(1.5); });
  expect_op<ValueError>("Bernoulli", {"exactly one of probs and logits"}, [&] { Bernoulli(ProbsOrLogits{}); });
  expect_op<ValueError>("Bernoulli", {"exactly one of probs and logits"},
                        [&] { Bernoulli({.probs = 0.5, .logits = 0.}); });
  expect_op<ValueError>("Bernoulli", {"logits must be a number"}, [&] { Bernoulli({.logits = nan}); });
  expect_op<ValueError>("Geometric", {"probs must be in (0, 1], got 0"}, [&] { Geometric(0); });
  expect_op<ValueError>("Binomial", {"total_count must be a whole number, at least 0, got 1.5"},
                        [&] { Binomial(1.5, 0.5); });
  expect_op<ValueError>("Poisson", {"rate must be at least 0"}, [&] { Poisson{bad}; });
  expect_op<DTypeError>("Normal", {"int64"}, [&] { Normal(zeros({2}, kInt64), 1); });
  expect_op<ValueError>("Normal.log_prob", {"undefined"}, [&] { Normal(0, 1).log_prob(Tensor()); });
  BOOST_CHECK_NO_THROW(Normal(0, bad, {.validate_args = false}));
  BOOST_CHECK_NO_THROW(Bernoulli({.probs = 1.5, .validate_args = false}));
}

BOOST_AUTO_TEST_CASE(values_are_checked) {
  using namespace distributions;  // NOLINT
  const auto v = [](double x) { return tensor(x); };
  expect_op<ValueError>("Normal.log_prob", {"a value must be a number, got nan"},
                        [&] { Normal(0, 1).log_prob(v(NAN)); });
  expect_op<ValueError>("LogNormal.log_prob", {"positive, got 0"}, [&] { LogNormal(0, 1).log_prob(v(0)); });
  expect_op<ValueError>("HalfNormal.cdf", {"at least 0, got -1"}, [&] { HalfNormal(1).cdf(v(-1)); });
  expect_op<ValueError>("Uniform.log_prob", {"between low and high, got 3"}, [&] { Uniform(0, 1).log_prob(v(3)); });
  expect_op<ValueError>("Exponential.log_prob", {"at least 0"}, [&] { Exponential(1).log_prob(v(-1)); });
  expect_op<ValueError>("Gamma.log_prob", {"at least 0"}, [&] { Gamma(1, 1).log_prob(v(-1)); });
  expect_op<ValueError>("Beta.log_prob", {"between 0 and 1"}, [&] { Beta(1, 1).log_prob(v(1.5)); });
  expect_op<ValueError>("Bernoulli.log_prob", {"0 or 1, got 0.5"}, [&] { Bernoulli(0.5).log_prob(v(0.5)); });
  expect_op<ValueError>("Geometric.log_prob", {"whole number"}, [&] { Geometric(0.5).log_prob(v(-1)); });
  expect_op<ValueError>("Binomial.log_prob", {"from 0 to total_count, got 4"},
                        [&] { Binomial(3, 0.5).log_prob(v(4)); });
  expect_op<ValueError>("Poisson.log_prob", {"whole number"}, [&] { Poisson(1).log_prob(v(0.5)); });
  expect_op<ValueError>("Poisson", {"has no entropy"}, [&] { Poisson(1).entropy(); });
  expect_op<ValueError>("StudentT", {"has no cdf"}, [&] { StudentT(1).cdf(v(0)); });
  expect_op<ValueError>("Gamma", {"has no icdf"}, [&] { Gamma(1, 1).icdf(v(0.5)); });
  expect_op<ValueError>("Normal", {"has no enumerate_support"}, [&] { Normal(0, 1).enumerate_support(); });
  BOOST_TEST(std::isinf(Uniform(0, 1, {.validate_args = false}).log_prob(v(3)).item()));
  BOOST_TEST(std::isinf(HalfNormal(1, {.validate_args = false}).log_prob(v(-3)).item()));
  BOOST_TEST(std::isinf(Uniform(0, 1).log_prob(v(1)).item()));  // the upper end is not among the values
}

BOOST_AUTO_TEST_CASE(supports) {
  using namespace distributions;  // NOLINT
  const Bernoulli b(tensor({0.2, 0.7}));
  BOOST_TEST(b.has_enumerate_support());
  BOOST_TEST(b.enumerate_support().shape() == Shape({2, 2}));
  BOOST_TEST(b.enumerate_support(false).shape() == Shape({2, 1}));
  check_near("sum over the support", exp(b.log_prob(b.enumerate_support())).sum(0), ones({2}), 1e-6);
  const Binomial n(4, tensor({0.2, 0.7}));
  BOOST_TEST(n.enumerate_support().shape() == Shape({5, 2}));
  check_near("sum over the support", exp(n.log_prob(n.enumerate_support())).sum(0), ones({2}), 1e-6);
  const Binomial mixed(tensor({1., 2.}), tensor({0.5, 0.5}));
  expect_op<ValueError>("Binomial", {"total_count differs"}, [&] { mixed.enumerate_support(); });
  BOOST_TEST(Binomial(tensor({3, 4}), 0.5).sample({3}).shape() == Shape({3, 2}));
}

// Probabilities of 0 and 1, and extreme parameters.
BOOST_AUTO_TEST_CASE(limits) {
  using namespace distributions;  // NOLINT
  const Tensor p = tensor({0., 1.}).requires_grad_();
  const Bernoulli b(p);
  BOOST_TEST(b.sample({10}).sum(0).to_vector<int>() == std::vector<int>({0, 10}), boost::test_tools::per_element());
  const Tensor likely = b.log_prob(tensor({0., 1.}));
  check_near("certain values", likely, zeros({2}), 1e-6);
  likely.sum().backward();
  BOOST_TEST(all(isfinite(p.grad())).item<bool>());
  const Tensor rare = Bernoulli({.logits = f64({-40, 40})}).log_prob(f64({0, 1}));
  check_near("nearly certain values", rare / std::exp(-40), f64({-1, -1}), 1e-12);
  BOOST_TEST(Geometric(1).sample({10}).sum().item() == 0);
  BOOST_TEST(Geometric(1).log_prob(tensor(0.)).item() == 0);
  BOOST_TEST(Poisson(0).log_prob(tensor(0.)).item() == 0);
  BOOST_TEST(Poisson(0).sample({10}).sum().item() == 0);
  const Tensor tiny = Beta(full({1000}, 1e-3), 1e-3).rsample();
  BOOST_TEST(!any(isnan(tiny)).item<bool>());
  BOOST_TEST(std::abs(gt(tiny, 0.5).sum().item() - 500) < 80);  // at both ends, as often
  BOOST_TEST(all(gt(Gamma(full({1000}, 1e-3), 1).sample(), 0)).item<bool>());
  check_near("mean of t", StudentT(tensor({0.5, 1.5, 3.})).mean(), tensor({double(NAN), 0., 0.}), 0);
  check_near("variance of t", StudentT(tensor({0.5, 1.5, 3.})).variance(), tensor({double(NAN), INFINITY, 3.}), 1e-6);
}

BOOST_AUTO_TEST_CASE(a_distribution_is_a_handle) {
  using namespace distributions;  // NOLINT
  Tensor loc = zeros({2}).requires_grad_();
  std::vector<Distribution> all;
  {
    const Normal n(loc, 1);
    all.push_back(n);
    all.push_back(Bernoulli(0.5));
  }
  all[0].log_prob(ones({2})).sum().backward();
  check_near("gradient", loc.grad(), ones({2}), 1e-6);
  Distribution d = std::move(all[1]);
  BOOST_TEST(all[1].sample().dim() == 0);  // NOLINT: moving copies
}

}  // namespace
