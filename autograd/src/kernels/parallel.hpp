#pragma once

#include <xgrad/parallel.hpp>

namespace xgrad::detail {

// While alive, what this thread starts in oneDNN and OpenBLAS runs on n threads, also when set_num_threads was called
// by another thread (OpenMP keeps the number per thread). Never openblas_set_num_threads: it changes everybody's.
class LibraryThreads {
 public:
  explicit LibraryThreads(int n = usable_threads());
  ~LibraryThreads();
  LibraryThreads(const LibraryThreads&) = delete;
  LibraryThreads& operator=(const LibraryThreads&) = delete;

 private:
  int before_ = 0;  // 0: nothing to restore
};

}  // namespace xgrad::detail
