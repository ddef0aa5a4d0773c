// The recorded graph, node by node: what t.grad_fn() gives, for programs that walk over it or hook into it.
// (<xgrad/tape.hpp> describes a whole graph at once, for pictures: collect() gives copies, and knows what it read.)
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/hook_handle.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

class Attributes;

namespace detail {
struct Node;
}

// A recorded operation, or a leaf that takes a gradient ("AccumulateGrad"). Holds it: the graph below stays while the
// GraphNode lives. A default one is none, and false; asking it for anything but that is an AutogradError.
class XGRAD_API GraphNode {
 public:
  GraphNode() noexcept = default;
  GraphNode(const GraphNode& o);
  GraphNode(GraphNode&& o) noexcept : node_(std::exchange(o.node_, nullptr)), leaf_(std::move(o.leaf_)) {}
  GraphNode& operator=(GraphNode o) noexcept;
  ~GraphNode();
  explicit operator bool() const noexcept { return node_ || leaf_.defined(); }
  bool operator==(const GraphNode& o) const noexcept { return node_ == o.node_ && leaf_.is_same(o.leaf_); }

  // "mul", as grad_fn_name() has it; "AccumulateGrad" of a leaf.
  std::string name(Location at = Location::current()) const;
  // One for each input: the node it came from and which of its outputs it was; none, 0 when it takes no gradient.
  std::vector<std::pair<GraphNode, std::uint32_t>> next_functions(Location at = Location::current()) const;
  Tensor variable(Location at = Location::current()) const;  // of AccumulateGrad: the leaf; else undefined
  // What was saved for the backward pass, by index. AutogradError: freed by a pass, or overwritten since; IndexError.
  std::size_t saved_count(Location at = Location::current()) const;
  Tensor saved_tensor(std::size_t i, Location at = Location::current()) const;
  std::optional<double> number(Location at = Location::current()) const;  // 1.5 of 1.5 * x
  // What the operation was told beside its tensors: dim, keepdim, eps, ... (<xgrad/attributes.hpp>); none of a leaf.
  Attributes attributes(Location at = Location::current()) const;
  std::vector<Shape> input_shapes(Location at = Location::current()) const;  // a 0-d shape where there was no input
  std::vector<Shape> output_shapes(Location at = Location::current()) const;
  // Where it was called, in which module ("net.fc1", or ""), and its number: higher than those of the nodes it needs.
  Location location(Location at = Location::current()) const;
  std::string module_path(Location at = Location::current()) const;
  std::uint64_t sequence_nr(Location at = Location::current()) const;

  // Run in each backward pass through the node, as in PyTorch: hooks of tensors first, then pre-hooks, the node, hooks.
  // A pre-hook gets the gradients of the outputs, a hook those of the inputs as well (undefined where there is none).
  // What they return replaces the gradients of the outputs, or of the inputs; an empty list, or nothing at all, keeps
  // them. AutogradError:
  // another number or other shapes; AccumulateGrad, whose tensor has hooks of its own.
  using PreHook = std::function<std::vector<Tensor>(const std::vector<Tensor>& grad_outputs)>;
  using Hook = std::function<std::vector<Tensor>(const std::vector<Tensor>& grad_inputs,
                                                 const std::vector<Tensor>& grad_outputs)>;
  HookHandle register_prehook(PreHook fn, Location at = Location::current());
  HookHandle register_hook(Hook fn, Location at = Location::current());
  template <detail::ReturnsNothing<const std::vector<Tensor>&> F>
  HookHandle register_prehook(F fn, Location at = Location::current()) {
    return register_prehook(detail::without_result<PreHook>(std::move(fn)), at);
  }
  template <detail::ReturnsNothing<const std::vector<Tensor>&, const std::vector<Tensor>&> F>
  HookHandle register_hook(F fn, Location at = Location::current()) {
    return register_hook(detail::without_result<Hook>(std::move(fn)), at);
  }

  // What the program keeps with the node under a name; empty when there is none.
  void set_metadata(const std::string& key, std::any value, Location at = Location::current());
  std::any metadata(const std::string& key, Location at = Location::current()) const;

 private:
  friend class Tensor;
  explicit GraphNode(detail::Node* shared);
  explicit GraphNode(Tensor leaf) : leaf_(std::move(leaf)) {}
  detail::Node& recorded(const char* op, const Location& at) const;

  detail::Node* node_ = nullptr;
  Tensor leaf_;
};
// "<mul at train.cpp:42>", "<AccumulateGrad of fc.weight>", "<no node>".
XGRAD_API std::ostream& operator<<(std::ostream& os, const GraphNode& n);

}  // namespace xgrad
