// Elementwise operations that are held back: when they are computed, what that leaves in memory, and who may look.
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/fusion.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/memory_budget.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/profiler.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr std::int64_t kMany = 1 << 18, kBytes = kMany * 4;  // enough to be held back

std::int64_t live() { return memory_stats().live_bytes; }

// The most that f() has in memory beyond what is there before.
template <class F>
std::int64_t peak_of(const F& f) {
  const std::int64_t before = live();
  reset_peak_memory_stats();
  f();
  return memory_stats().peak_bytes - before;
}

Tensor chain(const Tensor& x) { return (sigmoid(x * 1.5 + 0.25) * tanh(x) - exp(-x * x)).sum(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(fusion)

BOOST_AUTO_TEST_CASE(guards) {
  {
    const FusionGuard off(false);
    BOOST_TEST(!fusion_enabled());
    const FusionGuard on(true);
    BOOST_TEST(fusion_enabled());
  }
  expect_op<ValueError>("FusionGuard", {"at least 1", "got 0"}, [] { const FusionGuard guard(true, 0); });
}

BOOST_AUTO_TEST_CASE(memory_is_taken_when_something_reads) {
  const FusionGuard on(true);
  const Tensor x = rand({kMany});
  const std::int64_t before = live();
  {
    const Tensor never = tanh(x) * 2 + x;
    BOOST_TEST(live() - before < kBytes / 2);
    BOOST_TEST((never.shape() == x.shape()));
  }
  const Tensor y = tanh(x) * 2 + x;
  const float* p = y.data<float>();
  BOOST_TEST(live() - before >= kBytes);
  BOOST_TEST(live() - before < 2 * kBytes);  // nothing of what was between
  BOOST_TEST(y.data<float>() == p);
}

BOOST_AUTO_TEST_CASE(nothing_is_held_back_without) {
  const Tensor x = rand({kMany});
  const auto takes_memory = [&] {
    const std::int64_t before = live();
    const Tensor y = x * 2;
    return live() - before >= kBytes;
  };
  {
    const FusionGuard off(false);
    BOOST_TEST(takes_memory());
  }
  const FusionGuard on(true);
  BOOST_TEST(!takes_memory());
  {
    const FusionGuard larger(true, kMany + 1);
    BOOST_TEST(takes_memory());
  }
  {
    const DetectAnomaly anomaly;
    BOOST_TEST(takes_memory());
  }
  {
    const MemoryBudget budget(std::int64_t{1} << 40);
    BOOST_TEST(takes_memory());
  }
}

BOOST_AUTO_TEST_CASE(a_training_step_keeps_little) {
  const FusionGuard on(true);
  Tensor x = rand({kMany}).requires_grad_();
  chain(x).backward();
  const std::int64_t held = peak_of([&] {
    x.set_grad(Tensor());
    chain(x).backward();
  });
  const std::int64_t at_once = peak_of([&] {
    const FusionGuard off(false);
    x.set_grad(Tensor());
    chain(x).backward();
  });
  BOOST_TEST(held <= kBytes + kBytes / 2);  // the new gradient
  BOOST_TEST(at_once > 4 * kBytes);
}

BOOST_AUTO_TEST_CASE(operands_that_change_afterwards) {
  const FusionGuard on(true, 1);
  Tensor x = tensor({1., 2., 3.}, {kFloat64});
  const Tensor y = x * 2 + 1, z = x.narrow(0, 1, 2) * 3;
  x.mul_(100);
  check_close(y, {3, 5, 7}, 0);
  check_close(z, {6, 9}, 0);
  const Tensor of_part = x * 0.5;
  x[0] = 7;
  check_close(of_part, {50, 100, 150}, 0);
  const Tensor before = x + 1;
  x.mutable_data<double>()[1] = -1;
  const Tensor after = x + 1;  // not held back: the program may write whenever it likes
  x.mutable_data<double>()[1] = -5;
  check_close(before, {8, 201, 301}, 0);
  check_close(after, {8, 0, 301}, 0);
}

BOOST_AUTO_TEST_CASE(results_that_change_in_place) {
  const FusionGuard on(true, 1);
  const Tensor x = tensor({1., 2., 3.}, {kFloat64});
  Tensor y = x * 2;
  const Tensor z = y + 1;
  y.add_(10);
  BOOST_TEST(y.version() == 1u);
  check_close(z, {3, 5, 7}, 0);
  check_close(y, {12, 14, 16}, 0);
}

BOOST_AUTO_TEST_CASE(saved_values_that_are_overwritten_are_noticed) {
  const FusionGuard on(true, 1);
  Tensor x = tensor({1., 2.}, {kFloat64, true});
  Tensor y = tanh(x * 2);
  const Tensor loss = y.sum();
  {
    const NoGradGuard off;
    y.zero_();
  }
  expect<AutogradError>({"tanh: a value saved for backward was overwritten by zero_"}, [&] { loss.backward(); });
}

BOOST_AUTO_TEST_CASE(leaves_that_change_before_backward) {
  const FusionGuard on(true, 1);
  Tensor x = tensor({0.5, 1.}, {kFloat64, true});
  const Tensor loss = exp(x * 2).sum();  // exp saves its result, which nobody has computed to keep
  {
    const NoGradGuard off;
    x.fill_(100);
  }
  loss.backward();
  check_close(x.grad(), {2 * std::exp(1.), 2 * std::exp(2.)}, 1e-12);
}

BOOST_AUTO_TEST_CASE(graphs_that_run_several_times) {
  const FusionGuard on(true, 1);
  Tensor x = tensor({0.5, 1.}, {kFloat64, true});
  const Tensor loss = (tanh(x * 2) * x).sum();
  for (int i = 0; i < 4; ++i) loss.backward({.retain_graph = true});
  const Tensor four = x.grad().clone();
  x.zero_grad();
  loss.backward();
  check_close(four, {4 * x.grad().to_vector<double>()[0], 4 * x.grad().to_vector<double>()[1]}, 1e-15);
}

BOOST_AUTO_TEST_CASE(long_chains) {
  const FusionGuard on(true, 1);
  Tensor x = full({2000}, 1.0, {kFloat64, true}), y = x;
  for (int i = 0; i < 3000; ++i) y = y + x;
  BOOST_TEST(y.to_vector<double>()[1999] == 3001);
  y.sum().backward();
  BOOST_TEST(x.grad().to_vector<double>()[0] == 3001);
  Tensor doubled = x.detach();
  for (int i = 0; i < 100; ++i) doubled = doubled * 0.5 + doubled * 0.5;
  BOOST_TEST(doubled.to_vector<double>()[7] == 1);
  std::vector<Tensor> many;
  for (int i = 0; i < 60; ++i) many.push_back(x.detach() * i + (many.empty() ? x.detach() : many.back()));
  BOOST_TEST(many.back().to_vector<double>()[0] == 1 + 59 * 60 / 2);
  BOOST_TEST(many[10].to_vector<double>()[0] == 1 + 55);
}

BOOST_AUTO_TEST_CASE(shapes_that_broadcast) {
  const FusionGuard on(true, 1);
  const Tensor row = tensor({1., 2., 3.}, {kFloat64}), column = tensor({{10.}, {20.}}, {kFloat64});
  const Tensor y = (row * 2) + (column + 1) * tensor(0.5, {kFloat64});
  check_close(y, {7.5, 9.5, 11.5, 12.5, 14.5, 16.5}, 0);
  const Tensor mask = row > 1.5;
  check_close(where(mask, row * 10, -row).to(kFloat32), {-1, 20, 30}, 0);
  check_close((column.expand({2, 3}) * row).t() + 1, {11, 21, 21, 41, 31, 61}, 0);
}

BOOST_AUTO_TEST_CASE(values_on_other_threads) {
  const FusionGuard on(true, 1);
  const Tensor x = rand({5000}), y = tanh(x) * 2 + x;
  std::vector<std::vector<float>> seen(4);
  std::vector<std::thread> threads;
  for (auto& values : seen)
    threads.emplace_back([&] {
      const FusionGuard here(true, 1);
      values = (y * 2).to_vector<float>();
    });
  for (std::thread& t : threads) t.join();
  const std::vector<float> own = (y * 2).to_vector<float>();
  for (const auto& values : seen) BOOST_TEST((values == own));
  Tensor made;
  std::thread([&] {
    const FusionGuard here(true, 1);
    made = x * 3;
  }).join();  // the thread is gone, what it held back is not
  BOOST_TEST(((made + 0).to_vector<float>() == (x * 3).to_vector<float>()));
}

// Threads whose operations read the same tensors, and what others hold back; ThreadSanitizer sees the order of locks.
BOOST_AUTO_TEST_CASE(operands_that_threads_share) {
  constexpr std::size_t kThreads = 4;
  const Tensor x = rand({300}), y = rand({300});
  const auto results = [&](bool held, bool on_threads) {
    const FusionGuard here(held, 1);
    const Tensor u = tanh(x) * 2 + y, v = exp(u) - x;
    std::vector<Tensor> made(kThreads);
    std::atomic<std::size_t> ready{0};
    const auto work = [&](std::size_t k) {
      const FusionGuard guard(held, 1);
      const NoGradGuard off_tape;
      ++ready;
      while (on_threads && ready < kThreads) std::this_thread::yield();
      for (int i = 0; i < 100; ++i) const Tensor never = y * x, read = x * 2;  // who owns x and y changes quickly
      const Tensor a = x * 2 + y, b = (k % 2 == 0 ? u : v) * a;
      const Tensor c = tanh(y * x) + u;
      made[k] = (b + b.sum()) * x + c;
    };
    std::vector<std::thread> threads;
    for (std::size_t k = 0; k < kThreads; ++k) {
      if (on_threads)
        threads.emplace_back(work, k);
      else
        work(k);
    }
    for (std::thread& t : threads) t.join();
    std::vector<std::vector<float>> values;
    for (const Tensor& t : made) values.push_back((t + 0).to_vector<float>());
    return values;
  };
  const auto expected = results(false, false);
  for (int round = 0; round < 20; ++round) BOOST_TEST((results(true, true) == expected), "round " << round);
}

BOOST_AUTO_TEST_CASE(sums_of_what_is_held_back) {
  for (const std::int64_t n : {1, 5, 255, 256, 257, 4096, 5000, 65536, 65537, 300000, 1000003}) {
    const Tensor x = randn({n}), b = rand({1});
    std::vector<double> sums[2];
    for (const bool held : {false, true}) {
      const FusionGuard guard(held, 1);
      sums[held] = {(tanh(x) * b).sum().item(), (x * x).mean().item(), (x.to(kFloat64) * 3).sum().item()};
    }
    BOOST_TEST((sums[0] == sums[1]), "of " << n);
  }
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_read_again) {
  const FusionGuard on(true, 1);
  const Tensor x = rand({1000}), y = tanh(x) * x;
  const double first = y.sum().item(), second = y.sum().item();
  BOOST_TEST(first == second);
  BOOST_TEST(y.sum().item() == first);
  BOOST_TEST(y.to_vector<float>().size() == 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
