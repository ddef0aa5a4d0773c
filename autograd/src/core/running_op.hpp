// Which operation this thread is in, for errors that come from where nobody knows: memory.
#pragma once

#include <string>

#include <xgrad/error.hpp>

#include "core/profile/spans.hpp"

namespace xgrad::detail {

// Named checks stand at the top of each operation, and a backward pass knows its node: both leave a note here.
struct RunningOp {
  const char* name = nullptr;
  Location at;
  bool backward = false;
};
[[gnu::tls_model("initial-exec")]] extern constinit thread_local RunningOp running_op;
// The node whose backward function runs, whatever operations it calls; null outside of it.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local const RunningOp* running_backward;

// A check without a place is one of a driver that operations share: they have left theirs.
inline void note_op(const char* name, const Location& at, bool backward = false) noexcept {
  if (at.line() == 0) return;
  RunningOp& op = running_op;  // field by field: a whole one that is copied at once waits for its bytes
  op.name = name;
  op.at = at;
  op.backward = backward;
  if (is_profiled() && !backward) [[unlikely]]
    span_of_check(name, at);
}

// The name of that operation; "" when there is none or its text is gone.
[[gnu::cold]] std::string running_op_name();

// OutOfMemoryError that names the bytes, what they were for if that is known, the operation and its line.
[[noreturn, gnu::cold]] void out_of_memory(std::size_t bytes, const std::string& result = {});

}  // namespace xgrad::detail
