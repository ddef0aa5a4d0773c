#include "core/threads/library_call.hpp"

#include <pthread.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#include "core/profile/spans.hpp"

namespace xgrad::detail {
namespace {

thread_local bool inside = false;

constexpr int kRaisedByCode[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};

#ifdef __linux__
// The kernel's own call: the C library's leaves its internal signals open. The kernel's set has 64 bits.
static_assert(sizeof(unsigned long) == 8);
unsigned long deferrable() {
  unsigned long set = ~0ul;
  for (const int s : kRaisedByCode) set &= ~(1ul << (s - 1));
  return set;
}
void set_mask(const unsigned long* to, unsigned long* before) {
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, to, before, sizeof *to);
}
#else
sigset_t deferrable() {
  sigset_t set;
  sigfillset(&set);
  for (const int s : kRaisedByCode) sigdelset(&set, s);
  return set;
}
void set_mask(const sigset_t* to, sigset_t* before) { pthread_sigmask(SIG_SETMASK, to, before); }
#endif

// 0 when there was one already.
int use_one_thread() {
#ifdef _OPENMP
  const int before = omp_get_max_threads();
  if (before == 1) return 0;
  omp_set_num_threads(1);
  return before;
#else
  return 0;
#endif
}

}  // namespace

void one_library_thread() { use_one_thread(); }

LibraryCall::LibraryCall() : outermost_(!inside) {
  if (!outermost_) return;
  static const auto held = deferrable();
  set_mask(&held, &signals_before_);
  inside = true;
  threads_before_ = use_one_thread();
}

LibraryCall::~LibraryCall() {
  if (is_profiled()) [[unlikely]]
    span_goes_on(false);
  if (!outermost_) return;
#ifdef _OPENMP
  if (threads_before_ != 0) omp_set_num_threads(threads_before_);
#endif
  inside = false;
  set_mask(&signals_before_, nullptr);
}

}  // namespace xgrad::detail
