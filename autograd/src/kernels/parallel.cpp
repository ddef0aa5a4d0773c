#include "kernels/parallel.hpp"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <utility>
#include <xgrad/error.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

// XGRAD_NO_OPENMP: our own regions run serially. For ThreadSanitizer, which does not see the barriers of libgomp.
#if defined(_OPENMP) && !defined(XGRAD_NO_OPENMP)
#define XGRAD_REGIONS 1
#endif

namespace xgrad {
namespace {

#ifdef XGRAD_REGIONS
int default_threads() { return omp_get_max_threads(); }
#else
int default_threads() { return 1; }
#endif

std::atomic<int>& threads() {
  static std::atomic<int> n{default_threads()};
  return n;
}
std::atomic<bool> deterministic{false};

}  // namespace

void set_num_threads(int n) {
  if (n < 1) throw ValueError(fmt::format("xgrad: set_num_threads: needs at least 1 thread, got {}", n));
  threads() = n;
#ifdef _OPENMP
  omp_set_num_threads(n);  // for the regions of oneDNN and OpenBLAS that this thread starts
#endif
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

int usable_threads() {
#ifdef XGRAD_REGIONS
  return serial || omp_in_parallel() ? 1 : threads().load(std::memory_order_relaxed);
#else
  return 1;
#endif
}

void parallel_ranges(std::int64_t n, int parts, RangeFn call, const void* f) {
#ifdef XGRAD_REGIONS
  std::exception_ptr error;
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int p = 0; p < parts; ++p) {
    try {
      call(f, n * p / parts, n * (p + 1) / parts);
    } catch (...) {
#pragma omp critical
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
#else
  (void)parts;
  call(f, 0, n);
#endif
}

#ifdef _OPENMP
LibraryThreads::LibraryThreads(int n) {
  const int now = omp_get_max_threads();
  if (now == n) return;
  before_ = now;
  omp_set_num_threads(n);
}
LibraryThreads::~LibraryThreads() {
  if (before_ != 0) omp_set_num_threads(before_);
}
#else
LibraryThreads::LibraryThreads(int) {}
LibraryThreads::~LibraryThreads() = default;
#endif

}  // namespace detail
}  // namespace xgrad
