// Read-only walk over a recorded graph, and the recorder that keeps values and gradients for pictures.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <xgrad/module_scope.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// While alive on this thread, every recorded operation keeps its results, and a backward pass keeps their gradients:
// what a picture with all values needs. Costs the memory of all intermediates.
class XGRAD_API TapeRecorder {
 public:
  [[nodiscard("a recorder without a name ends at once")]] TapeRecorder();
  ~TapeRecorder();
  TapeRecorder(const TapeRecorder&) = delete;
  TapeRecorder& operator=(const TapeRecorder&) = delete;

 private:
  bool previous_;
};

namespace tape {

// One input of an operation: another operation's output, a leaf, or (both empty) a tensor without gradient.
struct Input {
  std::int64_t node = -1;  // index into Graph::nodes
  std::uint32_t output = 0;
  Tensor leaf;
};

struct OpNode {
  std::string op;
  std::uint64_t sequence = 0;
  Location at;
  std::shared_ptr<const detail::ModuleCall> module;
  std::vector<Input> inputs;
  std::vector<Shape> shapes;    // of the outputs
  std::vector<DType> dtypes;
  std::vector<Tensor> values;   // of the outputs; empty or undefined when not recorded
  std::vector<Tensor> grads;    // gradients of the outputs; likewise
  std::vector<Tensor> saved;    // tensors kept for the backward pass (those still there or recorded)
  std::vector<Tensor> constants;  // with a recorder: inputs without gradient, by input position (undefined elsewhere)
  std::vector<double> edge_norms;  // with a recorder, after backward: norm of the gradient sent to each input, else -1
  bool freed = false;           // the backward pass has run and dropped the saved tensors
};

// All operations that `root` depends on, in the order they were recorded (inputs before users).
struct Graph {
  std::vector<OpNode> nodes;
  std::int64_t root = -1;  // node of the root, -1 for a leaf
  std::uint32_t root_output = 0;
};

XGRAD_API Graph collect(const Tensor& root);

}  // namespace tape
}  // namespace xgrad
