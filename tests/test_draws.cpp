// Laws of <xgrad/ops/draws.hpp> and of the random methods: moments of many draws within five standard deviations of
// their own, the same numbers for every number of threads, and what is refused.
#include <cmath>
#include <set>

#include <boost/test/unit_test.hpp>

#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>

#include "support.hpp"

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
