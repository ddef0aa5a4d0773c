// The threads that compute the parts of a region.
//
// Parts are claimed one by one, so the caller never waits for a thread that has not begun: on a busy machine it
// computes all of them itself. It does wait for a thread that the system takes the processor from in the middle of a
// part; Throttle keeps that time below a fraction of the whole. Idle threads look for work for a moment and then sleep.
// Which thread computes a part changes nothing in the result.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

#include <xgrad/parallel.hpp>

namespace xgrad::detail {

struct Job {
  std::int64_t n = 0;
  int parts = 0;
  RangeFn call = nullptr;
  const void* f = nullptr;
  void run(int part) const { call(f, n * part / parts, n * (part + 1) / parts); }
};

// Says when to do without other threads: when the caller has lost a time of t waiting for a thread that was taken off
// its processor, the regions of the next 2 t run on the caller alone, and of twice as much each time it happens again
// soon.
class Throttle {
 public:
  bool closed() const;
  // The time lost in a region, in nanoseconds; `now` by the steady clock.
  void report(std::int64_t lost, std::int64_t now);

 private:
  std::int64_t until_ = 0, pause_ = 0, factor_ = 0;
};

class Team {
 public:
  // The process's team; a child of fork() has a new one.
  static Team& get();
  // All parts of the job, by this thread and those of the team that have time. When another thread's region has the
  // team, by this thread. `worth_waking`: sleeping threads are woken for it. Rethrows the exception of a part.
  void run(const Job& job, bool worth_waking);

 private:
  static void run_alone(const Job& job);
  void grow(int workers);
  void publish(bool worth_waking);
  // A part that nobody has claimed; false: there is none. A thread of the team says whether it was held up.
  bool run_part(std::atomic<bool>* delayed);
  void wait_for_parts();
  // Whether this thread has the processor that the caller had when it published its job: it would only be in the way.
  bool crowds_caller();
  void idle(bool poll_first);
  [[noreturn]] void serve();

  // The number of parts not yet claimed, and above it the number of the job, so that a late thread cannot claim a part
  // of another job than it saw.
  alignas(64) std::atomic<std::uint64_t> unclaimed_{0};
  alignas(64) std::atomic<std::uint32_t> done_{0};
  std::atomic<bool> caller_sleeps_{false};
  alignas(64) std::atomic<std::uint32_t> published_{0};  // jobs so far; idle threads sleep on it
  std::atomic<std::uint32_t> sleeping_{0};
  alignas(64) std::mutex mutex_;
  Job job_;
  std::uint64_t number_ = 0;
  int workers_ = 0;
  bool failed_to_grow_ = false;
  Throttle throttle_;
  std::atomic<bool> failed_{false}, delayed_{false}, crowded_{false};
  std::atomic<int> callers_processor_{-1};
  std::exception_ptr error_;
};

}  // namespace xgrad::detail
