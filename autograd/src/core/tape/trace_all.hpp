// Recording of everything, for exporters (<xgrad/detail/trace_all.hpp>).
#pragma once

#include <xgrad/record.hpp>

#include "core/tape/attributes.hpp"

namespace xgrad::detail {

// Whether a TraceAll lives on this thread.
extern constinit thread_local bool tracing_all;

Grads no_derivative(const void* closure, const Saved& saved, std::span<const Tensor> grad_outputs);
[[gnu::cold]] void record_traced(const char* op, const BackwardKind& kind, const void* closure, Tensor& out,
                                 const TensorRefs& inputs, const Location& at);

// What a traced operation was told.
template <class... A>
struct Told : A... {
  void attributes([[maybe_unused]] Attributes& list) const { (A::add_to(list), ...); }
};
template <class... A>
inline constexpr BackwardKind kTraced{&no_derivative,
                                      sizeof...(A) == 0 ? 0u : static_cast<std::uint32_t>(sizeof(Told<A...>)),
                                      true,
                                      true,
                                      false,
                                      false,
                                      describe_closure<Told<A...>>()};

// For an operation without a derivative: puts it on the tape while everything is traced, with its attributes,
// named<"dim">(d).
template <class... A>
Tensor traced(const char* op, Tensor out, const TensorRefs& inputs, const Location& at, A... attributes) {
  if (tracing_all) [[unlikely]] {
    const Told<A...> told{attributes...};
    record_traced(op, kTraced<A...>, &told, out, inputs, at);
  }
  return out;
}

}  // namespace xgrad::detail
