// Threads. Kernels split large work over OpenMP threads, the runtime oneDNN and OpenBLAS share; small work never forks.
#pragma once

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
