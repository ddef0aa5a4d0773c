// Chains of elementwise operations in one pass over memory. Switched off unless asked for: XGRAD_FUSION=on in the
// environment, or a FusionGuard.
//
// Elementwise operations on large tensors are held back: their values are computed when something reads them, a whole
// chain at once, tile by tile in the first-level cache, with the same bits as one by one. Gradients run in the same
// way, and what a chain saved for its backward pass is computed again there rather than kept, where all it was computed
// from is kept anyway. Errors of shapes, types and values are thrown by the operation that has them; memory is taken
// later.
//
// Nothing is held back under a MemoryBudget, a MemoryTracker, a Profiler, DetectAnomaly, a TapeRecorder, saved-tensor
// hooks or forward mode.
#pragma once

#include <cstdint>

#include <xgrad/error.hpp>

namespace xgrad {

// While alive, elementwise operations of this thread are held back or not, whatever the environment says; with `from`,
// those whose result has so many elements or more (otherwise those that the library takes for large). What was held
// back before stays so until it is read. ValueError when from < 1.
class XGRAD_API FusionGuard {
 public:
  [[nodiscard("a guard without a name ends at once")]] explicit FusionGuard(bool on, Location at = Location::current());
  [[nodiscard("a guard without a name ends at once")]] FusionGuard(bool on, std::int64_t from,
                                                                   Location at = Location::current());
  ~FusionGuard();
  FusionGuard(const FusionGuard&) = delete;
  FusionGuard& operator=(const FusionGuard&) = delete;

 private:
  std::int64_t previous_;
};

// Whether large elementwise operations of this thread are held back.
XGRAD_API bool fusion_enabled();

}  // namespace xgrad
