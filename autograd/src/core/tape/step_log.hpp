// The graphs of the steps of a scan, each from its results back to what it was given, for a backward pass that walks
// through them in reverse.
//
// A step is recorded as any operations are. Afterwards it is compared with the step before: when it did the same, its
// nodes are let go, and of the step only the values that they had saved are kept; they are put into the nodes of the
// first such step when its turn comes. A step that differs, or that another part of the program still holds, keeps its
// nodes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/tape/engine.hpp"
#include "core/tape/node.hpp"
#include "core/tape/step_tape.hpp"

namespace xgrad::detail {

class StepLog {
 public:
  StepLog(const char* op, const Location& at);
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  // A step begins; x is what it is given at place `i`. The result is x off the tape, a leaf that takes a gradient if
  // `wanted`.
  void begin();
  Tensor leaf(Tensor x, bool wanted);
  // The step ends with these results, which are taken off the tape. AutogradError: it used tensors of earlier steps.
  void end(std::span<Tensor> results);

  std::size_t steps() const { return steps_.size(); }
  // Whether result i of step t takes a gradient.
  bool takes_gradient(std::size_t t, std::size_t i) const;
  // What steps read that takes a gradient and was not given to them: leaves, and other results without their values.
  const std::vector<Tensor>& outside() const { return outside_.tensors(); }

  // Runs step t backwards. of_leaves: what arrives at the tensors that it was given.
  void run(PrivatePass& pass, std::size_t t, std::span<Tensor> seeds, std::span<Tensor> of_leaves);
  // What has arrived at outside()[i] in that pass.
  Tensor take_outside(PrivatePass& pass, std::size_t i) const;
  // Drops what step t had saved.
  void forget(std::size_t t);

  // Records step t once more, as operations on these tensors in the place of those that it was given and of outside().
  // The results are undefined where they take no gradient, and have no values.
  std::vector<Tensor> record_again(std::size_t t, std::span<const Tensor> given, std::span<const Tensor> outside);

 private:
  struct Step {
    std::shared_ptr<StepTape> tape;
    std::size_t first = kOwn;         // of its values in saved_; kOwn: they are in the nodes
    std::vector<std::byte> closures;  // where they differ from the tape's
  };
  static constexpr std::size_t kOwn = ~std::size_t{0};
  class Installed;

  bool repeats_last_tape(std::span<const Edge> roots);

  Location at_;
  const char* op_;
  std::uint64_t step_began_ = 0;  // newest creation number before the step
  std::vector<Tensor> leaves_;    // of the step that runs
  std::vector<Step> steps_;
  std::shared_ptr<StepTape> shared_;  // the newest tape that further steps may use
  std::vector<SavedTensor> saved_;    // of steps without nodes
  OutsideTensors outside_;
  std::vector<Node*> same_;  // nodes of the step that runs, in the order of the shared tape
};

}  // namespace xgrad::detail
