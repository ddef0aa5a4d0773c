// Node: one recorded operation on the tape. See engine.cpp for how nodes are run.
//
// A node and everything of fixed size it needs (edges, output descriptions, saved tensors, the backward function's
// captured numbers) are one block from the pool: about 140 bytes for an operation on scalars.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/module_scope.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// What an operation read: an output of another node or a leaf, where a gradient goes, or a tensor that takes none. Holds
// a reference; to a tensor that takes none a weak one, which keeps its name and shape, not its values.
struct Edge {
  enum class To : std::uint8_t { nothing, node, leaf, data };
  RefCounted* target = nullptr;
  std::uint32_t number = 0;  // which output of the node; of a leaf or data, the version of its storage when it was read
  To to = To::nothing;
  bool wants_grad() const { return to == To::node || to == To::leaf; }
  Node* node() const { return to == To::node ? reinterpret_cast<Node*>(target) : nullptr; }
  TensorImpl* leaf() const { return to == To::leaf ? static_cast<TensorImpl*>(target) : nullptr; }
  TensorImpl* data() const { return to == To::data ? static_cast<TensorImpl*>(target) : nullptr; }
};

struct OutputInfo {
  Tensor pending;  // gradient collected so far in the running backward pass
  const std::int64_t* sizes;
  DType dtype;
  std::uint8_t rank;
  std::uint32_t version;  // of the storage when the value was written
  Shape shape() const { return Shape(std::span<const std::int64_t>(sizes, rank)); }
};

struct Recorded;  // core/recorder.hpp

struct SavedTensor {
  TensorImpl* impl = nullptr;
  std::uint32_t version = 0;
  std::int32_t own_output = -1;  // index of the output of this very node, or -1
};

// Rare parts of a node.
struct NodeExtra {
  struct Hook {
    std::uint32_t output_nr;
    std::uint64_t key;
    std::function<Tensor(const Tensor&)> fn;
  };
  std::vector<Hook> hooks;
  std::vector<std::pair<std::uint32_t, TensorImpl*>> retain;  // tensors that want their gradient; not owned
  std::vector<std::pair<std::uint32_t, std::string>> names;  // of outputs
  std::shared_ptr<Recorded> recorded;                        // while a TapeRecorder was alive
  std::vector<std::uint64_t> checksums;  // of the saved tensors in shared memory, under DetectAnomaly; else 0
  bool looks_at_gradients() const { return !hooks.empty() || !retain.empty() || recorded; }
};

struct Node : RefCounted {
  std::uint16_t n_saved = 0;
  std::uint8_t n_data = 0;      // tensors read that are no inputs of the backward function: targets, indices, masks
  std::uint8_t queued : 6 = 0;  // nesting depth of the backward pass whose heap it is in
  bool freed : 1 = false;
  bool has_number : 1 = false;  // the closure starts with a double that pictures show
  std::uint32_t n_inputs = 0, n_outputs = 0;
  OpInfo op;
  union {
    std::uint64_t seq = 0;
    Node* next_dead;  // while it waits in release_node()
  };
  Location at;
  std::shared_ptr<const ModuleCall> module;
  std::unique_ptr<NodeExtra> extra;
  std::uint32_t bytes = 0;
  std::uint32_t pass = 0;  // the last backward pass that brought a gradient here

  std::span<Edge> edges() { return {reinterpret_cast<Edge*>(this + 1), n_inputs}; }
  std::span<Edge> all_edges() { return {edges().data(), n_inputs + std::size_t{n_data}}; }
  std::span<Edge> data() { return all_edges().subspan(n_inputs); }
  std::span<OutputInfo> outputs() {
    return {reinterpret_cast<OutputInfo*>(edges().data() + n_inputs + n_data), n_outputs};
  }
  std::span<SavedTensor> saved() { return {reinterpret_cast<SavedTensor*>(outputs().data() + n_outputs), n_saved}; }
  void* closure() {
    auto p = reinterpret_cast<std::uintptr_t>(saved().data() + n_saved);
    return reinterpret_cast<void*>((p + 15) / 16 * 16);
  }
  NodeExtra& get_extra() {
    if (!extra) extra = std::make_unique<NodeExtra>();
    return *extra;
  }

  static Saved saved_view(Node* n) { return Saved(n); }
  // AutogradError when the i-th saved tensor has other values than its checksum says.
  void check_unchanged(std::size_t i) const;
  Tensor unpack(std::size_t i);
  void free_saved();
};

void release_node(Node* n) noexcept;
inline void retain_node(Node* n) { n->refs.fetch_add(1, std::memory_order_relaxed); }

// While it lives, operations recorded on this thread name the place where `of` was called: those of a backward pass under
// create_graph.
class RecordFor {
 public:
  explicit RecordFor(const Node* of);
  ~RecordFor();
  RecordFor(const RecordFor&) = delete;
  RecordFor& operator=(const RecordFor&) = delete;

 private:
  const Node* previous_;
};

// Brings a view whose base moved to a new node up to date.
void refresh_view(TensorImpl& t);
// Whether a gradient can flow into t.
inline bool wants_grad(const Tensor& x) {
  TensorImpl& t = *x.impl();
  if (t.base && t.base->history != t.view_history) refresh_view(t);
  return t.grad_fn || t.requires_grad;
}

// In-place operations. Construct (all checks happen here); on the tape, prepare(); write; finish(). Whatever may run out
// of memory comes before the first element is written, so that values and tape never disagree.
class InPlace {
 public:
  InPlace(const char* op, Tensor& self, const Location& at);
  // Whether the change must go on the tape, given the other inputs.
  bool on_tape(const TensorRefs& others) const;
  Tensor& self() { return self_; }
  const Tensor& old();  // self as it was, for the input list
  // Readies self (and the tensor it is a view of) for the node of `out`, which was just recorded and has self's shape.
  void prepare(const Tensor& out);
  // Bumps the version, and moves self to what was prepared.
  void finish() noexcept;
  // The second half of it, for values whose writing bumped the version.
  void rebase() noexcept;

 private:
  const char* op_;
  Tensor& self_;
  Tensor old_, out_;
  Location at_;
};

// record() for a result whose values are written later, or by somebody else: they are not looked at.
template <class F>
Tensor record_ahead(const char* name, Tensor output, const TensorRefs& inputs, F f, const Location& at) {
  static_assert(std::is_trivially_copyable_v<F>);
  const OpInfo op{name, &call_backward<F>, std::is_empty_v<F> ? 0u : static_cast<std::uint32_t>(sizeof(F)), false};
  if (needs_tape(inputs)) record_node(op, {&output, 1}, inputs, {}, &f, at);
  return output;
}

// record_node() for an operation that also reads tensors it never differentiates: targets, indices, masks.
void record_node_reading(const TensorRefs& data, const OpInfo& op, std::span<Tensor> outputs, const TensorRefs& inputs,
                         const TensorRefs& saved, const void* closure, const Location& at);

// record() for such an operation; pictures show `data` among its inputs.
template <bool Once = false, class F>
Tensor record_reading(const char* name, const TensorRefs& data, Tensor output, const TensorRefs& inputs,
                      const TensorRefs& saved, F f, const Location& at) {
  static_assert(std::is_trivially_copyable_v<F> && SingleBackward<F>);
  const OpInfo op{name, &call_backward<F>, std::is_empty_v<F> ? 0u : static_cast<std::uint32_t>(sizeof(F)), Once};
  if (anomaly_enabled()) check_anomaly(name, {&output, 1}, inputs, at);
  if (needs_tape(inputs)) record_node_reading(data, op, {&output, 1}, inputs, saved, &f, at);
  return output;
}

// A backward function f(number, saved, gradient).
template <class F>
struct NumberFirst {
  double number;
  [[no_unique_address]] F f;
  Grads operator()(const Saved& s, const Tensor& g) const { return f(number, s, g); }
};
// record() for an operation with a number; pictures show it.
template <class F>
Tensor record_number(const char* name, double number, Tensor output, const TensorRefs& inputs, const TensorRefs& saved,
                     F f, const Location& at) {
  Tensor y = record(name, std::move(output), inputs, saved, NumberFirst<F>{number, f}, at);
  if (Node* n = y.impl()->grad_fn) n->has_number = true;
  return y;
}

// Gradient g reduced to `shape` by summing broadcast dimensions.
Tensor sum_to(const Tensor& g, const Shape& shape);
bool is_expandable_to(const Shape& from, const Shape& to);

// The name an output was given, for pictures.
void name_output(Node& n, std::uint32_t output, const std::string& name);

}  // namespace xgrad::detail
