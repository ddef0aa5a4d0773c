// Distributions of classes and of vectors: closed forms, sums over all values, samples, gradients, what is refused.
#include <cmath>

#include <xgrad/gradcheck.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"
#include "unit_test.hpp"

using namespace xgrad;
using namespace xgrad::distributions;
using namespace xgrad::test;

namespace {

Tensor f64(const std::vector<double>& v) { return from_vector(v); }
using OfTensors = std::function<Tensor(const std::vector<Tensor>&)>;

const Tensor& probs() {
  static const Tensor p = f64({1, 2, 5, 0.5, 0.25, 3}).reshape({2, 3});
  return p;
}

void near(const Tensor& got, const Tensor& want, double tolerance, Location at = Location::current()) {
  BOOST_TEST(got.shape() == want.shape());
  check_close(got, want.detach().to_vector<double>(), tolerance, at);
}

BOOST_AUTO_TEST_CASE(categorical) {
  const Tensor normalised = probs() / probs().sum(1, true);
  for (const Categorical& d : {Categorical(probs()), Categorical({.logits = log(probs()) + 3})}) {
    BOOST_TEST(d.batch_shape() == Shape({2}));
    BOOST_TEST(d.event_shape() == Shape({}));
    near(d.probs(), normalised, 1e-12);
    near(d.logits(), log(normalised), 1e-12);
    const Tensor all = d.enumerate_support();
    BOOST_TEST(all.shape() == Shape({3, 2}));
    BOOST_TEST(d.enumerate_support(false).shape() == Shape({3, 1}));
    near(exp(d.log_prob(all)), normalised.t(), 1e-12);
    near(d.entropy(), -(normalised * log(normalised)).sum(1), 1e-12);
    near(d.perplexity(), exp(d.entropy()), 1e-12);
    BOOST_TEST(d.mode().to_vector<int>() == std::vector<int>({2, 2}), boost::test_tools::per_element());
    BOOST_TEST(xgrad::all(isnan(d.mean())).item<bool>());
    const Tensor drawn = d.sample({50'000}, Generator(3));
    BOOST_TEST((drawn.dtype() == kInt64));
    BOOST_TEST(drawn.shape() == Shape({50'000, 2}));
    for (std::int64_t row = 0; row < 2; ++row)
      near(bincount(drawn.select(1, row), {}, 3).to(kFloat64) / 50'000., normalised[row], 0.012);
    BOOST_TEST(d.sample({2, 5}).shape() == Shape({2, 5, 2}));
    BOOST_TEST(d.sample({0}).shape() == Shape({0, 2}));
    BOOST_TEST(d.expand({4, 2}).sample().shape() == Shape({4, 2}));
    BOOST_TEST(d.log_prob(tensor(1, kInt64)).shape() == Shape({2}));
    expect_op<ValueError>("Categorical.log_prob", {"a class from 0 to 2, got 3"}, [&] { d.log_prob(tensor({0, 3})); });
    expect_op<ValueError>("Categorical", {"has no rsample"}, [&] { d.rsample(); });
  }
  const Tensor value = tensor({{0, 2}, {1, 1}});
  for (const bool by_logits : {false, true}) {
    const auto make = [&](const Tensor& t) { return by_logits ? Categorical({.logits = t}) : Categorical(t); };
    gradcheck(OfTensors([&](const auto& in) { return make(in[0]).log_prob(value); }),
              {probs().clone().requires_grad_()});
    gradcheck(OfTensors([&](const auto& in) { return make(in[0]).entropy(); }), {probs().clone().requires_grad_()});
  }
  // Actions that are ruled out.
  Tensor masked = f64({0, -INFINITY, 1}).requires_grad_();
  const Categorical d({.logits = masked});
  BOOST_TEST(std::isfinite(d.entropy().item()));
  BOOST_TEST(!any(eq(d.sample({1000}), 1)).item<bool>());
  d.log_prob(tensor(2, kInt64)).backward();
  near(masked.grad(), f64({-1 / (1 + std::exp(1)), 0, 1 / (1 + std::exp(1))}), 1e-9);
  expect_op<ValueError>("Categorical", {"probs must be at least 0, got -1"}, [] { Categorical(tensor({1., -1.})); });
  expect_op<ValueError>("Categorical", {"sum"}, [] { Categorical(zeros({2})); });
  expect_op<ValueError>("Categorical", {"logits"}, [] { Categorical({.logits = full({2}, -INFINITY)}); });
  expect_op<ShapeError>("Categorical", {"at least one class"}, [] { Categorical(tensor(1.)); });
  expect_op<ValueError>("Categorical", {"exactly one of"}, [] { Categorical(ProbsOrLogits{}); });
  expect_op<DTypeError>("Categorical", {"int64"}, [] { Categorical(tensor({1, 2})); });
}

BOOST_AUTO_TEST_CASE(one_hot_categorical) {
  const OneHotCategorical d(probs());
  const Categorical same(probs());
  BOOST_TEST(d.event_shape() == Shape({3}));
  near(d.log_prob(d.enumerate_support()), same.log_prob(same.enumerate_support()), 1e-12);
  BOOST_TEST(d.enumerate_support().shape() == Shape({3, 2, 3}));
  near(d.mean(), d.probs(), 0);
  near(d.variance(), d.probs() * (1 - d.probs()), 1e-12);
  near(d.entropy(), same.entropy(), 1e-12);
  near(d.mode(), f64({0, 0, 1, 0, 0, 1}).reshape({2, 3}), 0);
  const Tensor x = d.sample({40'000}, Generator(4));
  BOOST_TEST(x.shape() == Shape({40'000, 2, 3}));
  near(x.mean(0), d.probs(), 0.012);
  expect_op<ValueError>("OneHotCategorical.log_prob", {"one 1 and else 0"}, [&] { d.log_prob(f64({1, 1, 0})); });
  expect_op<ShapeError>("OneHotCategorical.log_prob", {"(3)"}, [&] { d.log_prob(f64({1, 0})); });
}

BOOST_AUTO_TEST_CASE(multinomial_counts) {
  const Multinomial d(4, probs());
  BOOST_TEST(d.total_count() == 4);
  BOOST_TEST(d.event_shape() == Shape({3}));
  // All counts with the sum 4.
  std::vector<double> flat;
  for (double a = 0; a <= 4; a += 1)
    for (double b = 0; a + b <= 4; b += 1) flat.insert(flat.end(), {a, b, 4 - a - b});
  const Tensor values = f64(flat).reshape({15, 1, 3}), log_p = d.log_prob(values), p = exp(log_p);
  near(p.sum(0), ones({2}, kFloat64), 1e-12);
  near(d.entropy(), -(p * log_p).sum(0), 1e-10);
  const Tensor mean = (p.unsqueeze(-1) * values).sum(0);
  near(d.mean(), mean, 1e-12);
  near(d.variance(), (p.unsqueeze(-1) * square(values - mean)).sum(0), 1e-12);
  const Tensor x = d.sample({40'000}, Generator(5));
  BOOST_TEST(x.shape() == Shape({40'000, 2, 3}));
  near(x.mean(0), mean, 0.02);
  near(x.sum(2), full({40'000, 2}, 4., {kFloat64}), 0);
  gradcheck(OfTensors([&](const auto& in) { return Multinomial(4, {.logits = in[0]}).log_prob(values); }),
            {probs().clone().requires_grad_()});
  BOOST_TEST(Multinomial(0, probs()).sample().sum().item() == 0);
  expect_op<ValueError>("Multinomial.log_prob", {"counts with the sum 4"}, [&] { d.log_prob(f64({1, 1, 1})); });
  expect_op<ValueError>("Multinomial", {"total_count must be at least 0, got -1"}, [] { Multinomial(-1, probs()); });
  expect_op<ValueError>("Multinomial", {"has no mode"}, [&] { d.mode(); });
}

const Tensor& covariance() {
  static const Tensor s = f64({2, 0.6, -0.3, 0.6, 1, 0.2, -0.3, 0.2, 0.5}).reshape({3, 3});
  return s;
}

BOOST_AUTO_TEST_CASE(multivariate_normal) {
  const Tensor loc = f64({1, -2, 0.5}), x = randn({5, 3}, {.dtype = kFloat64, .generator = Generator(6)});
  const Tensor tril = linalg::cholesky(covariance()), precision = linalg::inv(covariance()), off = x - loc;
  const Tensor want = -0.5 * (matmul(off, precision) * off).sum(1) - 0.5 * logdet(2 * std::acos(-1) * covariance());
  for (const MultivariateNormal& d :
       {MultivariateNormal(loc, covariance()), MultivariateNormal(loc, {.precision_matrix = precision}),
        MultivariateNormal(loc, {.scale_tril = tril})}) {
    BOOST_TEST(d.batch_shape() == Shape({}));
    BOOST_TEST(d.event_shape() == Shape({3}));
    near(d.log_prob(x), want, 1e-10);
    near(d.covariance_matrix(), covariance(), 1e-10);
    near(d.precision_matrix(), precision, 1e-10);
    near(d.scale_tril(), tril, 1e-10);
    near(d.mean(), loc, 0);
    near(d.mode(), loc, 0);
    near(d.variance(), diagonal(covariance()), 1e-10);
    near(d.entropy(), 0.5 * logdet(2 * std::acos(-1) * std::exp(1) * covariance()), 1e-10);
  }
  const MultivariateNormal d(loc, covariance());
  const Tensor many = d.sample({100'000}, Generator(7));
  near(many.mean(0), loc, 0.02);
  near(cov(many.t()), covariance(), 0.03);
  // Batches of both, and one matrix for many vectors.
  const MultivariateNormal batch(zeros({4, 1, 3}, kFloat64), {.scale_tril = stack({tril, 2 * tril})});
  BOOST_TEST(batch.batch_shape() == Shape({4, 2}));
  BOOST_TEST(batch.sample({5}).shape() == Shape({5, 4, 2, 3}));
  const Tensor y = batch.sample({5});
  BOOST_TEST(batch.log_prob(y).shape() == Shape({5, 4, 2}));
  near(batch.log_prob(y).select(2, 1),
       MultivariateNormal(zeros({3}, kFloat64), 4 * covariance()).log_prob(y.select(2, 1)), 1e-10);
  BOOST_TEST(d.expand({2, 2}).sample().shape() == Shape({2, 2, 3}));
  // Gradients; rsample is loc + L z.
  const auto lower = [](const Tensor& t) { return xgrad::tril(t, -1) + diag_embed(exp(diagonal(t))); };
  const std::vector<Tensor> inputs = {loc.clone().requires_grad_(), tril.clone().requires_grad_(),
                                      x.clone().requires_grad_()};
  gradcheck(OfTensors([&](const auto& in) {
              return MultivariateNormal(in[0], {.scale_tril = lower(in[1])}).log_prob(in[2]);
            }),
            inputs);
  gradcheck(OfTensors([&](const auto& in) {
              const Tensor s = matmul(in[1], in[1].t()) + eye(3, {}, {kFloat64});
              return MultivariateNormal(in[0], s).log_prob(in[2]) +
                     MultivariateNormal(in[0], {.precision_matrix = s}).entropy();
            }),
            inputs);
  gradcheck(OfTensors([&](const auto& in) {
              return MultivariateNormal(in[0], {.scale_tril = lower(in[1])}).rsample({2}, Generator(8));
            }),
            {inputs[0], inputs[1]});
}

BOOST_AUTO_TEST_CASE(multivariate_normal_refuses) {
  const Tensor loc = zeros({2}), i = eye(2);
  expect_op<ValueError>("MultivariateNormal", {"exactly one of covariance_matrix"},
                        [&] { MultivariateNormal(loc, Covariance{}); });
  expect_op<ValueError>("MultivariateNormal", {"covariance_matrix must be symmetric"}, [&] {
    MultivariateNormal(loc, tensor({{1., 0.5}, {0., 1.}}));
  });
  expect<ValueError>({"positive"}, [&] { MultivariateNormal(loc, tensor({{1., 2.}, {2., 1.}})); });
  expect_op<ValueError>("MultivariateNormal", {"scale_tril must be lower triangular"}, [&] {
    MultivariateNormal(loc, {.scale_tril = tensor({{1., 0.5}, {0., 1.}})});
  });
  expect_op<ValueError>("MultivariateNormal", {"the diagonal of scale_tril must be positive"},
                        [&] { MultivariateNormal(loc, {.scale_tril = -i}); });
  expect_op<ShapeError>("MultivariateNormal", {"(..., 2, 2)"}, [&] { MultivariateNormal(loc, eye(3)); });
  expect_op<ShapeError>("MultivariateNormal", {"at least one dimension"}, [&] { MultivariateNormal(tensor(0.), i); });
  expect_op<DTypeError>("MultivariateNormal", {"f64"}, [&] { MultivariateNormal(loc, i.to(kFloat64)); });
  expect_op<ShapeError>("MultivariateNormal.log_prob", {"(2)"},
                        [&] { MultivariateNormal(loc, i).log_prob(zeros({3})); });
}

BOOST_AUTO_TEST_CASE(dirichlet) {
  const Tensor a = f64({0.5, 2, 3, 1.5, 1, 4}).reshape({2, 3});
  const Dirichlet d(a);
  BOOST_TEST(d.batch_shape() == Shape({2}));
  BOOST_TEST(d.event_shape() == Shape({3}));
  const Tensor x = d.sample({100'000}, Generator(9));
  near(x.sum(2), ones({100'000, 2}, kFloat64), 1e-9);
  near(x.mean(0), d.mean(), 0.01);
  near(square(x - d.mean()).mean(0), d.variance(), 0.01);
  near(d.entropy(), -d.log_prob(x).mean(0), 0.03);
  near(d.mode().select(0, 1), f64({0.5 / 3.5, 0, 3 / 3.5}), 1e-12);
  near(Dirichlet(f64({0.2, 0.5})).mode(), f64({0, 1}), 0);
  // Of two concentrations it is the Beta law.
  const Tensor two = f64({0.7, 2.5}), u = f64({0.1, 0.4, 0.8});
  near(Dirichlet(two).log_prob(stack({u, 1 - u}, 1)), Beta(0.7, two[1]).log_prob(u), 1e-12);
  near(Dirichlet(two).entropy(), Beta(two[0], two[1]).entropy(), 1e-12);
  gradcheck(OfTensors([&](const auto& in) { return Dirichlet(in[0], {.validate_args = false}).log_prob(in[1]); }),
            {a.clone().requires_grad_(), x.slice(0, 0, 3).clone().requires_grad_()});
  // The gradient of E[x] by a: that of a / sum a.
  const Tensor c = a.clone().requires_grad_(), e = a.clone().requires_grad_();
  const Tensor weights = f64({1, -2, 3});
  (Dirichlet(c).rsample({100'000}, Generator(10)) * weights).sum().backward();
  (Dirichlet(e).mean() * weights).sum().backward();
  near(c.grad() / 100'000., e.grad(), 0.02);
  expect_op<ValueError>("Dirichlet", {"concentration must be positive"}, [] { Dirichlet(tensor({1., 0.})); });
  expect_op<ShapeError>("Dirichlet", {"last dimension"}, [] { Dirichlet(tensor(1.)); });
  expect_op<ValueError>("Dirichlet.log_prob", {"a simplex"}, [&] { d.log_prob(f64({0.5, 0.2, 0.2})); });
}

BOOST_AUTO_TEST_CASE(independent) {
  const Normal base(zeros({2, 3}, kFloat64), ones({3}, kFloat64));
  const Independent d(base, 1);
  BOOST_TEST(d.batch_shape() == Shape({2}));
  BOOST_TEST(d.event_shape() == Shape({3}));
  const Tensor x = d.rsample({4}, Generator(11));
  BOOST_TEST(x.shape() == Shape({4, 2, 3}));
  near(d.log_prob(x), base.log_prob(x).sum(-1), 1e-12);
  near(d.log_prob(x), MultivariateNormal(zeros({2, 3}, kFloat64), eye(3, {}, {kFloat64})).log_prob(x), 1e-12);
  near(d.entropy(), base.entropy().sum(-1), 1e-12);
  near(d.mean(), base.mean(), 0);
  near(d.variance(), base.variance(), 0);
  BOOST_TEST(d.expand({5, 2}).sample().shape() == Shape({5, 2, 3}));
  BOOST_TEST(d.expand({5, 2}).event_shape() == Shape({3}));
  BOOST_TEST(d.base_dist().batch_shape() == Shape({2, 3}));
  BOOST_TEST(Independent(base, 2).log_prob(x).shape() == Shape({4}));
  BOOST_TEST(Independent(base, 0).log_prob(x).shape() == Shape({4, 2, 3}));
  BOOST_TEST(Independent(d, 1).event_shape() == Shape({2, 3}));
  const Independent coins(Bernoulli(full({3}, 0.5)), 1);
  BOOST_TEST(std::abs(coins.log_prob(ones({3})).item() - 3 * std::log(0.5)) < 1e-6);
  expect_op<ValueError>("Independent", {"0..2", "(2, 3)", "got 3"}, [&] { Independent(base, 3); });
  expect_op<ValueError>("Independent", {"has no enumerate_support"}, [&] { coins.enumerate_support(); });
  expect_op<ValueError>("Independent.log_prob", {"0 or 1, got 0.5"}, [&] { coins.log_prob(full({3}, 0.5)); });
  expect_op<ShapeError>("Independent.log_prob", {"(3)"}, [&] { coins.log_prob(ones({2})); });
}

}  // namespace
