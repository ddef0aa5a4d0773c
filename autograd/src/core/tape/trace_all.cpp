#include "core/tape/trace_all.hpp"

#include <utility>

#include <xgrad/check.hpp>
#include <xgrad/detail/trace_all.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {

constinit thread_local bool tracing_all = false;

Grads no_derivative(const void*, const Saved&, std::span<const Tensor>) {
  ErrorReport("backward", "a graph that was traced for an exporter has no gradients", {}).autograd_error();
}

void record_traced(const char* op, const BackwardKind& kind, const void* closure, Tensor& out, const TensorRefs& inputs,
                   const Location& at) {
  if (needs_tape(inputs)) record_node({op, &kind}, {&out, 1}, inputs, {}, closure, at);
}

TraceAll::TraceAll() : previous_(std::exchange(tracing_all, true)) { thread_tape.traced = true; }
TraceAll::~TraceAll() { tracing_all = thread_tape.traced = previous_; }

Tensor traced_input(const Tensor& t) {
  Tensor copy = make_tensor(t.shape(), t.dtype());
  copy_raw(copy, t);
  impl(copy).requires_grad = true;
  return copy;
}

}  // namespace xgrad::detail
