#include "core/threads/team.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <pthread.h>
#include <sched.h>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/futex.h>
#endif

#include "core/threads/library_call.hpp"

namespace xgrad::detail {
namespace {

// An idle thread polls for kPoll, the caller for kPatience at the end of a region. Never sched_yield: Linux charges it
// as a whole time slice.
constexpr std::int64_t kPoll = 100'000, kPatience = 40'000;  // ns
constexpr std::int64_t kLostProcessor = 20'000;              // ns between two polls
constexpr std::int64_t kTolerated = 200'000;                 // ns of waiting that say nothing yet
constexpr std::int64_t kCrowded = 250'000;                   // ns that sharing a processor counts for
constexpr std::int64_t kFirstFactor = 2, kLastFactor = 64, kLongestPause = 2'000'000'000;

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Until done() or, with false, `ns` from now or when this thread lost its processor meanwhile.
template <class Done>
bool poll(std::int64_t ns, const Done& done) {
  const std::int64_t begin = now();
  for (std::int64_t last = begin;;) {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      relax();
    }
    const std::int64_t t = now();
    if (t - begin > ns || t - last > kLostProcessor) return done();
    last = t;
  }
}

#ifdef __linux__
static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
void sleep_while(std::atomic<std::uint32_t>& a, std::uint32_t value) {
  syscall(SYS_futex, &a, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake(std::atomic<std::uint32_t>& a, int threads) {
  syscall(SYS_futex, &a, FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
}
#else
void sleep_while(std::atomic<std::uint32_t>& a, std::uint32_t value) { a.wait(value); }
void wake(std::atomic<std::uint32_t>& a, int) { a.notify_all(); }
#endif

// Blocks what can be blocked, so that a thread started meanwhile never runs a handler of the user's program.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Whether this thread has been taken off its processor since the last call.
bool lost_processor() {
#ifdef __linux__
  thread_local long known = 0;
  rusage u{};
  getrusage(RUSAGE_THREAD, &u);
  return std::exchange(known, u.ru_nivcsw) != u.ru_nivcsw;
#else
  return true;
#endif
}

int current_processor() {
#ifdef __linux__
  return sched_getcpu();
#else
  return -1;
#endif
}

// Under a real-time policy a thread of the team that was put behind the caller on its processor would never run:
// neither does the caller sleep, nor does Linux move the waiting thread. Ordinary threads are moved; for them yielding
// is dear.
void let_others_of_real_time_run() {
#ifdef __linux__
  const int policy = sched_getscheduler(0);
  if (policy == SCHED_FIFO || policy == SCHED_RR) sched_yield();
#endif
}

constexpr std::uint64_t kParts = 0xffffffffu;

// Never destroyed: its threads live as long as the process.
std::atomic<Team*>& the_team() {
  static std::atomic<Team*> team{[] {
    pthread_atfork(nullptr, nullptr, [] { the_team() = new Team; });  // the child has none of the threads
    return new Team;
  }()};
  return team;
}

}  // namespace

bool Throttle::closed() const { return until_ != 0 && now() < until_; }

void Throttle::report(std::int64_t lost, std::int64_t now) {
  const bool lately = until_ != 0 && now - until_ < pause_;
  if (lost == 0) {
    if (!lately) until_ = 0;
    return;
  }
  factor_ = lately ? std::min(2 * factor_, kLastFactor) : kFirstFactor;
  pause_ = std::min(lost * factor_, kLongestPause);
  until_ = now + pause_;
}

Team& Team::get() { return *the_team().load(std::memory_order_acquire); }

void Team::run(const Job& job, bool worth_waking) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || throttle_.closed()) return run_alone(job);
  grow(job.parts - 1);
  if (workers_ == 0) return run_alone(job);
  job_ = job;
  done_.store(0, std::memory_order_relaxed);
  publish(worth_waking);
  std::int64_t begin = now(), end;
  int own_parts = 0;
  {
    const SerialGuard inside;
    while (run_part(nullptr)) ++own_parts;
    end = now();
    wait_for_parts();
  }
  const std::int64_t finish = now();
  const bool delayed = delayed_.exchange(false, std::memory_order_relaxed);
  const bool crowded = crowded_.exchange(false, std::memory_order_relaxed);
  const bool long_wait = finish - end > end - begin + kTolerated;
  if (own_parts == job.parts) let_others_of_real_time_run();
  throttle_.report(delayed && long_wait ? finish - end : crowded ? kCrowded : 0, finish);
  if (failed_.exchange(false, std::memory_order_relaxed)) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Team::run_alone(const Job& job) {
  const SerialGuard inside;
  for (int p = 0; p < job.parts; ++p) job.run(p);
}

void Team::grow(int workers) {
  if (workers_ >= workers || failed_to_grow_) return;
  const AllSignalsBlocked blocked;
  try {
    for (; workers_ < workers; ++workers_) std::thread([this] { serve(); }).detach();
  } catch (const std::system_error&) {
    failed_to_grow_ = true;  // the system allows no more threads: the ones there are do all the work
  }
}

void Team::publish(bool worth_waking) {
  callers_processor_.store(current_processor(), std::memory_order_relaxed);
  unclaimed_.store(++number_ << 32 | static_cast<std::uint64_t>(job_.parts), std::memory_order_release);
  published_.fetch_add(1);
  if (worth_waking && sleeping_.load() > 0) wake(published_, job_.parts - 1);
}

bool Team::run_part(std::atomic<bool>* delayed) {
  std::uint64_t u = unclaimed_.load(std::memory_order_acquire);
  do {
    if ((u & kParts) == 0) return false;
  } while (!unclaimed_.compare_exchange_weak(u, u - 1, std::memory_order_acq_rel, std::memory_order_acquire));
  // Until the part is done the caller waits, so job_ stays.
  const auto parts = static_cast<std::uint32_t>(job_.parts);
  const std::int64_t begin = delayed ? now() : 0;
  try {
    job_.run(static_cast<int>(u & kParts) - 1);
  } catch (...) {
    if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
  }
  if (delayed && now() - begin > kTolerated && lost_processor()) delayed->store(true, std::memory_order_relaxed);
  if (done_.fetch_add(1) + 1 == parts && caller_sleeps_.load()) wake(done_, 1);
  return true;
}

void Team::wait_for_parts() {
  const auto parts = static_cast<std::uint32_t>(job_.parts);
  const auto done = [&] { return done_.load(std::memory_order_acquire) == parts; };
  if (done() || poll(kPatience, done)) return;
  caller_sleeps_.store(true);
  for (std::uint32_t d; (d = done_.load()) != parts;) sleep_while(done_, d);
  caller_sleeps_.store(false, std::memory_order_relaxed);
}

bool Team::crowds_caller() {
  const int here = current_processor();
  if (here < 0 || here != callers_processor_.load(std::memory_order_relaxed)) return false;
  crowded_.store(true, std::memory_order_relaxed);
  return true;
}

void Team::idle(bool poll_first) {
  const std::uint32_t seen = published_.load();
  if (poll_first) {
    if ((unclaimed_.load(std::memory_order_acquire) & kParts) != 0) return;
    if (poll(kPoll, [&] { return published_.load(std::memory_order_acquire) != seen; })) return;
  }
  sleeping_.fetch_add(1);
  if (published_.load() == seen) sleep_while(published_, seen);
  sleeping_.fetch_sub(1);
  lost_processor();  // from here on
}

void Team::serve() {
  const SerialGuard inside;
  one_library_thread();
  lost_processor();
  for (;;) {
    const bool crowds = crowds_caller();
    if (crowds || !run_part(&delayed_)) idle(!crowds);
  }
}

}  // namespace xgrad::detail
