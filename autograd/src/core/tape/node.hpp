// Node: one recorded operation on the tape. record.cpp makes nodes, engine.cpp runs them.
//
// A node and everything of fixed size it needs (edges, output descriptions, saved tensors, the backward function's
// captured numbers) are one block from the pool: about 140 bytes for an operation on scalars.
#pragma once

#include <any>
#include <memory>
#include <span>
#include <vector>

#include <xgrad/graph_node.hpp>
#include <xgrad/module_scope.hpp>
#include <xgrad/record.hpp>

#include "core/tape/packed.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// What an operation read: an output of another node or a leaf, where a gradient goes, or a tensor that takes none.
// Holds a reference; to a tensor that takes none a weak one, which keeps its name and shape, not its values.
struct Edge {
  // tangent: data whose gradient the backward function is asked for, to find a tangent; it goes nowhere.
  enum class To : std::uint8_t { nothing, data, tangent, node, leaf };
  RefCounted* target = nullptr;
  std::uint32_t number = 0;  // which output of the node; of a leaf or data, the version of its storage when it was read
  To to = To::nothing;
  bool wanted = false;  // by the pass that marked the node
  bool wants_grad() const { return to >= To::node; }
  Node* node() const;
  TensorImpl* leaf() const { return to == To::leaf ? static_cast<TensorImpl*>(target) : nullptr; }
  TensorImpl* data() const { return to == To::data || to == To::tangent ? static_cast<TensorImpl*>(target) : nullptr; }
};

struct OutputInfo {
  Tensor pending;  // gradient collected so far in the running backward pass
  const std::int64_t* sizes;
  DType dtype;
  std::uint8_t rank;
  std::uint32_t version;  // of the storage when the value was written
  Shape shape() const { return Shape(std::span<const std::int64_t>(sizes, rank)); }
};

struct Recorded;  // recorder.hpp

struct SavedTensor {
  TensorImpl* impl = nullptr;
  std::uint32_t version = 0;
  std::int32_t own_output = -1;  // index of the output of this very node, or -1
};

// Rare parts of a node.
struct NodeExtra {
  struct OutputHook {
    std::uint32_t output_nr;
    std::function<Tensor(const Tensor&)> fn;
  };
  HookList<OutputHook> hooks;
  HookList<GraphNode::PreHook> pre_hooks;
  HookList<GraphNode::Hook> post_hooks;
  std::vector<std::pair<std::uint32_t, TensorImpl*>> retain;  // tensors that want their gradient; not owned
  std::vector<std::pair<std::uint32_t, std::string>> names;   // of outputs
  // Of edges to views that take no gradient and have no name: what the tensor is called that they are views of.
  std::vector<std::pair<std::uint32_t, std::string>> base_names;
  std::shared_ptr<Recorded> recorded;    // while a TapeRecorder was alive
  std::vector<std::uint64_t> checksums;  // of the saved tensors in shared memory, under DetectAnomaly; else 0
  std::vector<Packed> packed;            // the saved tensors, when there were hooks; their SavedTensor is empty
  bool memory_tracked = false;           // a MemoryTracker counts what is saved here
  std::vector<std::pair<std::string, std::any>> metadata;  // of the program
  bool looks_at_gradients() const {
    return !hooks.empty() || !retain.empty() || recorded || !pre_hooks.empty() || !post_hooks.empty();
  }
};

struct Node : RefCounted {
  std::uint16_t n_saved = 0;
  std::uint8_t n_data = 0;      // tensors read that are no inputs of the backward function: targets, indices, masks
  std::uint8_t queued : 6 = 0;  // nesting depth of the backward pass whose heap it is in
  bool freed : 1 = false;
  bool needed : 1 = false;  // by the pass that marked it: something that the pass wants can be reached from here
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
  std::uint32_t pass = 0;    // the last backward pass that brought a gradient here
  std::uint32_t marked = 0;  // the last one that looked for what it needs, and was here

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
  static const Node* of(const Saved& s) { return s.node_; }
  // AutogradError when the i-th saved tensor has other values than its checksum says.
  void check_unchanged(std::size_t i) const;
  Tensor unpack(std::size_t i);
  Tensor unpack_by_hook(std::size_t i);
  Tensor own_result(const Tensor& t, std::uint32_t output);
  [[noreturn]] void already_freed() const;
  void free_saved();
};

inline Node* Edge::node() const { return to == To::node ? static_cast<Node*>(target) : nullptr; }

void release_node(Node* n) noexcept;
inline void retain_node(Node* n) { count_up(n->refs); }

// The name an output was given, for pictures.
void name_output(Node& n, std::uint32_t output, const std::string& name);

}  // namespace xgrad::detail
