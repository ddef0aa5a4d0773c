// The same seed gives the same bits: run after run, and where promised for every number of threads.
#include <xgrad/data.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// Thread count and mode for the time of a test.
class Setting {
 public:
  Setting(int threads, bool deterministic) : threads_(get_num_threads()), deterministic_(is_deterministic()) {
    set_num_threads(threads);
    set_deterministic(deterministic);
  }
  ~Setting() {
    set_num_threads(threads_);
    set_deterministic(deterministic_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  int threads_;
  bool deterministic_;
};

// Losses and final weights of a short training run that uses all that is random: first values, dropout, shuffling.
NamedTensors train_network(std::uint64_t seed, std::int64_t width, int prefetch) {
  manual_seed(seed);
  const Tensor x = randn({512, 64}), y = randint(0, 10, {512});
  const nn::Sequential net(nn::Linear(64, width), nn::ReLU(), nn::Dropout(0.2), nn::Linear(width, width), nn::GELU(),
                           nn::Linear(width, 10));
  optim::AdamW opt(net.parameters(), {.lr = 1e-2});
  NamedTensors out;
  for (int epoch = 0; epoch < 2; ++epoch)
    for (auto& [bx, by] :
         data::DataLoader(data::TensorDataset(x, y), {.batch_size = 128, .shuffle = true, .prefetch = prefetch})) {
      opt.zero_grad();
      const Tensor loss = cross_entropy(net(bx), by);
      loss.backward();
      opt.step();
      out.emplace_back("loss", loss.detach());
    }
  for (const auto& [name, t] : net.state_dict()) out.emplace_back(name, t.clone());
  for (const auto& [name, t] : opt.state_dict()) out.emplace_back(name, t);
  return out;
}

NamedTensors random_numbers() {
  manual_seed(77);
  return {{"rand", rand({100001})},
          {"randn", randn({100001})},
          {"randn64", randn({50001}, {kFloat64})},
          {"randint", randint(-5, 100, {100001})},
          {"randperm", randperm(50001)},
          {"bernoulli", bernoulli(0.3, {100001})},
          {"normal", normal(1, 2, {7, 11})},
          {"uniform", uniform(-1, 1, {100001}, {kFloat64})},
          {"dropout", dropout(ones({100001}), 0.5)},
          {"again", rand({3})}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(determinism)

BOOST_AUTO_TEST_CASE(one_seed_one_result) {
  const NamedTensors first = train_network(1, 48, 0);
  BOOST_TEST(same_bits(train_network(1, 48, 0), first));
  BOOST_TEST(same_bits(train_network(1, 48, 2), first));  // a background thread changes nothing
  BOOST_TEST(!same_bits(train_network(2, 48, 0), first));
}

BOOST_AUTO_TEST_CASE(two_threads_repeat_themselves) {
  const Setting s(2, false);
  const NamedTensors first = train_network(1, 256, 0);
  for (int i = 0; i < 3; ++i) BOOST_TEST(same_bits(train_network(1, 256, 0), first));
}

BOOST_AUTO_TEST_CASE(deterministic_mode_ignores_the_thread_count) {
  for (const std::int64_t width : {48, 301}) {
    NamedTensors first;
    for (const int threads : {1, 2, 3}) {
      const Setting s(threads, true);
      const NamedTensors result = train_network(3, width, 0);
      if (first.empty())
        first = result;
      else
        BOOST_TEST(same_bits(result, first), "width " << width << ", " << threads << " threads");
    }
  }
}

BOOST_AUTO_TEST_CASE(reductions_ignore_the_thread_count) {
  manual_seed(9);
  const Tensor big = randn({3000001}), table = randn({3001, 700});
  const auto all = [&] {
    return NamedTensors{{"sum", big.sum()},
                        {"mean", big.mean()},
                        {"var", var(big)},
                        {"max", max(big)},
                        {"argmax", argmax(big)},
                        {"rows", table.sum({1})},
                        {"columns", table.sum({0})},
                        {"softmax", softmax(table, 1)},
                        {"down", log_softmax(table, 0)},
                        {"lse", logsumexp(table, {0, 1})},
                        {"std", xgrad::std(table, {0})},
                        {"exp", exp(big)}};
  };
  NamedTensors first;
  for (const int threads : {1, 2, 4}) {
    const Setting s(threads, false);
    const NamedTensors result = all();
    if (first.empty()) first = result;
    for (std::size_t i = 0; i < result.size(); ++i)
      BOOST_TEST(same_bits(result[i].second, first[i].second), result[i].first << " with " << threads << " threads");
  }
}

BOOST_AUTO_TEST_CASE(random_numbers_ignore_the_thread_count) {
  NamedTensors first;
  for (const int threads : {1, 2, 4}) {
    const Setting s(threads, false);
    const NamedTensors result = random_numbers();
    if (first.empty()) first = result;
    for (std::size_t i = 0; i < result.size(); ++i)
      BOOST_TEST(same_bits(result[i].second, first[i].second), result[i].first << " with " << threads << " threads");
  }
}

BOOST_AUTO_TEST_CASE(the_generator_resumes) {
  manual_seed(5);
  randn({1000});
  const auto state = default_generator().get_state();
  const Tensor next = randn({10});
  manual_seed(6);
  default_generator().set_state(state);
  BOOST_TEST(same_bits(randn({10}), next));
}

BOOST_AUTO_TEST_CASE(thread_counts_are_checked) {
  const int before = get_num_threads();
  expect<ValueError>({"0"}, [] { set_num_threads(0); });
  expect<ValueError>({"-3"}, [] { set_num_threads(-3); });
  BOOST_TEST(get_num_threads() == before);
}

BOOST_AUTO_TEST_SUITE_END()
