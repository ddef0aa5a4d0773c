// What operations, modules and the engine tell the profiler (<xgrad/profiler.hpp>), which keeps a list of spans for
// each thread.
//
// Scopes (modules, backward functions, steps, spans of the program) say when they begin and end. Operations do not:
// they begin with their first check, end where they are recorded, and else with the last that they were seen to do (a
// kernel, memory asked for, a look at the tape) before the next one begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <xgrad/error.hpp>

namespace xgrad {
struct ModuleCall;
}

namespace xgrad::profiler {
enum class SpanKind;
}

namespace xgrad::detail {

// Whether a Profile watches: a relaxed load is what the profiler costs otherwise.
extern std::atomic<bool> profiled;
inline bool is_profiled() noexcept { return profiled.load(std::memory_order_relaxed); }

// All of these only while is_profiled(). Where memory runs out a span is lost, and nothing else.
[[gnu::cold]] void span_of_check(const char* op, const Location& at) noexcept;
// The operation is still at work; `likely_done`: it asked the tape, which most do at their end.
[[gnu::cold]] void span_goes_on(bool likely_done) noexcept;
// The operation's node is on the tape.
[[gnu::cold]] void span_recorded(const char* op, const Location& at, std::uint64_t sequence) noexcept;
[[gnu::cold]] void span_memory(std::int64_t bytes) noexcept;

struct SpanStart {
  profiler::SpanKind kind;
  std::string_view name, suffix;
  const Location* at = nullptr;
  const std::shared_ptr<const ModuleCall>* module = nullptr;  // null: the one that is open
  std::uint64_t sequence = 0;
};
// token: an address that names the scope until its end. A scope that the profiler did not see begin may end.
[[gnu::cold]] void begin_span(const void* token, const SpanStart& start) noexcept;
[[gnu::cold]] void end_span(const void* token) noexcept;
// The same for an operation; false: it is the innermost span already.
[[gnu::cold]] bool begin_operation(const void* token, const char* op, const Location& at) noexcept;

// A scope as a guard.
class Span {
 public:
  template <class Start>
  explicit Span(const Start& start) : on_(is_profiled()) {
    if (on_) [[unlikely]]
      begin_span(this, start());
  }
  ~Span() {
    if (on_) [[unlikely]]
      end_span(this);
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  bool on_;
};

// An operation that is not recorded, so that nothing else tells its end, or one that checks more than once.
class OperationSpan {
 public:
  OperationSpan(const char* op, const Location& at) noexcept : on_(is_profiled()) {
    if (on_) [[unlikely]]
      on_ = begin_operation(this, op, at);
  }
  ~OperationSpan() {
    if (on_) [[unlikely]]
      end_span(this);
  }
  OperationSpan(const OperationSpan&) = delete;
  OperationSpan& operator=(const OperationSpan&) = delete;

 private:
  bool on_;
};

}  // namespace xgrad::detail
