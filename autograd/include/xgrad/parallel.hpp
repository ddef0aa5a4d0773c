// Threads. Kernels split large work over OpenMP threads, the runtime oneDNN and OpenBLAS share; small work never forks.
#pragma once

#include <algorithm>
#include <cstdint>

#include <xgrad/export.hpp>

namespace xgrad {

// Threads used by operations; at first OMP_NUM_THREADS or the number of cores. ValueError when n < 1.
XGRAD_API void set_num_threads(int n);
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
// Calls f on `parts` nearly equal ranges of [0, n), one per thread. An exception of any part is rethrown here.
XGRAD_API void parallel_ranges(std::int64_t n, int parts, RangeFn call, const void* f);

// While alive, kernels called from this thread use one thread.
class XGRAD_API SerialGuard {
 public:
  SerialGuard();
  ~SerialGuard();
  SerialGuard(const SerialGuard&) = delete;
  SerialGuard& operator=(const SerialGuard&) = delete;

 private:
  bool previous_;
};

// f(begin, end) over [0, n), by several threads when there are more than `grain` items per thread to do.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, const F& f) {
  if (n <= 0) return;
  const std::int64_t parts = n <= grain ? 1 : std::min<std::int64_t>(usable_threads(), (n + grain - 1) / std::max<std::int64_t>(grain, 1));
  if (parts <= 1) return f(std::int64_t{0}, n);
  parallel_ranges(n, static_cast<int>(parts), [](const void* p, std::int64_t b, std::int64_t e) { (*static_cast<const F*>(p))(b, e); }, &f);
}

// The same with the grain from a cost estimate: a thread is worth starting for about 3 us of work. Ranges begin at
// multiples of 64 items.
template <class F>
void parallel_cost(std::int64_t n, double ns_per_item, const F& f) {
  const double grain = 3000.0 / std::max(ns_per_item, 1e-3);
  const std::int64_t blocks = (n + 63) / 64;
  parallel_for(blocks, std::max<std::int64_t>(1, static_cast<std::int64_t>(grain / 64)), [&](std::int64_t b, std::int64_t e) {
    f(b * 64, std::min(n, e * 64));
  });
}

}  // namespace xgrad::detail
