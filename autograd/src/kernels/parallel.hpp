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

// While alive, this thread starts no regions, neither here nor in the libraries: usable_threads() is 1.
class SerialScope {
 public:
  SerialScope();
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;
};

}  // namespace xgrad::detail
