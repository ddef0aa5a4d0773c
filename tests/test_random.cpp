// The generator against the published vectors of its authors, its state, and the laws of the numbers drawn through it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include <xgrad/data.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

#include "unit_test.hpp"

namespace {

using xgrad::Generator;
using xgrad::Tensor;
using Block = std::array<std::uint32_t, 4>;

struct KeepSettings {
  int threads = xgrad::get_num_threads();
  ~KeepSettings() { xgrad::set_num_threads(threads); }
};

template <class T>
std::vector<T> values(const Tensor& t) {
  return t.to_vector<T>();
}

bool same_values(const Tensor& a, const Tensor& b) { return values<double>(a) == values<double>(b); }

struct Moments {
  double mean = 0, variance = 0, skew = 0, kurtosis = 0, low = 1e300, high = -1e300;
  template <class T>
  explicit Moments(const std::vector<T>& v) {
    const double n = static_cast<double>(v.size());
    for (T x : v) {
      mean += static_cast<double>(x) / n;
      low = std::min(low, static_cast<double>(x));
      high = std::max(high, static_cast<double>(x));
    }
    for (T x : v) {
      const double d = static_cast<double>(x) - mean;
      variance += d * d / n;
      skew += d * d * d / n;
      kurtosis += d * d * d * d / n;
    }
    skew /= std::pow(variance, 1.5);
    kurtosis /= variance * variance;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(random_numbers)

// Known-answer vectors of philox4x32-10 from the authors' Random123 distribution.
BOOST_AUTO_TEST_CASE(philox_known_answers) {
  BOOST_TEST(Generator::philox({0, 0, 0, 0}, {0, 0}) == (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  BOOST_TEST(Generator::philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
             (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  BOOST_TEST(Generator::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
             (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

BOOST_AUTO_TEST_CASE(generator_state) {
  Generator g(42);
  BOOST_TEST(g.seed() == 42u);
  BOOST_TEST(g.reserve(10).first == 0u);
  const auto r = g.reserve(5);
  BOOST_TEST(r.first == 10u);
  BOOST_TEST(r.seed == 42u);
  const auto state = g.get_state();
  BOOST_TEST(state[0] == 42u);
  BOOST_TEST(state[1] == 15u);
  Generator h;
  h.set_state(state);
  BOOST_TEST(h.reserve(1).first == 15u);
  h.manual_seed(42);
  BOOST_TEST(h.reserve(1).first == 0u);
}

BOOST_AUTO_TEST_CASE(copies_of_a_generator_share_its_sequence) {
  const Generator g(42), same = g, apart = g.clone();
  BOOST_TEST(bool(same == g));
  BOOST_TEST(!bool(apart == g));
  BOOST_TEST(g.reserve(3).first == 0u);
  BOOST_TEST(same.reserve(3).first == 3u);
  BOOST_TEST(apart.reserve(3).first == 0u);
  Generator moved = std::move(const_cast<Generator&>(g));  // NOLINT: moving copies
  BOOST_TEST(moved.reserve(1).first == 6u);
  BOOST_TEST(g.reserve(1).first == 7u);
  const xgrad::RandomOptions kept = [] {
    const Generator local(5);
    return xgrad::RandomOptions{.generator = local};
  }();
  BOOST_TEST(kept.generator->seed() == 5u);  // the sequence lives as long as a handle of it
  xgrad::manual_seed(3);
  const Generator shared = xgrad::default_generator();
  (void)xgrad::rand({1}, {.generator = shared});
  BOOST_TEST(xgrad::default_generator().get_state()[1] > 0u);
}

// Every function that draws: with a generator the default one stays where it is, and the numbers are those that the
// default one gives with the same seed.
BOOST_AUTO_TEST_CASE(draws_from_a_generator_leave_the_default_one) {
  using namespace xgrad;  // NOLINT
  using Maybe = std::optional<Generator>;
  const Tensor p = full({40}, 0.5, {kFloat64}), q = p * 3, counts = full({40}, 30., {kFloat64});
  const std::vector<std::pair<const char*, std::function<Tensor(const Maybe&)>>> draws = {
      {"rand", [](const Maybe& g) { return rand({40}, {.dtype = kFloat64, .generator = g}); }},
      {"randn", [](const Maybe& g) { return randn({40}, {.generator = g}); }},
      {"randint", [](const Maybe& g) { return randint(5, 900, {40}, {.generator = g}); }},
      {"randint high", [](const Maybe& g) { return randint(900, {40}, {.dtype = kInt32, .generator = g}); }},
      {"randperm", [](const Maybe& g) { return randperm(40, {.generator = g}); }},
      {"bernoulli", [](const Maybe& g) { return bernoulli(0.5, {40}, {.generator = g}); }},
      {"bernoulli of a tensor", [&](const Maybe& g) { return bernoulli(p, g); }},
      {"normal", [](const Maybe& g) { return normal(1, 2, {40}, {.generator = g}); }},
      {"normal of tensors", [&](const Maybe& g) { return normal(p, q, g); }},
      {"normal of means", [&](const Maybe& g) { return normal(p, 2, g); }},
      {"normal of deviations", [&](const Maybe& g) { return normal(1, q, g); }},
      {"uniform", [](const Maybe& g) { return uniform(1, 2, {40}, {.generator = g}); }},
      {"rand_like", [&](const Maybe& g) { return rand_like(p, {.generator = g}); }},
      {"randn_like", [&](const Maybe& g) { return randn_like(p, {.dtype = kFloat32, .generator = g}); }},
      {"randint_like", [&](const Maybe& g) { return randint_like(p, 2, 900, {.generator = g}); }},
      {"multinomial", [&](const Maybe& g) { return multinomial(p, 40, true, g); }},
      {"multinomial without", [&](const Maybe& g) { return multinomial(p, 40, false, g); }},
      {"poisson", [&](const Maybe& g) { return poisson(q * 9, g); }},
      {"binomial", [&](const Maybe& g) { return binomial(counts, p, g); }},
      {"standard_gamma", [&](const Maybe& g) { return standard_gamma(q, g); }},
      {"exponential", [](const Maybe& g) { return exponential(2, {40}, {.generator = g}); }},
      {"geometric", [](const Maybe& g) { return geometric(0.1, {40}, {.generator = g}); }},
      {"cauchy", [](const Maybe& g) { return cauchy(0, 1, {40}, {.generator = g}); }},
      {"log_normal", [](const Maybe& g) { return log_normal(0, 1, {40}, {.generator = g}); }},
      {"gumbel_softmax", [&](const Maybe& g) { return gumbel_softmax(p, 1, false, -1, g); }},
      {"uniform_", [](const Maybe& g) { return zeros({40}).uniform_(0, 1, g); }},
      {"normal_", [](const Maybe& g) { return zeros({40}).normal_(0, 1, g); }},
      {"bernoulli_", [](const Maybe& g) { return zeros({40}).bernoulli_(0.5, g); }},
      {"bernoulli_ of a tensor", [&](const Maybe& g) { return zeros({40}).bernoulli_(p, g); }},
      {"exponential_", [](const Maybe& g) { return zeros({40}).exponential_(1, g); }},
      {"geometric_", [](const Maybe& g) { return zeros({40}).geometric_(0.1, g); }},
      {"cauchy_", [](const Maybe& g) { return zeros({40}).cauchy_(0, 1, g); }},
      {"log_normal_", [](const Maybe& g) { return zeros({40}).log_normal_(1, 2, g); }},
      {"random_", [](const Maybe& g) { return zeros({40}, {kInt64}).random_(g); }},
      {"random_ to", [](const Maybe& g) { return zeros({40}).random_(900, g); }},
      {"random_ from, to", [](const Maybe& g) { return zeros({40}).random_(-900, 900, g); }}};
  for (const auto& [name, draw] : draws) {
    manual_seed(77);
    const auto before = default_generator().get_state();
    const Generator g(11);
    const Tensor first = draw(g), second = draw(g);
    BOOST_CHECK_MESSAGE(default_generator().get_state() == before, name << ": the default generator was drawn from");
    BOOST_CHECK_MESSAGE(g.get_state()[1] > 0, name << ": nothing was drawn from the generator");
    BOOST_CHECK_MESSAGE(!same_values(first, second), name << ": the same numbers twice");
    BOOST_CHECK_MESSAGE(same_values(draw(Generator(11)), first), name << ": the seed does not decide");
    manual_seed(11);
    BOOST_CHECK_MESSAGE(same_values(draw({}), first), name << ": other numbers than from the default generator");
    BOOST_CHECK_MESSAGE(default_generator().get_state()[1] > 0, name << ": the default generator was not drawn from");
  }
}

BOOST_AUTO_TEST_CASE(orders_from_a_generator) {
  using namespace xgrad;  // NOLINT
  const data::TensorDataset set(arange(10).unsqueeze(1), arange(10));
  manual_seed(5);
  const auto before = default_generator().get_state();
  const Generator g(3);
  const auto [most, rest] = data::random_split(set, {7, 3}, g);
  BOOST_TEST(same_values(data::random_split(set, {0.7, 0.3}, Generator(3))[1].target, rest.target));
  const auto order = [&](const Generator& from) {
    std::vector<double> seen;
    for (auto& [x, y] : data::DataLoader(set, {.batch_size = 4, .shuffle = true, .prefetch = 1, .generator = from}))
      for (const double v : y.to_vector<double>()) seen.push_back(v);
    return seen;
  };
  const Generator h(3);
  const auto first = order(h), second = order(h);
  BOOST_TEST(bool(first != second));
  BOOST_TEST(bool(order(Generator(3)) == first));
  BOOST_TEST((default_generator().get_state() == before));
}

BOOST_AUTO_TEST_CASE(options_of_random_tensors) {
  using namespace xgrad;  // NOLINT
  const Generator g(1);
  BOOST_TEST((randint(3, {2}, {.generator = g}).dtype() == kInt64));
  BOOST_TEST((randperm(3, {.generator = g}).dtype() == kInt64));
  const TensorOptions plain{.dtype = kFloat64, .requires_grad = true};
  BOOST_TEST((rand({2}, plain).dtype() == kFloat64));
  BOOST_TEST(rand({2}, plain).requires_grad());
  BOOST_TEST((randint(3, {2}, TensorOptions{kInt32}).dtype() == kInt32));
  const Tensor k = zeros({2, 3}, {kInt32});
  BOOST_TEST((rand_like(k, {.dtype = kFloat64, .requires_grad = true}).dtype() == kFloat64));
  BOOST_TEST(rand_like(k, {.dtype = kFloat64, .requires_grad = true}).requires_grad());
  BOOST_TEST((randint_like(k, 5).dtype() == kInt32));
  BOOST_TEST(randint_like(k, 5).shape() == Shape({2, 3}));
  BOOST_CHECK_THROW(rand_like(k), DTypeError);
  BOOST_CHECK_THROW(randint_like(k, 5, 5), ValueError);
  BOOST_CHECK_THROW(randint_like(zeros({1}, {kUInt8}), 300), ValueError);
  BOOST_CHECK_THROW(normal(tensor({0.}), tensor({-1.})), ValueError);
  BOOST_CHECK_THROW(normal(tensor({0.}), tensor({double(NAN)})), ValueError);
  BOOST_CHECK_THROW(normal(zeros({2}), ones({3})), ShapeError);
  BOOST_CHECK_THROW(normal(zeros({2}, {kInt64}), 1), DTypeError);
  BOOST_TEST(normal(zeros({2, 1}), ones({3}), g).shape() == Shape({2, 3}));
  std::ostringstream text;
  text << RandomOptions{.generator = Generator(5)} << RandomIntegerOptions{} << RandomLikeOptions{};
  BOOST_TEST(text.str() ==
             "{dtype=float32, requires_grad=false, generator=Generator(seed 5, offset 0)}"
             "{dtype=int64, requires_grad=false, generator=default}"
             "{dtype=of the tensor, requires_grad=false, generator=default}");
}

BOOST_AUTO_TEST_CASE(ranges_of_threads_do_not_overlap) {
  Generator g;
  std::vector<std::vector<std::uint64_t>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got)
    threads.emplace_back([&g, &mine] {
      for (int i = 0; i < 1000; ++i) mine.push_back(g.reserve(3).first);
    });
  for (auto& t : threads) t.join();
  std::set<std::uint64_t> all;
  for (auto& mine : got) all.insert(mine.begin(), mine.end());
  BOOST_TEST(all.size() == 4000u);
  BOOST_TEST(*all.rbegin() == 3999u * 3);
}

// The first numbers of seed 0, for good: element 16 j + l is word j of counter l.
BOOST_AUTO_TEST_CASE(rand_is_philox) {
  xgrad::manual_seed(7);
  const auto v = values<float>(xgrad::rand({64}));
  for (std::uint32_t l = 0; l < 16; ++l) {
    const Block words = Generator::philox({l, 0, 0, 0}, {7, 0});
    for (std::size_t j = 0; j < 4; ++j) BOOST_TEST(v[16 * j + l] == static_cast<float>(words[j] >> 8) * 0x1p-24f);
  }
}

BOOST_AUTO_TEST_CASE(randn_is_box_muller) {
  xgrad::manual_seed(7);
  const auto v = values<double>(xgrad::randn({32}, {xgrad::kFloat64}));
  for (std::uint32_t l = 0; l < 16; ++l) {
    const Block w = Generator::philox({l, 0, 0, 0}, {7, 0});
    const auto unit = [](std::uint32_t a, std::uint32_t b) { return ((a >> 5) * 67108864.0 + (b >> 6)) * 0x1p-53; };
    const double r = std::sqrt(-2 * std::log1p(-unit(w[0], w[1]))), angle = 2 * M_PI * unit(w[2], w[3]);
    BOOST_TEST(std::abs(v[l] - r * std::cos(angle)) < 1e-14);
    BOOST_TEST(std::abs(v[16 + l] - r * std::sin(angle)) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(same_seed_same_numbers_for_any_thread_count) {
  KeepSettings keep;
  const auto draw = [](int threads) {
    xgrad::set_num_threads(threads);
    xgrad::manual_seed(123);
    const auto u = values<float>(xgrad::rand({100003}));
    const auto n = values<float>(xgrad::randn({100003}));
    const auto d = values<double>(xgrad::randn({50001}, {xgrad::kFloat64}));
    const auto i = values<std::int64_t>(xgrad::randint(-5, 1000, {70001}));
    const auto p = values<std::int64_t>(xgrad::randperm(5000));
    return std::make_tuple(u, n, d, i, p, xgrad::default_generator().get_state());
  };
  const auto one = draw(1);
  BOOST_TEST((draw(2) == one));
  BOOST_TEST((draw(3) == one));
  xgrad::manual_seed(124);
  BOOST_TEST((values<float>(xgrad::rand({100003})) != std::get<0>(one)));
}

// A longer draw begins with the shorter one.
BOOST_AUTO_TEST_CASE(elements_do_not_depend_on_the_length) {
  xgrad::manual_seed(9);
  const auto longer = values<float>(xgrad::randn({1000}));
  for (std::int64_t n : {1, 15, 16, 63, 64, 65, 999}) {
    xgrad::manual_seed(9);
    const auto v = values<float>(xgrad::randn({n}));
    BOOST_TEST(std::equal(v.begin(), v.end(), longer.begin()));
  }
}

BOOST_AUTO_TEST_CASE(state_resumes_the_sequence) {
  xgrad::manual_seed(5);
  (void)xgrad::rand({100});
  const auto state = xgrad::default_generator().get_state();
  const auto a = values<float>(xgrad::randn({77})), b = values<float>(xgrad::rand({7}));
  xgrad::default_generator().set_state(state);
  BOOST_TEST((values<float>(xgrad::randn({77})) == a));
  BOOST_TEST((values<float>(xgrad::rand({7})) == b));
}

BOOST_AUTO_TEST_CASE(uniform_law) {
  xgrad::manual_seed(1);
  const auto v = values<float>(xgrad::rand({1 << 20}));
  const Moments m(v);
  BOOST_TEST(m.low >= 0.0);
  BOOST_TEST(m.high < 1.0);
  BOOST_TEST(std::abs(m.mean - 0.5) < 0.0015);
  BOOST_TEST(std::abs(m.variance - 1 / 12.) < 0.0005);
  // chi-square over 256 cells: 255 degrees of freedom, deviation 22.6
  std::vector<double> cells(256);
  for (float x : v) ++cells[static_cast<std::size_t>(x * 256)];
  double chi = 0;
  for (double c : cells) chi += (c - 4096) * (c - 4096) / 4096;
  BOOST_TEST(chi > 150);
  BOOST_TEST(chi < 370);
  const Moments w(values<double>(xgrad::uniform(-3, 5, {1 << 20}, {xgrad::kFloat64})));
  BOOST_TEST(w.low >= -3);
  BOOST_TEST(w.high < 5);
  BOOST_TEST(std::abs(w.mean - 1) < 0.012);
  // The open end stays open where rounding would reach it.
  const Moments tight(values<float>(xgrad::uniform(1, 1 + 0x1p-22, {4096})));
  BOOST_TEST(tight.high < 1 + 0x1p-22);
}

BOOST_AUTO_TEST_CASE(normal_law) {
  xgrad::manual_seed(2);
  const auto check = [](const Moments& m, double mean, double stddev) {
    BOOST_TEST(std::abs(m.mean - mean) < 0.005 * stddev);
    BOOST_TEST(std::abs(m.variance / (stddev * stddev) - 1) < 0.007);
    BOOST_TEST(std::abs(m.skew) < 0.012);
    BOOST_TEST(std::abs(m.kurtosis - 3) < 0.03);
    BOOST_TEST(m.high - mean > 4.2 * stddev);
    BOOST_TEST(mean - m.low > 4.2 * stddev);
  };
  const auto v = values<float>(xgrad::randn({1 << 20}));
  check(Moments(v), 0, 1);
  check(Moments(values<double>(xgrad::randn({1 << 20}, {xgrad::kFloat64}))), 0, 1);
  check(Moments(values<float>(xgrad::normal(2, 3, {1 << 20}))), 2, 3);
  // Kolmogorov-Smirnov: the greatest distance from the distribution function times sqrt(n) stays below 1.95 (0.1 %).
  std::vector<float> sorted = v;
  std::sort(sorted.begin(), sorted.end());
  double distance = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double f = 0.5 * std::erfc(-static_cast<double>(sorted[i]) / std::sqrt(2.0)),
                 n = static_cast<double>(sorted.size());
    distance =
        std::max({distance, std::abs(f - static_cast<double>(i) / n), std::abs(f - static_cast<double>(i + 1) / n)});
  }
  BOOST_TEST(distance * 1024 < 1.95);
  // Neighbours, and the two numbers of a pair, are not correlated.
  for (std::size_t lag : {1, 16, 32, 64}) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < v.size(); ++i) sum += static_cast<double>(v[i]) * static_cast<double>(v[i + lag]);
    BOOST_TEST(std::abs(sum / static_cast<double>(v.size())) < 0.004);
  }
}

BOOST_AUTO_TEST_CASE(bernoulli_law) {
  xgrad::manual_seed(3);
  BOOST_TEST(std::abs(Moments(values<float>(xgrad::bernoulli(0.3, {1 << 20}))).mean - 0.3) < 0.002);
  BOOST_TEST(Moments(values<float>(xgrad::bernoulli(0.0, {10000}))).high == 0);
  BOOST_TEST(Moments(values<float>(xgrad::bernoulli(1.0, {10000}))).low == 1);
}

BOOST_AUTO_TEST_CASE(randint_law) {
  xgrad::manual_seed(4);
  const auto v = values<std::int64_t>(xgrad::randint(-3, 7, {1 << 20}));
  std::vector<double> cells(10);
  for (std::int64_t x : v) ++cells.at(static_cast<std::size_t>(x + 3));
  double chi = 0;
  for (double c : cells) chi += (c - 104857.6) * (c - 104857.6) / 104857.6;
  BOOST_TEST(chi < 33.7);  // 9 degrees of freedom, 0.01 %
  // A span of 3/4 of the 32-bit range: with bias, the lower third would be twice as frequent.
  std::int64_t low_third = 0;
  for (std::int64_t x : values<std::int64_t>(xgrad::randint(0, 3221225472, {1 << 20}))) low_third += x < 1073741824;
  BOOST_TEST(std::abs(static_cast<double>(low_third) / (1 << 20) - 1 / 3.) < 0.003);
  for (std::int64_t x : values<std::int64_t>(xgrad::randint(INT64_MIN, INT64_MAX, {1000}))) BOOST_TEST(x < INT64_MAX);
  for (std::int64_t x : values<std::int64_t>(xgrad::randint(5, 6, {1000}))) BOOST_TEST(x == 5);
}

BOOST_AUTO_TEST_CASE(randperm_law) {
  xgrad::manual_seed(6);
  for (std::int64_t n : {0, 1, 2, 63, 64, 65, 10000}) {
    auto v = values<std::int64_t>(xgrad::randperm(n));
    std::sort(v.begin(), v.end());
    for (std::int64_t i = 0; i < n; ++i) BOOST_REQUIRE(v[static_cast<std::size_t>(i)] == i);
  }
  // All 24 orders of four, equally often: 23 degrees of freedom.
  std::vector<double> seen(256);
  for (int i = 0; i < 24000; ++i) {
    const auto p = values<std::int64_t>(xgrad::randperm(4));
    ++seen[static_cast<std::size_t>(p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3])];
  }
  double chi = 0;
  for (double c : seen) chi += c > 0 ? (c - 1000) * (c - 1000) / 1000 : 0;
  BOOST_TEST(std::count_if(seen.begin(), seen.end(), [](double c) { return c > 0; }) == 24);
  BOOST_TEST(chi < 56);
}

BOOST_AUTO_TEST_SUITE_END()
