// Backward functions and passes that others than backward() and grad() run.
#pragma once

#include <memory>
#include <span>

#include "core/tape/node.hpp"
#include "core/tape/target_table.hpp"

namespace xgrad::detail {

// n's backward function, on its own: what a pass that is under way has collected does not concern it.
Grads run_backward_apart(Node* n, std::span<const Tensor> grads);

// A pass whose gradients go to the caller: no .grad of a leaf changes, no hook of a leaf runs, the graph is kept.
class PrivatePass {
 public:
  PrivatePass(const char* op, const Location& at);
  ~PrivatePass();
  PrivatePass(const PrivatePass&) = delete;
  PrivatePass& operator=(const PrivatePass&) = delete;

  // From these results, whose gradients are used up, back through nodes that are newer than `oldest`.
  void run(std::span<const Edge> roots, std::span<Tensor> seeds, std::uint64_t oldest);
  // What all runs since the last take() have collected for a leaf, or for a result of an older node.
  Tensor take(const Target& of);
  // Gives results on the way that retain their gradients, theirs.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// Whether the pass whose backward function runs on this thread keeps the graph. True outside of passes.
bool running_pass_retains();

}  // namespace xgrad::detail
