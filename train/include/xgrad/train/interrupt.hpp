#pragma once

#include <xgrad/export.hpp>

namespace xgrad::train {

// While alive, the first Ctrl-C (SIGINT) sets a flag instead of ending the program, so that a training loop can finish
// its batch and save; a second one ends it as usual.
class XGRAD_API InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool interrupted() const;

 private:
  void (*previous_)(int);
};

}  // namespace xgrad::train
