#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/parallel.hpp>

#include "core/profile/spans.hpp"
#include "core/threads/team.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xgrad {
namespace {

#ifdef _OPENMP
int default_threads() { return omp_get_max_threads(); }  // OMP_NUM_THREADS, or the processors this process may use
bool in_region_of_user() { return omp_in_parallel() != 0; }
#else
int default_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }
bool in_region_of_user() { return false; }
#endif

std::atomic<int>& threads() {
  static std::atomic<int> n{default_threads()};
  return n;
}
std::atomic<bool> deterministic{false};

}  // namespace

void set_num_threads(int n, Location at) {
  if (n < 1) ErrorReport("set_num_threads", fmt::format("needs at least 1 thread, got {}", n), at).value_error();
  threads() = n;
}
int get_num_threads() { return threads(); }
void set_deterministic(bool on) { deterministic = on; }
bool is_deterministic() { return deterministic; }

namespace detail {

namespace {
thread_local bool serial = false;
}
SerialGuard::SerialGuard() : previous_(std::exchange(serial, true)) {}
SerialGuard::~SerialGuard() { serial = previous_; }

int usable_threads() { return serial || in_region_of_user() ? 1 : threads().load(std::memory_order_relaxed); }

void parallel_ranges(std::int64_t n, int parts, RangeFn call, const void* f, bool worth_waking) {
  Team::get().run({n, parts, call, f}, worth_waking);
  if (is_profiled()) [[unlikely]]
    span_goes_on(false);
}

}  // namespace detail
}  // namespace xgrad
