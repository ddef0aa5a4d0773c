// What stands around every call that computes in oneDNN or OpenBLAS.
#pragma once

#include <csignal>

namespace xgrad::detail {

// From here on oneDNN and OpenBLAS use one thread when this thread calls them.
void one_library_thread();

// While alive:
// - what this thread calls in oneDNN and OpenBLAS runs on one thread. The library shares out the work itself
// (team.hpp):
//   OpenMP's teams wait for a thread that has no processor, and hang in a child of fork();
// - signals wait. Generated code of oneDNN 2 and 3 keeps the stack pointer as a pointer into its operands, so a handler
//   that ran on this stack would write over them or the heap (with SA_ONSTACK it would not, but the program need not
//   know that). All signals but those that the code itself can raise; those of the C library too (setuid,
//   cancellation).
class LibraryCall {
 public:
  LibraryCall();
  ~LibraryCall();
  LibraryCall(const LibraryCall&) = delete;
  LibraryCall& operator=(const LibraryCall&) = delete;

 private:
  int threads_before_ = 0;  // 0: nothing to restore
  bool outermost_;
#ifdef __linux__
  unsigned long signals_before_ = 0;
#else
  sigset_t signals_before_;
#endif
};

}  // namespace xgrad::detail
