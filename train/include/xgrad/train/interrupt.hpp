#pragma once

#include <xgrad/export.hpp>

namespace xgrad::train {

// While alive, the first Ctrl-C (SIGINT) sets a flag instead of ending the program, so that a training loop can finish
// its batch and save; a second one does what it did before. Guards nest: the flag is theirs together and is cleared
// when the last one ends. A SIGINT that the program ignores (a job in the background) stays ignored. The handler runs
// on a stack of its own.
class XGRAD_API InterruptGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool interrupted() const;
};

}  // namespace xgrad::train
