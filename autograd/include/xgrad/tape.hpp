// Read-only walk over a recorded graph, and the recorder that keeps values and gradients for pictures.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/attributes.hpp>
#include <xgrad/module_scope.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// While alive on this thread, every recorded operation keeps copies of its results and of the tensors it reads, and
// each backward pass copies of their gradients: what a picture with all values needs, whatever is written over the
// tensors afterwards. Costs the memory of all intermediates, and of their gradients for each pass.
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

// A leaf, or a tensor that takes no gradient, as an operation found it.
struct Source {
  std::size_t id = 0;  // equal for all uses of one tensor with the same contents
  std::string name;
  DType dtype = DType::float32;
  Shape shape;
  bool parameter = false;    // of a module
  Tensor tensor;             // undefined when it takes no gradient and nobody else holds it any more
  Tensor value;              // as it was when it was read; undefined when that is not known
  bool overwritten = false;  // since then, and no recorder kept the value
  // Of a leaf: its gradient from the backward pass of the graph; undefined when that is not known.
  Tensor grad;
  bool grad_of_several = false;   // .grad is there, but the sum of several passes
  bool grad_overwritten = false;  // .grad is there, but was changed since the pass
};

// One input of an operation: another operation's output, or a source.
struct Input {
  std::int64_t node = -1;  // index into Graph::nodes, -1 for a source
  std::uint32_t output = 0;
  Tensor leaf;  // a source that takes a gradient
  std::optional<Source> source;
  bool reached = false;  // the backward pass sent a gradient along here
  double norm = -1;      // of that gradient, of this use alone; -1 when not known
};

// What a tensor kept for the backward pass is: an output of the operation itself, something it read (an index into
// inputs, then data), or, with both -1, something else.
struct SavedAs {
  std::int32_t output = -1, input = -1;
};

struct OpNode {
  std::string op;
  std::uint64_t sequence = 0;
  Location at;
  std::shared_ptr<const ModuleCall> module;
  std::vector<Input> inputs;
  std::vector<Input> data;      // what it reads and never differentiates: targets, indices, masks
  std::vector<double> numbers;  // 1.5 of x * 1.5
  Attributes attributes;        // what it was told beside its tensors, that number among it
  bool of_library = false;      // an operation of the library; false for those of programs, whatever their names
  std::size_t kept_bytes = 0;   // of numbers and shapes that its backward function keeps beside the saved tensors
  std::vector<Shape> shapes;    // of the outputs
  std::vector<DType> dtypes;
  std::vector<std::string> names;  // given to the outputs by set_name(), or empty
  std::vector<Tensor> values;      // of the outputs, when they were computed; empty or undefined when not recorded
  std::vector<Tensor> grads;       // gradients of the outputs in the backward pass of the graph; likewise
  std::vector<Tensor> saved;       // tensors kept for the backward pass (those still there or recorded)
  std::vector<SavedAs> saved_as;   // what each of them is
  std::vector<Tensor> constants;   // with a recorder: inputs without gradient, by input position (undefined elsewhere)
  std::vector<double> edge_norms;  // with a recorder, after backward: norm of the gradient sent to each input, else -1
  bool reached = false;            // the backward pass of the graph came here
  bool freed = false;              // a backward pass has run and dropped the saved tensors
};

// All operations that `root` depends on, in the order they were recorded (inputs before users).
struct Graph {
  std::vector<OpNode> nodes;
  std::int64_t root = -1;  // node of the root, -1 for a leaf
  std::uint32_t root_output = 0;
  bool backward_ran = false;      // through the root; what is said of gradients is of the last such pass
  bool root_overwritten = false;  // off the tape, since it was computed
};

XGRAD_API Graph collect(const Tensor& root);

}  // namespace tape

namespace detail {
// Marks what a module registered: without a gradient it is a frozen parameter, not data.
XGRAD_API void mark_parameter(const Tensor& t);
}  // namespace detail
}  // namespace xgrad
