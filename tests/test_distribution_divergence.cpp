// kl_divergence of every pair that has one, against its integral or sum.
#include <cmath>
#include <sstream>

#include <xgrad/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include "distribution_rows.hpp"
#include "support.hpp"
#include "unit_test.hpp"

using namespace xgrad;
using namespace xgrad::test;
using namespace xgrad::distributions;

namespace {

// For each kind of row other parameters, near those of the row.
Parameters moved(const DistributionRow& row) {
  Parameters all;
  for (const Tensor& t : row.at) {
    if (row.name == "Uniform")
      all.push_back(all.empty() ? t - 0.5 : t + 0.25);  // around the values of the first
    else
      all.push_back(row.values == Values::whole && !row.name.ends_with("logits") ? t * 0.9 + 0.02 : t * 1.3 + 0.1);
  }
  return all;
}

const DistributionRow& row_of(const std::vector<DistributionRow>& rows, const std::string& name) {
  for (const DistributionRow& row : rows)
    if (row.name == name) return row;
  throw std::logic_error("no row " + name);
}

void agrees(const DistributionRow& row, const Distribution& p, const Distribution& q, const std::string& names) {
  const auto [x, weight] = grid_of(row, p);
  const Tensor log_p = p.log_prob(x), mass = exp(log_p) * weight, likely = gt(mass, 0);
  const Tensor want = (where(likely, log_p - q.log_prob(x), 0.0) * mass).sum(0), got = kl_divergence(p, q);
  for (std::int64_t i = 0; i < 3; ++i)
    BOOST_CHECK_MESSAGE(std::abs(got[i].item() - want[i].item()) < 2e-5 * (1 + std::abs(want[i].item())),
                        names << ": " << got[i].item() << " for " << want[i].item() << " at " << i);
  for (const double v : got.to_vector<double>()) BOOST_CHECK_MESSAGE(v > -1e-9, names << ": negative");
}

BOOST_AUTO_TEST_CASE(of_a_kind_and_itself) {
  for (const DistributionRow& row : scalar_distributions()) {
    if (row.name == "StudentT") continue;
    const Distribution p = row.make(row.at), q = row.make(moved(row));
    agrees(row, p, q, row.name);
    check_close(kl_divergence(p, p), {0, 0, 0}, 1e-9);
    Parameters inputs;
    for (const Tensor& t : row.at) inputs.push_back(t.clone().requires_grad_());
    for (const Tensor& t : moved(row)) inputs.push_back(t.clone().requires_grad_());
    const auto half = static_cast<std::ptrdiff_t>(row.at.size());
    gradcheck(
        std::function<Tensor(const std::vector<Tensor>&)>([&](const std::vector<Tensor>& in) {
          return kl_divergence(row.make({in.begin(), in.begin() + half}), row.make({in.begin() + half, in.end()}));
        }),
        inputs);
  }
}

BOOST_AUTO_TEST_CASE(of_two_kinds) {
  const auto rows = scalar_distributions();
  const Tensor low = f64({0.2, 0.1, 0.4}), high = f64({0.6, 0.95, 0.9});
  const Distribution within = Uniform(low, high);
  const std::pair<const char*, const char*> pairs[] = {
      {"Bernoulli", "Poisson"}, {"Beta", "Exponential"},   {"Beta", "Gamma"},         {"Beta", "Normal"},
      {"Exponential", "Gamma"}, {"Exponential", "Gumbel"}, {"Exponential", "Normal"}, {"Gamma", "Exponential"},
      {"Gamma", "Gumbel"},      {"Gamma", "Normal"},       {"Gumbel", "Normal"},      {"Laplace", "Normal"},
      {"Normal", "Gumbel"},     {"Normal", "Laplace"},     {"Uniform", "Gumbel"},     {"Uniform", "Normal"}};
  for (const auto& [p, q] : pairs)
    agrees(row_of(rows, p), row_of(rows, p).make(row_of(rows, p).at), row_of(rows, q).make(row_of(rows, q).at),
           std::string(p) + " and " + q);
  DistributionRow inside = row_of(rows, "Uniform");
  inside.at = {low, high};
  for (const char* q : {"Exponential", "Gamma", "Beta"})
    agrees(inside, within, row_of(rows, q).make(row_of(rows, q).at), std::string("Uniform and ") + q);
  agrees(row_of(rows, "Beta"), row_of(rows, "Beta").make(row_of(rows, "Beta").at),
         Uniform(f64({-1, 0, -3}), f64({1, 2, 5})), "Beta and Uniform");
}

BOOST_AUTO_TEST_CASE(infinite_where_values_are_missing) {
  const Distribution beta = Beta(2, 3), exponential = Exponential(1), gamma = Gamma(2, 1), gumbel = Gumbel(0, 1),
                     laplace = Laplace(0, 1), normal = Normal(0, 1), uniform = Uniform(-1, 2), poisson = Poisson(1);
  const std::vector<std::pair<Distribution, Distribution>> pairs = {
      {exponential, beta},
      {exponential, uniform},
      {gamma, beta},
      {gamma, uniform},
      {gumbel, beta},
      {gumbel, exponential},
      {gumbel, gamma},
      {gumbel, uniform},
      {laplace, beta},
      {laplace, exponential},
      {laplace, gamma},
      {laplace, uniform},
      {normal, beta},
      {normal, exponential},
      {normal, gamma},
      {normal, uniform},
      {poisson, Bernoulli(0.5)},
      {poisson, Binomial(3, 0.5)},
      {uniform, beta},
      {uniform, exponential},
      {uniform, gamma},
      {uniform, Uniform(0, 3)},
      {beta, Uniform(0.1, 1)},
      {Binomial(4, 0.5), Binomial(3, 0.5)},
      {Bernoulli(0.5), Bernoulli(0.)},
      {Categorical(tensor({0.5, 0.5})), Categorical(tensor({1., 0.}))}};
  for (const auto& [p, q] : pairs) {
    std::ostringstream names;
    names << p << " and " << q;
    const double d = kl_divergence(p, q).item();
    BOOST_CHECK_MESSAGE(std::isinf(d) && d > 0, names.str() << ": " << d);
  }
}

BOOST_AUTO_TEST_CASE(of_classes_and_vectors) {
  const Tensor a = f64({1, 2, 5}), b = f64({2, 0.5, 3}), p = a / a.sum(), q = b / b.sum();
  const double want = (p * (log(p) - log(q))).sum().item();
  check_close(kl_divergence(Categorical(a), Categorical(b)), {want}, 1e-12);
  check_close(kl_divergence(OneHotCategorical(a), OneHotCategorical({.logits = log(b)})), {want}, 1e-12);
  check_close(kl_divergence(Categorical(f64({0, 1})), Categorical(f64({1, 1}))), {std::log(2.0)}, 1e-12);
  // Dirichlet of two is Beta; of three by samples.
  check_close(kl_divergence(Dirichlet(f64({0.7, 2})), Dirichlet(f64({1.5, 1}))),
              {kl_divergence(Beta(f64({0.7}), f64({2})), Beta(f64({1.5}), f64({1}))).item()}, 1e-12);
  const Dirichlet d(a), e(b);
  const Tensor x = d.sample({200'000}, Generator(3)), gap = d.log_prob(x) - e.log_prob(x);
  BOOST_TEST(std::abs(gap.mean().item() - kl_divergence(d, e).item()) < 5 * xgrad::std(gap).item() / std::sqrt(2e5));

  const Tensor s = f64({2, 0.6, 0.6, 1}).reshape({2, 2}), t = f64({1, -0.2, -0.2, 3}).reshape({2, 2});
  const Tensor m = f64({0, 1}), n = f64({1, -1}), inverse = linalg::inv(t), off = (n - m).unsqueeze(1);
  const Tensor closed =
      0.5 * (trace(matmul(inverse, s)) + matmul(matmul(off.t(), inverse), off).sum() - 2 + logdet(t) - logdet(s));
  check_close(kl_divergence(MultivariateNormal(m, s), MultivariateNormal(n, t)), {closed.item()}, 1e-12);
  BOOST_TEST(kl_divergence(MultivariateNormal(m.expand({3, 2}), s), MultivariateNormal(n, t)).shape() == Shape({3}));

  const Independent i(Normal(m, 1), 1), j(Normal(n, 2), 1);
  check_close(kl_divergence(i, j), {kl_divergence(Normal(m, 1), Normal(n, 2)).sum().item()}, 1e-12);
  BOOST_TEST(kl_divergence(Normal(zeros({2, 1}), 1), Normal(zeros({3}), 1)).shape() == Shape({2, 3}));
}

BOOST_AUTO_TEST_CASE(refused) {
  expect_op<ValueError>("kl_divergence", {"no closed form of Cauchy and Normal"},
                        [] { kl_divergence(Cauchy(0, 1), Normal(0, 1)); });
  expect_op<ValueError>("kl_divergence", {"StudentT and StudentT"}, [] { kl_divergence(StudentT(3), StudentT(3)); });
  expect_op<ValueError>("kl_divergence", {"Independent and Normal"},
                        [] { kl_divergence(Independent(Normal(zeros({2}), 1), 1), Normal(0, 1)); });
  expect_op<ValueError>("kl_divergence", {"1 and 0 reinterpreted"}, [] {
    const Normal n(zeros({2}), 1);
    kl_divergence(Independent(n, 1), Independent(n, 0));
  });
  expect_op<ShapeError>("kl_divergence", {"2 and 3 classes"},
                        [] { kl_divergence(Categorical(ones({2})), Categorical(ones({3}))); });
  expect_op<ShapeError>("kl_divergence", {"(2)", "(3)"},
                        [] { kl_divergence(Normal(zeros({2}), 1), Normal(zeros({3}), 1)); });
  expect_op<ShapeError>("kl_divergence", {"different sizes"},
                        [] { kl_divergence(Dirichlet(ones({2})), Dirichlet(ones({3}))); });
  expect<ValueError>({"total_count"}, [] { kl_divergence(Binomial(2, 0.5), Binomial(3, 0.5)); });
}

}  // namespace
