// What this thread records. The guards of <xgrad/autograd.hpp> set it; who makes a tensor reads it.
#pragma once

namespace xgrad::detail {

struct ThreadModes {
  bool grad = true;
  bool inference = false;
};
// Read by every operation. initial-exec: two instructions, where a shared library calls a function otherwise.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadModes thread_modes;
// A checkpoint runs its function again.
extern constinit thread_local bool recomputing_part;

}  // namespace xgrad::detail
