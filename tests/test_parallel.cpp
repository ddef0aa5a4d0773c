// Sharing out work over threads.
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

#include "support.hpp"

using namespace xgrad;
using detail::parallel_for;
using detail::SerialGuard;
using detail::usable_threads;

namespace {

struct Threads {
  explicit Threads(int n) : before(get_num_threads()) { set_num_threads(n); }
  ~Threads() { set_num_threads(before); }
  int before;
};

// How often each item is visited.
std::vector<int> visits(std::int64_t n, std::int64_t grain) {
  std::vector<std::atomic<int>> count(static_cast<std::size_t>(n));
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++count[static_cast<std::size_t>(i)];
  });
  return {count.begin(), count.end()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parallel)

BOOST_AUTO_TEST_CASE(every_item_is_visited_once) {
  for (const int threads : {1, 2, 3, 8}) {
    const Threads set(threads);
    for (const std::int64_t n : {0, 1, 2, 7, 64, 1000})
      for (const std::int64_t grain : {1, 3, 100})
        for (int again = 0; again < 20; ++again) {
          const std::vector<int> v = visits(n, grain);
          BOOST_TEST(std::count(v.begin(), v.end(), 1) == n, threads << " threads, " << n << " items, grain " << grain);
        }
  }
}

// The ranges depend on the numbers only, whoever has time for them.
BOOST_AUTO_TEST_CASE(ranges_are_fixed) {
  const Threads set(3);
  for (int again = 0; again < 50; ++again) {
    std::mutex mutex;
    std::set<std::pair<std::int64_t, std::int64_t>> ranges;
    parallel_for(10, 1, [&](std::int64_t begin, std::int64_t end) {
      const std::lock_guard lock(mutex);
      ranges.emplace(begin, end);
    });
    BOOST_TEST((ranges == std::set<std::pair<std::int64_t, std::int64_t>>{{0, 3}, {3, 6}, {6, 10}}));
  }
}

BOOST_AUTO_TEST_CASE(several_threads_take_part) {
  const Threads set(2);
  std::set<std::thread::id> seen;
  for (int i = 0; i < 5000 && seen.size() < 2; ++i) {  // a busy machine may have no time for the second one yet
    std::mutex mutex;
    parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
  }
  BOOST_TEST(seen.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_region_inside_a_region_uses_one_thread) {
  const Threads set(4);
  std::atomic<int> wrong{0};
  parallel_for(4, 1, [&](std::int64_t begin, std::int64_t end) {
    if (usable_threads() != 1) ++wrong;
    const auto here = std::this_thread::get_id();
    for (std::int64_t i = begin; i < end; ++i)
      parallel_for(8, 1, [&](std::int64_t, std::int64_t) { wrong += std::this_thread::get_id() != here; });
  });
  BOOST_TEST(wrong == 0);
  BOOST_TEST(usable_threads() == 4);
  const SerialGuard serial;
  BOOST_TEST(usable_threads() == 1);
}

BOOST_AUTO_TEST_CASE(an_exception_of_any_part_arrives) {
  const Threads set(3);
  for (int i = 0; i < 300; ++i) {
    const std::int64_t bad = i % 9;
    BOOST_CHECK_THROW(parallel_for(9, 1,
                                   [&](std::int64_t begin, std::int64_t end) {
                                     if (begin <= bad && bad < end) throw ValueError("bad item");
                                   }),
                      ValueError);
    const std::vector<int> v = visits(9, 1);
    BOOST_TEST(std::count(v.begin(), v.end(), 1) == 9);
  }
}

// One has the team, the others do without it.
BOOST_AUTO_TEST_CASE(several_threads_share_out_work_at_once) {
  const Threads set(3);
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < 4; ++t)
      callers.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          std::atomic<std::int64_t> sum{0};
          parallel_for(100, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t k = begin; k < end; ++k) sum += k;
          });
          wrong += sum != 4950;
        }
      });
  }
  BOOST_TEST(wrong == 0);
}

// A caller whose team is busy elsewhere must not wait for it: here it would wait for ever.
BOOST_AUTO_TEST_CASE(a_busy_team_holds_nobody_up) {
  const Threads set(2);
  std::atomic<bool> inside{false}, done{false};
  std::jthread other([&] {
    parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
      inside = true;
      while (!done) std::this_thread::yield();
    });
  });
  while (!inside) std::this_thread::yield();
  const std::vector<int> v = visits(100, 1);
  done = true;
  BOOST_TEST(std::count(v.begin(), v.end(), 1) == 100);
}

// Products are cut into pieces; both operands of a batch may repeat.
BOOST_AUTO_TEST_CASE(products_do_not_depend_on_the_pieces) {
  manual_seed(3);
  for (const int threads : {1, 2, 3, 7}) {
    const Threads set(threads);
    for (const std::int64_t m : {8, 65, 300})
      for (const std::int64_t n : {10, 64, 333}) {
        const Tensor a = randn({m, 70}), b = randn({70, n}), at = transpose(randn({70, m}), 0, 1);
        const auto close = [](const Tensor& x, const Tensor& y) {
          return allclose(matmul(x, y).to(kFloat64), matmul(x.to(kFloat64), y.to(kFloat64)), 1e-4, 1e-4);
        };
        BOOST_TEST(close(a, b));
        BOOST_TEST(close(at, b));
        const Tensor many = a.unsqueeze(0).expand({5, m, 70}), others = b.unsqueeze(0).expand({5, 70, n});
        BOOST_TEST(close(many, others));
        BOOST_TEST(close(many, randn({5, 70, n})));
        BOOST_TEST(close(randn({5, m, 70}), others));
      }
  }
}

BOOST_AUTO_TEST_SUITE_END()
