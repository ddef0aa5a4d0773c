// Laws of <xgrad/ops/draws.hpp> and of the random methods: moments of many draws within five standard deviations of
// their own, the same numbers for every number of threads, and what is refused.
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>

#include "support.hpp"
#include "unit_test.hpp"

namespace xgrad {
namespace {

constexpr std::int64_t kMany = 200'000;

// Mean and variance of draws whose law has these, and this fourth central moment over the squared variance.
void has_moments(const char* law, const Tensor& draws, double mean, double variance, double kurtosis) {
  const Tensor x = draws.to(kFloat64);
  const auto n = static_cast<double>(x.numel());
  const double m = xgrad::mean(x).item(), v = var(x).item();
  BOOST_CHECK_MESSAGE(std::abs(m - mean) < 5 * std::sqrt(variance / n), law << ": mean " << m);
  BOOST_CHECK_MESSAGE(std::abs(v - variance) < 5 * variance * std::sqrt((kurtosis - 1) / n), law << ": variance " << v);
}

BOOST_AUTO_TEST_CASE(moments) {
  manual_seed(1);
  has_moments("exponential", exponential(2, {kMany}, {.dtype = kFloat64}), 0.5, 0.25, 9);
  has_moments("geometric", geometric(0.3, {kMany}), 1 / 0.3, 0.7 / 0.09, 9 + 0.09 / 0.7);
  has_moments("log_normal", log_normal(0, 0.25, {kMany}, {.dtype = kFloat64}), std::exp(0.03125),
              (std::exp(0.0625) - 1) * std::exp(0.0625), 4.2);
  for (const double rate : {0.0, 0.1, 1.0, 4.0, 9.9, 10.0, 30.0, 1000.0}) {
    const Tensor k = poisson(full({kMany}, rate, {kFloat64}));
    if (rate == 0)
      BOOST_TEST(!any(k).item<bool>());
    else
      has_moments("poisson", k, rate, rate, 3 + 1 / rate);
  }
  for (const double a : {0.2, 0.9, 1.0, 2.5, 50.0})
    has_moments("standard_gamma", standard_gamma(full({kMany}, a, {kFloat64})), a, a, 3 + 6 / a);
}

BOOST_AUTO_TEST_CASE(median_and_quartiles_of_cauchy) {
  manual_seed(2);
  const Tensor x = cauchy(1, 2, {kMany}, {.dtype = kFloat64});
  for (const double q : {0.25, 0.5, 0.75}) {
    const double want = 1 + 2 * std::tan(std::acos(-1) * (q - 0.5));
    BOOST_TEST(std::abs(quantile(x, q).item() - want) < 0.06);
  }
}

BOOST_AUTO_TEST_CASE(poisson_probabilities) {
  manual_seed(3);
  for (const double rate : {3.0, 12.0}) {
    const Tensor counts = bincount(poisson(full({kMany}, rate, {kFloat64})).to(kInt64), {}, 15);
    for (std::int64_t k = 0; k < 15; ++k) {
      const double p =
          std::exp(-rate + static_cast<double>(k) * std::log(rate) - std::lgamma(static_cast<double>(k) + 1));
      const double expected = p * static_cast<double>(kMany);
      BOOST_TEST(std::abs(counts[k].item() - expected) < 5 * std::sqrt(expected) + 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(multinomial_with_replacement) {
  manual_seed(4);
  const Tensor w = tensor({0., 1., 0., 3., 6., 0.}, {kFloat64});
  const Tensor counts = bincount(multinomial(w, kMany, true), {}, 6);
  const double expected[] = {0, 0.1, 0, 0.3, 0.6, 0};
  for (std::int64_t i = 0; i < 6; ++i) {
    const double mean = expected[i] * static_cast<double>(kMany);
    BOOST_TEST(std::abs(counts[i].item() - mean) <= 5 * std::sqrt(mean));
  }
  const Tensor rows = multinomial(tensor({{1., 0.}, {0., 2.}}), 3, true);
  BOOST_TEST(rows.shape() == Shape({2, 3}));
  BOOST_TEST(rows.to_vector<int>() == std::vector<int>({0, 0, 0, 1, 1, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(multinomial_without_replacement) {
  manual_seed(5);
  const Tensor w = tensor({{1., 2., 0., 7.}}).expand({20'000, 4});
  const Tensor drawn = multinomial(w, 3);
  std::int64_t first_is_last = 0;
  const auto v = drawn.to_vector<int>();
  for (std::size_t r = 0; r < 20'000; ++r) {
    const std::set<int> row(v.begin() + static_cast<std::ptrdiff_t>(3 * r),
                            v.begin() + static_cast<std::ptrdiff_t>(3 * r + 3));
    BOOST_REQUIRE(row == std::set<int>({0, 1, 3}));
    first_is_last += v[3 * r] == 3;
  }
  BOOST_TEST(std::abs(static_cast<double>(first_is_last) - 14'000) < 5 * std::sqrt(20'000 * 0.7 * 0.3));
}

BOOST_AUTO_TEST_CASE(the_same_for_every_number_of_threads) {
  const auto draw = [](int threads) {
    set_num_threads(threads);
    manual_seed(6);
    const Tensor rates = linspace(0, 50, 30'000), weights = ones({3'000, 20});
    return cat({poisson(rates), standard_gamma(rates + 0.1), multinomial(weights, 5).to(kFloat32).flatten(),
                exponential(1, {100}), cauchy(0, 1, {100})});
  };
  const int before = get_num_threads();
  const auto one = draw(1).to_vector<float>(), two = draw(2).to_vector<float>();
  set_num_threads(before);
  BOOST_TEST(bool(one == two));
  manual_seed(6);
  BOOST_TEST(
      bool(poisson(linspace(0, 50, 30'000)).to_vector<float>() != poisson(linspace(0, 50, 30'000)).to_vector<float>()));
}

BOOST_AUTO_TEST_CASE(methods_fill_their_tensor) {
  manual_seed(7);
  Tensor x = zeros({kMany}, {kFloat64});
  const Tensor* same = &x.uniform_(-1, 3);
  BOOST_TEST(same == &x);
  has_moments("uniform_", x, 1, 16. / 12, 1.8);
  has_moments("normal_", x.normal_(2, 3), 2, 9, 3);
  has_moments("bernoulli_", x.bernoulli_(0.25), 0.25, 0.1875, 2.3334);
  has_moments("exponential_", x.exponential_(2), 0.5, 0.25, 9);
  Tensor k = zeros({kMany}, {kInt64});
  has_moments("random_", k.random_(0, 10), 4.5, 99. / 12, 1.7758);
  const Tensor leaf = zeros({3}, {kFloat32, true});
  BOOST_CHECK_THROW(Tensor(leaf).uniform_(), AutogradError);
  BOOST_CHECK_THROW(zeros({3}, {kInt64}).normal_(), DTypeError);
}

// The greatest distance of the draws' distribution function from this one, times sqrt(n): above 1.95 once in a
// thousand.
template <class F>
void follows(const char* law, const Tensor& draws, F distribution) {
  std::vector<double> x = draws.to(kFloat64).to_vector<double>();
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double f = distribution(x[i]), k = static_cast<double>(i);
    distance = std::max({distance, std::abs(f - k / n), std::abs(f - (k + 1) / n)});
  }
  BOOST_CHECK_MESSAGE(distance * std::sqrt(n) < 1.95, law << ": Kolmogorov-Smirnov " << distance * std::sqrt(n));
}

BOOST_AUTO_TEST_CASE(distribution_functions) {
  const Generator g(8);
  const auto ndtr = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  Tensor x = empty({kMany}, {kFloat64});
  follows("exponential_", x.exponential_(3, g), [](double v) { return -std::expm1(-3 * v); });
  follows("cauchy_", x.cauchy_(-1, 2, g), [](double v) { return 0.5 + std::atan((v + 1) / 2) / std::acos(-1); });
  follows("log_normal_", x.log_normal_(1, 2, g), [&](double v) { return ndtr((std::log(v) - 1) / 2); });
  follows("normal", normal(full({kMany}, 2., {kFloat64}), 3, g), [&](double v) { return ndtr((v - 2) / 3); });
  for (const double a : {0.3, 1.0, 4.0}) {
    const auto cdf = [a](double v) { return igamma(tensor(a, {kFloat64}), tensor(v, {kFloat64})).item(); };
    const Tensor some = full({20'000}, a, {kFloat64});
    follows("standard_gamma", standard_gamma(some, g), cdf);
    follows("log_standard_gamma", exp(detail::log_standard_gamma(some, g, Location::current())), cdf);
  }
}

BOOST_AUTO_TEST_CASE(binomial_probabilities) {
  const Generator g(9);
  for (const auto& [n, p] : {std::pair(5., 0.3), {5., 0.9}, {40., 0.5}, {200., 0.07}, {90., 0.8}}) {
    const Tensor k = binomial(full({kMany}, n, {kFloat64}), tensor(p, {kFloat64}), g);
    const double q = 1 - p, v = n * p * q;
    has_moments("binomial", k, n * p, v, 3 + (1 - 6 * p * q) / v);
    const Tensor counts = bincount(k.to(kInt64), {}, static_cast<std::int64_t>(n) + 1);
    for (double i = 0; i <= n; ++i) {
      const double expected =
          static_cast<double>(kMany) * std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) +
                                                i * std::log(p) + (n - i) * std::log(q));
      BOOST_TEST(std::abs(counts[static_cast<std::int64_t>(i)].item() - expected) < 5 * std::sqrt(expected) + 2);
    }
  }
  BOOST_TEST(
      binomial(tensor({0., 7., 7.}), tensor({0.5, 0., 1.}), g).to_vector<double>() == std::vector<double>({0, 0, 7}),
      boost::test_tools::per_element());
  BOOST_TEST(binomial(ones({2, 1}), full({3}, 0.5), g).shape() == Shape({2, 3}));
  BOOST_CHECK_THROW(binomial(tensor({1.5}), tensor({0.5})), ValueError);
  BOOST_CHECK_THROW(binomial(tensor({-1.}), tensor({0.5})), ValueError);
  BOOST_CHECK_THROW(binomial(tensor({1.}), tensor({1.5})), ValueError);
  BOOST_CHECK_THROW(binomial(tensor({1.}), tensor({0.5}, {kFloat64})), DTypeError);
  BOOST_CHECK_THROW(binomial(ones({2}), ones({3})), ShapeError);
}

// A draw moves with its concentration so that igamma(a, x) stays: dx/da = -(dP/da) / (dP/dx), by finite differences.
BOOST_AUTO_TEST_CASE(gradient_of_gamma_draws) {
  const Generator g(10);
  for (const double a : {1e-3, 0.05, 0.5, 0.99, 1.0, 1.7, 6.0, 30.0, 400.0, 5000.0, 3e5}) {
    Tensor c = full({40}, a, {.dtype = kFloat64, .requires_grad = true});
    const Tensor x = standard_gamma(c, g);
    x.sum().backward();
    const double h = 1e-4 * a;
    const Tensor up = igamma(full({40}, a + h, {kFloat64}), x.detach()),
                 down = igamma(full({40}, a - h, {kFloat64}), x.detach());
    const Tensor log_density = (a - 1) * log(x.detach()) - x.detach() - std::lgamma(a);
    const Tensor want = -(up - down) / (2 * h) / exp(log_density);
    for (std::int64_t i = 0; i < 40; ++i) {
      const double got = c.grad()[i].item(), v = x[i].item(), w = want[i].item();
      // Where P has no digits left to difference, or x has underflowed, there is nothing to compare with.
      const double p = igamma(tensor(a, {kFloat64}), tensor(v, {kFloat64})).item();
      if (v < 1e-250 || p > 1 - 1e-4 || p < 1e-4) continue;
      BOOST_CHECK_MESSAGE(std::abs(got - w) < 2e-3 * std::abs(w) + 1e-6,
                          "a " << a << ", x " << v << ": " << got << " for " << w);
    }
    Tensor e = full({40}, a, {.dtype = kFloat64, .requires_grad = true});
    const Tensor y = detail::log_standard_gamma(e, Generator(10), Location::current());
    BOOST_TEST(all(isfinite(y)).item<bool>());
    y.sum().backward();
    BOOST_TEST(all(isfinite(e.grad())).item<bool>());
  }
  Tensor c = full({1}, 2., {.dtype = kFloat64, .requires_grad = true});
  const Tensor x = standard_gamma(c, g).sum();
  BOOST_CHECK_THROW(xgrad::grad({x}, {c}, {}, {.create_graph = true}), AutogradError);
}

BOOST_AUTO_TEST_CASE(limits_and_types_of_methods) {
  const Generator g(12);
  BOOST_TEST(zeros({1000}).bernoulli_(1, g).sum().item() == 1000);
  BOOST_TEST(ones({1000}).bernoulli_(0, g).sum().item() == 0);
  BOOST_TEST(zeros({3, 2}).bernoulli_(tensor({0., 1.}), g).to_vector<int>() == std::vector<int>({0, 1, 0, 1, 0, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(zeros({2}, {kInt64}).bernoulli_(tensor({1., 1.}), g).sum().item() == 2);
  BOOST_TEST(zeros({1000}).geometric_(1, g).sum().item() == 1000);
  const Tensor slow = zeros({1000}, {kFloat64}).exponential_(1e-300, g);
  BOOST_TEST(all(isfinite(slow)).item<bool>());
  BOOST_TEST(slow.mean().item() > 1e299);
  BOOST_TEST(all(gt(zeros({100'000}).exponential_(1e30, g), 0)).item<bool>());
  has_moments("geometric_", zeros({kMany}, {kInt64}).geometric_(0.3, g), 1 / 0.3, 0.7 / 0.09, 9 + 0.09 / 0.7);
  BOOST_CHECK_THROW(zeros({2}, {kUInt8}).geometric_(0.01, g), ValueError);
  // All integers that the type holds.
  const Tensor bytes = zeros({kMany}, {kUInt8}).random_(g);
  has_moments("random_ of uint8", bytes, 127.5, (65536. - 1) / 12, 1.8);
  BOOST_TEST(unique(bytes).values.numel() == 256);
  has_moments("random_ of bool", zeros({kMany}, {kBool}).random_(g).to(kFloat64), 0.5, 0.25, 2);
  const double top = 0x1p63, third = top / 3;
  const Tensor wide = zeros({kMany}, {kInt64}).random_(g);
  BOOST_TEST(all(ge(wide, 0)).item<bool>());
  has_moments("random_ of int64", wide, top / 2, top * third / 4, 1.8);
  const Tensor whole = zeros({kMany}).random_(g);
  BOOST_TEST(test::same_bits(whole, floor(whole)));
  has_moments("random_ of float32", whole, 0x1p23, 0x1p48 / 12, 1.8);
  BOOST_TEST(amax(zeros({1000}, {kInt32}).random_(3, g)).item() == 2);
  BOOST_CHECK_THROW(zeros({2}).random_(0), ValueError);
  BOOST_CHECK_THROW(zeros({2}).geometric_(0), ValueError);
  BOOST_CHECK_THROW(zeros({2}).cauchy_(0, 0), ValueError);
  BOOST_CHECK_THROW(zeros({2}).log_normal_(0, 0), ValueError);
  BOOST_CHECK_THROW(zeros({2}).exponential_(-1), ValueError);
  BOOST_CHECK_THROW(zeros({2}, {kInt64}).exponential_(1), DTypeError);
  BOOST_CHECK_THROW(zeros({2}).bernoulli_(tensor({0.5, 2.})), ValueError);
  BOOST_CHECK_THROW(zeros({2}).bernoulli_(full({3}, 0.5)), ShapeError);
  const Tensor kept = ones({2});
  BOOST_CHECK_THROW(Tensor(kept).cauchy_(0, -1), ValueError);
  BOOST_TEST(kept.sum().item() == 2);  // a refused call changes nothing
}

BOOST_AUTO_TEST_CASE(gumbel_softmax_samples_classes) {
  const Generator g(13);
  const Tensor p = tensor({0.1, 0.2, 0.7}, {kFloat64}), many = log(p).expand({kMany, 3});
  const Tensor hard = gumbel_softmax(many, 0.5, true, -1, g);
  BOOST_TEST(test::same_bits(hard.sum(1), ones({kMany}, {kFloat64})));
  BOOST_TEST(test::same_bits(amax(hard, {1}), ones({kMany}, {kFloat64})));
  for (std::int64_t k = 0; k < 3; ++k) {
    const double share = p[k].item(), deviation = std::sqrt(share * (1 - share) / static_cast<double>(kMany));
    BOOST_TEST(std::abs(hard.select(1, k).mean().item() - share) < 5 * deviation);
  }
  const Tensor soft = gumbel_softmax(many.slice(0, 0, 100), 2, false, 1, g);
  BOOST_TEST(allclose(soft.sum(1), ones({100}, {kFloat64})));
  BOOST_TEST(amax(soft).item() < 1);
  // Straight through: the gradient of the soft sample of the same draws.
  const auto gradient = [&](bool is_hard) {
    Tensor logits = tensor({{0.3, -1., 2.}, {0., 0.5, 1.}}, {.dtype = kFloat64, .requires_grad = true});
    const Tensor y = gumbel_softmax(logits, 0.7, is_hard, 0, Generator(14));
    (y * tensor({{1., 2., 3.}, {5., 7., -1.}}, {kFloat64})).sum().backward();
    return logits.grad();
  };
  BOOST_TEST(test::same_bits(gradient(true), gradient(false)));
  BOOST_TEST(amax(abs(gradient(true))).item() > 0.01);
  BOOST_CHECK_THROW(gumbel_softmax(ones({3}), 0), ValueError);
  BOOST_CHECK_THROW(gumbel_softmax(ones({3}), -1), ValueError);
  BOOST_CHECK_THROW(gumbel_softmax(ones({3}, {kInt64})), DTypeError);
  BOOST_CHECK_THROW(gumbel_softmax(ones({3}), 1, false, 1), IndexError);
  BOOST_TEST(gumbel_softmax(ones({0, 3}), 1, true).shape() == Shape({0, 3}));
}

BOOST_AUTO_TEST_CASE(refused) {
  BOOST_CHECK_THROW(multinomial(tensor({1., -1.}), 1), ValueError);
  BOOST_CHECK_THROW(multinomial(tensor({1., NAN}), 1), ValueError);
  BOOST_CHECK_THROW(multinomial(tensor({0., 0.}), 1, true), ValueError);
  BOOST_CHECK_THROW(multinomial(tensor({1., 0.}), 2), ValueError);
  BOOST_CHECK_THROW(multinomial(tensor({1., 1.}), 0), ValueError);
  BOOST_CHECK_THROW(multinomial(tensor({1, 1}), 1), DTypeError);
  BOOST_CHECK_THROW(multinomial(ones({1, 1, 1}), 1), ShapeError);
  BOOST_CHECK_THROW(poisson(tensor({-1.})), ValueError);
  BOOST_CHECK_THROW(standard_gamma(tensor({0.})), ValueError);
  BOOST_CHECK_THROW(exponential(0, {2}), ValueError);
  BOOST_CHECK_THROW(geometric(0, {2}), ValueError);
  BOOST_CHECK_THROW(cauchy(0, -1, {2}), ValueError);
  BOOST_CHECK_THROW(log_normal(0, 0, {2}), ValueError);
  BOOST_CHECK_THROW(exponential(1, {2}, {.dtype = kInt64}), DTypeError);
  BOOST_TEST(multinomial(ones({0, 3}), 2).shape() == Shape({0, 2}));
  BOOST_TEST(poisson(ones({0})).numel() == 0);
}

}  // namespace
}  // namespace xgrad
