// What this thread records. The guards of <xgrad/autograd.hpp> set it; who makes a tensor reads it.
#pragma once

namespace xgrad::detail {

struct ThreadModes {
  bool grad = true;
  bool inference = false;
};
extern constinit thread_local ThreadModes thread_modes;
// A checkpoint runs its function again.
extern constinit thread_local bool recomputing_part;

}  // namespace xgrad::detail
