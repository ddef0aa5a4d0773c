// Threads. Kernels share out large work over the threads of the library; small work stays with the caller.
#pragma once

#include <algorithm>
#include <cstdint>

#include <xgrad/error.hpp>

namespace xgrad {

// Threads used by operations; at first OMP_NUM_THREADS or the number of cores. On a busy machine fewer may do the work.
// ValueError when n < 1.
XGRAD_API void set_num_threads(int n, Location at = Location::current());
XGRAD_API int get_num_threads();

// The same seed and thread count always give the same bits. With this on, every thread count gives the same bits:
// matrix products are split into fixed blocks, each computed by one thread.
XGRAD_API void set_deterministic(bool on);
XGRAD_API bool is_deterministic();

}  // namespace xgrad

// For authors of kernels.
namespace xgrad::detail {

// Number of threads for a region started here: 1 inside another region.
XGRAD_API int usable_threads();

using RangeFn = void (*)(const void* f, std::int64_t begin, std::int64_t end);
// Calls f on `parts` nearly equal ranges of [0, n), by as many threads as have time. Sleeping threads are woken when
// the work is worth it. An exception of any part is rethrown here.
XGRAD_API void parallel_ranges(std::int64_t n, int parts, RangeFn call, const void* f, bool worth_waking);

// While alive, kernels called from this thread use one thread.
class XGRAD_API SerialGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] SerialGuard();
  ~SerialGuard();
  SerialGuard(const SerialGuard&) = delete;
  SerialGuard& operator=(const SerialGuard&) = delete;

 private:
  bool previous_;
};

// Work that is worth starting a thread for, in nanoseconds.
inline constexpr double kThreadNs = 3000;
// So many items of this cost are; at least 1.
inline std::int64_t grain_for(double ns_per_item) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(kThreadNs / std::max(ns_per_item, 1e-3)));
}

// f(begin, end) over [0, n), by several threads when each gets at least `grain` items: grain_for(their cost).
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, const F& f) {
  constexpr std::int64_t kGrainsToWake = 16;
  if (n <= 0) return;
  const std::int64_t grains = n / std::max<std::int64_t>(grain, 1);
  const std::int64_t parts = grains <= 1 ? 1 : std::min<std::int64_t>(usable_threads(), grains);
  if (parts <= 1) return f(std::int64_t{0}, n);
  const RangeFn call = [](const void* p, std::int64_t b, std::int64_t e) { (*static_cast<const F*>(p))(b, e); };
  parallel_ranges(n, static_cast<int>(parts), call, &f, grain <= 1 || grains >= kGrainsToWake);
}

// The same with the grain from the cost of an item. Ranges begin at multiples of 64 items.
template <class F>
void parallel_cost(std::int64_t n, double ns_per_item, const F& f) {
  const std::int64_t blocks = (n + 63) / 64;
  parallel_for(blocks, std::max<std::int64_t>(1, grain_for(ns_per_item) / 64),
               [&](std::int64_t b, std::int64_t e) { f(b * 64, std::min(n, e * 64)); });
}

}  // namespace xgrad::detail
