// Programs of elementwise kernels that run one after the other over tiles in the first-level cache.
#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/detail/tiles.hpp>

#include "core/row_tiles.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// A kernel whose inputs are operands in memory (their number) or results of earlier steps (~ their number).
struct Step {
  TileFn fn;
  const void* f;
  double ns;
  DType dtype;  // of the result
  int n_in = 0;
  int in[kMaxTileInputs] = {};
  int stored = -1;  // which output it is; -1: in a buffer only
  int buffer = -1;
};

class Program {
 public:
  static constexpr int kMostSteps = 64;
  static constexpr int kMostOperands = kMaxManyInputs, kMostStored = kMaxManyOutputs;
  static constexpr std::int64_t kRoomOfParts = 16 << 10;

  std::int64_t numel = 0;  // of the results
  std::vector<Step> steps;
  std::vector<Tensor> operands;  // in memory, broadcast to the shape of the results
  std::vector<Tensor> results;   // contiguous; of the steps that are stored, in their order

  // Gives the steps their buffers. Once, when they are complete.
  void place_buffers();
  // All elements, by several threads where that is worth it.
  void run();
  // Whether ProgramParts can run it: operands are contiguous or one number.
  bool runs_in_parts() const;
  double nanoseconds() const { return ns_; }  // an element

 private:
  friend class ProgramParts;
  static void run_tile(const void* program, std::int64_t n, void* const* out, const void* const* in);
  void run_steps(std::int64_t n, void* const* out, const void* const* in) const;
  double ns_ = 0;
  int buffers_ = 0, item_ = 1;
  std::int64_t tile_ = 0;
};

// Runs parts of a program on one thread. The last step is stored as one more output, behind the results.
class ProgramParts {
 public:
  explicit ProgramParts(const Program& p);
  // Elements [begin, begin + n) of the last step into `out`, and of the results that are stored into their memory.
  void run(std::int64_t begin, std::int64_t n, void* out) const;

 private:
  const Program& program_;
  std::int64_t longest_;
  const char* from_[Program::kMostOperands];
  alignas(64) char room_[Program::kRoomOfParts];  // numbers, repeated
};

}  // namespace xgrad::detail
