// Several threads at once: graphs of their own, shared parameters, one leaf, memory that changes hands. Most of these
// find nothing unless they run under ThreadSanitizer (preset tsan).
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr int kThreads = 4;

// Runs f(0), f(1), ... each on a thread of its own; what one throws arrives here. (Boost's checks belong to the main
// thread.)
template <class F>
void on_threads(int count, const F& f) {
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < count; ++t)
      threads.emplace_back([&f, &error = errors[static_cast<std::size_t>(t)], t] {
        try {
          f(t);
        } catch (...) {
          error = std::current_exception();
        }
      });
  }
  for (const std::exception_ptr& e : errors)
    if (e) std::rethrow_exception(e);
}

nn::Sequential make_net() {
  return nn::Sequential(nn::Conv2d(16, 16, 3, {.padding = 1}), nn::BatchNorm2d(16), nn::ReLU(), nn::MaxPool2d(2),
                        nn::Flatten(), nn::Linear(64, 8), nn::LayerNorm(8), nn::GELU(), nn::Linear(8, 3));
}

struct Work {
  nn::Sequential net = make_net();
  Tensor x = randn({6, 16, 4, 4}), y = randint(0, 3, {6});
};

// A few steps of training, with no threads below this one, so that the rounding is the same; the state afterwards.
NamedTensors train_on(const Work& w) {
  const xgrad::detail::SerialGuard serial;
  optim::AdamW opt(w.net.parameters(), {.lr = 1e-2});
  for (int step = 0; step < 5; ++step) {
    opt.zero_grad();
    cross_entropy(w.net(w.x), w.y).backward();
    opt.step();
  }
  return w.net.state_dict();
}

struct Seeded {
  Seeded() { manual_seed(11); }
};

// Hands values over to another thread.
template <class T>
class Channel {
 public:
  explicit Channel(std::size_t most) : most_(most) {}
  void put(std::optional<T> value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return values_.size() < most_; });
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::optional<T> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !values_.empty(); });
    std::optional<T> value = std::move(values_.front());
    values_.pop_front();
    changed_.notify_all();
    return value;
  }

 private:
  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::optional<T>> values_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(threads, Seeded)

BOOST_AUTO_TEST_CASE(graphs_of_their_own) {
  std::vector<Work> together(kThreads), alone;
  for (const Work& w : together) alone.push_back({.net = nn::clone(w.net), .x = w.x, .y = w.y});
  std::vector<NamedTensors> results(kThreads);
  on_threads(kThreads, [&](int t) {
    const auto i = static_cast<std::size_t>(t);
    results[i] = train_on(together[i]);
  });
  for (std::size_t i = 0; i < alone.size(); ++i) BOOST_TEST(same_bits(results[i], train_on(alone[i])));
}

BOOST_AUTO_TEST_CASE(parameters_read_by_all) {
  nn::Sequential net = make_net();
  net.eval();
  const Tensor x = randn({6, 16, 4, 4});
  const NoGradGuard off;
  const Tensor expected = net(x);
  std::atomic<int> wrong{0};
  on_threads(kThreads, [&](int) {
    const NoGradGuard mine;
    for (int i = 0; i < 20; ++i) wrong += !allclose(net(x), expected, 1e-5, 1e-6);
  });
  BOOST_TEST(wrong == 0);
}

// Whole numbers, so that the order of the additions does not show.
BOOST_AUTO_TEST_CASE(gradients_of_shared_parameters_add_up) {
  const nn::Conv2d conv(16, 16, 3, {.padding = 1});
  const nn::Linear fc(16, 4);
  for (const nn::Module* m : {static_cast<const nn::Module*>(&conv), static_cast<const nn::Module*>(&fc)})
    for (Tensor p : m->parameters()) p.set_data(randint(-2, 3, p.shape()).to(kFloat32));
  const auto step = [&](int t) {
    const Tensor x = full({2, 16, 4, 4}, t + 1.0);
    fc(conv(x).sum({2, 3})).sum().backward();
  };
  constexpr int kSteps = 10;
  for (int t = 0; t < kThreads; ++t)
    for (int i = 0; i < kSteps; ++i) step(t);
  std::vector<Tensor> parameters = conv.parameters(), expected;
  for (const Tensor& p : fc.parameters()) parameters.push_back(p);
  for (Tensor& p : parameters) {
    expected.push_back(p.grad().clone());
    p.set_grad(Tensor());
  }
  on_threads(kThreads, [&](int t) {
    for (int i = 0; i < kSteps; ++i) step(t);
  });
  for (std::size_t i = 0; i < parameters.size(); ++i) BOOST_TEST(same_bits(parameters[i].grad(), expected[i]));
}

BOOST_AUTO_TEST_CASE(hooks_and_gradients_of_one_leaf) {
  Tensor w = ones({3}, {kFloat64, true});
  std::atomic<int> seen{0}, wrong{0};
  w.register_hook([&](const Tensor& g) {
    ++seen;
    return 2 * g;
  });
  on_threads(kThreads, [&](int) {
    for (int i = 0; i < 50; ++i) {
      backward({(w * w).sum()}, {}, {.create_graph = i % 2 == 0});
      wrong += !grad({(w * w * w).sum()}, {w})[0].defined();
    }
  });
  BOOST_TEST(wrong == 0);
  BOOST_TEST(seen >= 50 * kThreads);
  check_close(w.grad(), {4 * 50 * kThreads, 4 * 50 * kThreads, 4 * 50 * kThreads}, 0);
  w.zero_grad();  // recorded, it holds the graph that holds w
}

// Each thread keeps the weights of a convolution in the layout it likes: a change by one must reach all.
BOOST_AUTO_TEST_CASE(changed_weights_reach_every_thread) {
  const nn::Conv2d conv(16, 32, 3, {.padding = 1});
  const Tensor x = randn({2, 16, 8, 8}), x64 = x.to(kFloat64);
  const NoGradGuard off;
  std::vector<Tensor> weights;
  for (int i = 0; i < 6; ++i) weights.push_back(randn(conv.weight.shape()));
  std::atomic<int> wrong{0};
  std::barrier turn(kThreads);
  on_threads(kThreads, [&](int t) {
    const NoGradGuard mine;
    for (std::size_t round = 0; round < weights.size(); ++round) {
      if (static_cast<int>(round) % kThreads == t) Tensor(conv.weight).copy_(weights[round]);
      turn.arrive_and_wait();
      const Tensor expected = conv2d(x64, weights[round].to(kFloat64), conv.bias.to(kFloat64), {.padding = 1});
      for (int i = 0; i < 2; ++i) wrong += !allclose(conv(x).to(kFloat64), expected, 1e-4, 1e-4);
      turn.arrive_and_wait();
    }
  });
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(kept_weights_go_with_their_thread) {
  const Tensor x = randn({2, 16, 8, 8});
  const auto use = [&] {
    const NoGradGuard off;
    const nn::Conv2d conv(16, 32, 3, {.padding = 1});
    on_threads(kThreads, [&](int) {
      const NoGradGuard mine;
      conv(x);
    });
  };
  use();
  const std::int64_t before = memory_stats().live_bytes;
  for (int i = 0; i < 5; ++i) use();
  BOOST_TEST(memory_stats().live_bytes == before);
}

// ---- memory ----
BOOST_AUTO_TEST_CASE(tensors_and_graphs_are_freed_elsewhere) {
  Tensor w = ones({40}, {kFloat64, true});
  const std::int64_t before = memory_stats().live_bytes;
  Channel<Tensor> channel(8);
  std::atomic<double> sum{0};
  {
    std::jthread consumer([&] {
      while (std::optional<Tensor> t = channel.take()) {
        sum = sum + t->sum().item();
        t.reset();
        if (memory_stats().cached_bytes < 0) sum = -1e9;
      }
    });
    for (int i = 0; i < 3000; ++i) channel.put(w * i + 0);
    channel.put(std::nullopt);
  }
  BOOST_TEST(sum == 40 * 3000 * 2999 / 2.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(memory_stats().live_bytes == before);
}

#if !defined(__SANITIZE_ADDRESS__)  // which has the memory, not the pool
// One thread makes, another frees: what is kept for later is counted as it moves between their lists.
BOOST_AUTO_TEST_CASE(free_memory_is_counted_wherever_it_goes) {
  empty_cache();
  const std::int64_t before = memory_stats().cached_bytes;
  constexpr std::int64_t kBytes = 512 << 10;
  std::vector<Tensor> made;
  const auto make = [&] {
    for (int i = 0; i < 40; ++i) made.push_back(empty({kBytes / 4}));
  };
  const auto free_elsewhere = [&] { on_threads(1, [&](int) { made.clear(); }); };
  make();
  free_elsewhere();
  const std::int64_t kept = memory_stats().cached_bytes - before;
  BOOST_TEST(kept >= 40 * kBytes);
  const std::int64_t requests = memory_stats().system_allocations;
  for (int round = 0; round < 10; ++round) {
    make();
    BOOST_TEST(memory_stats().cached_bytes <= before + kept - 40 * kBytes);
    BOOST_TEST(memory_stats().cached_bytes >= 0);
    free_elsewhere();
    const std::int64_t headers = 40 * 1024 * (round + 1);  // this thread still had some of its own
    BOOST_TEST(memory_stats().cached_bytes >= before + kept);
    BOOST_TEST(memory_stats().cached_bytes <= before + kept + headers);
  }
  BOOST_TEST(memory_stats().system_allocations == requests);
  empty_cache();
  BOOST_TEST(memory_stats().cached_bytes <= before);
}
#endif

#if !defined(__SANITIZE_ADDRESS__)
// Small blocks count, and go back to the system when whole slabs of them are free.
BOOST_AUTO_TEST_CASE(small_blocks_are_counted_and_given_back) {
  empty_cache();
  const MemoryStats before = memory_stats();
  constexpr std::int64_t kBytes = 1 << 10, kCount = 20000;
  const auto make_and_free = [&] {
    std::vector<Tensor> made;
    for (int i = 0; i < kCount; ++i) made.push_back(empty({kBytes / 4}));
    BOOST_TEST(memory_stats().live_bytes >= before.live_bytes + kCount * kBytes);
  };
  make_and_free();
  BOOST_TEST(memory_stats().live_bytes == before.live_bytes);
  BOOST_TEST(memory_stats().cached_bytes >= before.cached_bytes + kCount * kBytes);
  empty_cache();
  BOOST_TEST(memory_stats().cached_bytes <= before.cached_bytes + (512 << 10));
  BOOST_TEST(memory_stats().live_bytes == before.live_bytes);
  on_threads(1, [&](int) { make_and_free(); });  // its lists come back when it ends
  BOOST_TEST(memory_stats().cached_bytes >= before.cached_bytes + kCount * kBytes);
  empty_cache();
  BOOST_TEST(memory_stats().cached_bytes <= before.cached_bytes + (512 << 10));
  BOOST_TEST(memory_stats().live_bytes == before.live_bytes);
}
#endif

// A thread's lists of free memory are gone when its last tensors are.
BOOST_AUTO_TEST_CASE(tensors_outlive_the_lists_of_their_thread) {
  const std::int64_t before = memory_stats().live_bytes;
  on_threads(kThreads, [&](int t) {
    thread_local std::vector<Tensor> last;  // destroyed after what the first allocation below makes
    last.reserve(4);
    const Tensor w = ones({100}, {kFloat64, true});
    last.push_back((w * t).sum());
    last.push_back(randn({50000}));
  });
  BOOST_TEST(memory_stats().live_bytes == before);
}

// ---- what belongs to a thread ----
BOOST_AUTO_TEST_CASE(modes_belong_to_a_thread) {
  const NoGradGuard off;
  std::atomic<int> wrong{0};
  on_threads(kThreads, [&](int t) {
    wrong += !grad_enabled();
    std::optional<NoGradGuard> mine;
    if (t % 2) mine.emplace();
    for (int i = 0; i < 100; ++i) wrong += grad_enabled() != (t % 2 == 0);
  });
  BOOST_TEST(wrong == 0);
  BOOST_TEST(!grad_enabled());
}

BOOST_AUTO_TEST_CASE(names_made_at_run_time) {
  const auto square = [](auto x) { return x * x; };
  const Tensor x = ones({4}, {kFloat32, true});
  std::atomic<int> wrong{0};
  on_threads(kThreads, [&](int t) {
    for (int i = 0; i < 50; ++i) {
      const std::string name = "square_" + std::to_string(i % 7) + (t % 2 ? "_odd" : "");
      const Tensor y = elementwise(name, square)(x);
      wrong += y.grad_fn_name() != name;
      y.sum().backward();
    }
  });
  BOOST_TEST(wrong == 0);
  check_close(x.grad(), std::vector<double>(4, 2 * 50 * kThreads), 0);
}

BOOST_AUTO_TEST_SUITE_END()
