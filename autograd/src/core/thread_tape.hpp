// What recording needs to know of its thread, in one place: finding it costs more than reading it. The guards of
// <xgrad/autograd.hpp> and <xgrad/forward_ad.hpp> set it; who makes a tensor reads it.
#pragma once

#include <cstdint>

namespace xgrad::detail {

struct Node;

struct ThreadTape {
  bool enabled = true;     // grad_enabled(): gradients are recorded, or some level of forward mode counts
  bool records = true;     // gradients
  bool inference = false;  // InferenceMode
  // Any of the next two, so that ordinary recording asks once.
  bool special = false;
  bool kept = false;     // a TapeRecorder lives
  bool packing = false;  // SavedTensorsHooks
  int levels = 0;        // of forward mode: those that count are 1 to this
  // Creation numbers increase along every edge, also when a graph is built by several threads in turn.
  std::uint64_t last_seq = 0;
  const Node* on_behalf_of = nullptr;  // see RecordFor
  int anomaly_guards = 0;
  bool traced = false;  // a TraceAll lives
};
// Read by every operation. initial-exec: two instructions, where a shared library calls a function otherwise.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadTape thread_tape;
// A checkpoint runs its function again.
extern constinit thread_local bool recomputing_part;

}  // namespace xgrad::detail
