// Training in less memory than its tape would need.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>

#include <xgrad/error.hpp>

namespace xgrad {

namespace detail {
class BudgetState;
}

// What a MemoryBudget did.
struct MemoryBudgetReport {
  std::int64_t limit = 0, peak = 0;             // bytes of tensors; peak: since the guard was made
  std::int64_t dropped = 0, dropped_bytes = 0;  // values given up
  std::int64_t recomputed = 0;                  // values computed again
  double seconds = 0;                           // spent on that
  bool kept() const { return peak <= limit; }
};
// "256.0 MB of 300.0 MB; 41 values (120.0 MB) given up, 38 computed again in 0.012 s"
XGRAD_API std::ostream& operator<<(std::ostream& os, const MemoryBudgetReport& r);

// While alive on this thread, the tensors of the process (memory_stats().live_bytes) are to fit into `bytes`: when they
// do not, the tape gives up values that it can compute again, the cheapest first (elementwise operations before
// products and convolutions, old ones before new ones), and computes them when the backward pass, or anybody else, asks
// for them.
//
//   xgrad::MemoryBudget budget(std::int64_t{512} << 20);
//   Tensor loss = cross_entropy(net(x), y);
//   loss.backward();
//   std::cout << budget.report() << '\n';
//
// Gradients are those of a run without it. What cannot be given up: parameters and what was not computed on the tape,
// tensors below 16 kB, values that the program has a pointer to or that were changed in place, and results of
// operations that do not say how to compute them again. A value goes only while about 100 others would have to be made
// with it, or a long chain would take time with its square. If the rest does not fit, the limit is exceeded, not the
// run ended: report().kept(); far below what can be kept it costs much time. An operation's own memory comes before
// room is made for it. Of several guards the newest counts. Tensors computed under it are not to be read by operations
// on other threads while it lives; a backward pass may run on another one. The method: M. Kirisame et al., "Dynamic
// tensor rematerialization", ICLR 2021. ValueError when bytes <= 0.
class XGRAD_API MemoryBudget {
 public:
  [[nodiscard("a guard without a name ends at once")]] explicit MemoryBudget(std::int64_t bytes,
                                                                             Location at = Location::current());
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  MemoryBudgetReport report() const;

 private:
  std::shared_ptr<detail::BudgetState> state_;
  std::int64_t bytes_;
};

}  // namespace xgrad
