// The spans of the threads, for those who read them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/module_scope.hpp>
#include <xgrad/profiler.hpp>

namespace xgrad::detail {

struct SpanRecord {
  const std::string* name = nullptr;  // of the log
  profiler::SpanKind kind{};
  profiler::Category category{};
  std::int64_t start = 0, end = 0, self = 0;  // nanoseconds of the steady clock
  std::int64_t bytes = 0, self_bytes = 0;
  Location at;
  std::shared_ptr<const ModuleCall> module;
  std::uint64_t sequence = 0;
};

// Begins a session without spans and returns the time, or ends it. Threads keep their spans for read_spans() until the
// next one begins.
std::int64_t begin_profile();
void end_profile() noexcept;
// Calls f(thread, records) for each thread, in the order of their first spans; the records in the order of their ends.
void read_spans(const std::function<void(std::uint32_t thread, const std::vector<SpanRecord>&)>& f);

}  // namespace xgrad::detail
