#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/graph_node.hpp>

#include "core/tape/attributes.hpp"
#include "core/tape/node.hpp"
#include "core/tape/views.hpp"

namespace xgrad {

using detail::Edge;
using detail::Node;

GraphNode::GraphNode(Node* shared) : node_(shared) {
  if (node_) detail::retain_node(node_);
}
GraphNode::GraphNode(const GraphNode& o) : node_(o.node_), leaf_(o.leaf_) {
  if (node_) detail::retain_node(node_);
}
GraphNode& GraphNode::operator=(GraphNode o) noexcept {
  std::swap(node_, o.node_);
  std::swap(leaf_, o.leaf_);
  return *this;
}
GraphNode::~GraphNode() {
  if (node_) detail::release_node(node_);
}

namespace {

void require_node(const GraphNode& n, const char* op, const Location& at) {
  if (!n) ErrorReport(op, "the graph node is none: its tensor was a leaf, or takes no gradient", at).autograd_error();
}

}  // namespace

Node& GraphNode::recorded(const char* op, const Location& at) const {
  require_node(*this, op, at);
  if (node_) return *node_;
  ErrorReport(op, "AccumulateGrad, a leaf, has no such thing", at)
      .operand("leaf", leaf_)
      .help("variable() is its tensor; register_hook() and register_post_accumulate_grad_hook() are methods of that")
      .autograd_error();
}

std::string GraphNode::name(Location at) const {
  require_node(*this, "name", at);
  return node_ ? node_->op.name : "AccumulateGrad";
}

std::vector<std::pair<GraphNode, std::uint32_t>> GraphNode::next_functions(Location at) const {
  require_node(*this, "next_functions", at);
  std::vector<std::pair<GraphNode, std::uint32_t>> next;
  if (!node_) return next;
  for (const Edge& e : node_->edges()) {
    if (Node* from = e.node())
      next.emplace_back(GraphNode(from), e.number);
    else if (detail::TensorImpl* leaf = e.leaf())
      next.emplace_back(GraphNode(detail::share(leaf)), 0);
    else
      next.emplace_back(GraphNode(), 0);
  }
  return next;
}

Tensor GraphNode::variable(Location at) const {
  require_node(*this, "variable", at);
  return leaf_;
}

std::size_t GraphNode::saved_count(Location at) const {
  require_node(*this, "saved_count", at);
  return node_ ? node_->n_saved : 0;
}

Tensor GraphNode::saved_tensor(std::size_t i, Location at) const {
  Node& n = recorded("saved_tensor", at);
  if (i >= n.n_saved)
    ErrorReport("saved_tensor", fmt::format("index {}, but {} saved {} tensors", i, n.op.name, n.n_saved), at)
        .index_error();
  if (n.freed) n.already_freed();
  const Tensor t = n.unpack(i);
  if (n.extra && i < n.extra->packed.size()) n.extra->packed[i].drop_unpacked();
  return t;
}

std::optional<double> GraphNode::number(Location at) const {
  require_node(*this, "number", at);
  if (!node_ || !node_->op.kind->number_first) return std::nullopt;
  return *static_cast<const double*>(node_->closure());
}

Attributes GraphNode::attributes(Location at) const {
  require_node(*this, "attributes", at);
  return node_ ? detail::attributes_of(*node_) : Attributes();
}

std::vector<Shape> GraphNode::input_shapes(Location at) const {
  Node& n = recorded("input_shapes", at);
  std::vector<Shape> shapes;
  for (const Edge& e : n.edges()) {
    if (Node* from = e.node())
      shapes.push_back(from->outputs()[e.number].shape());
    else
      shapes.push_back(e.target ? static_cast<detail::TensorImpl*>(e.target)->shape : Shape());
  }
  return shapes;
}

std::vector<Shape> GraphNode::output_shapes(Location at) const {
  Node& n = recorded("output_shapes", at);
  std::vector<Shape> shapes;
  for (const detail::OutputInfo& o : n.outputs()) shapes.push_back(o.shape());
  return shapes;
}

Location GraphNode::location(Location at) const { return recorded("location", at).at; }

std::string GraphNode::module_path(Location at) const {
  const Node& n = recorded("module_path", at);
  return n.module ? n.module->path() : "";
}

std::uint64_t GraphNode::sequence_nr(Location at) const { return recorded("sequence_nr", at).seq; }

HookHandle GraphNode::register_prehook(PreHook fn, Location at) {
  Node& n = recorded("register_prehook", at);
  if (!fn) ErrorReport("register_prehook", "the hook is empty", at).value_error();
  return n.get_extra().pre_hooks.add(std::move(fn));
}

HookHandle GraphNode::register_hook(Hook fn, Location at) {
  Node& n = recorded("register_hook", at);
  if (!fn) ErrorReport("register_hook", "the hook is empty", at).value_error();
  return n.get_extra().post_hooks.add(std::move(fn));
}

void GraphNode::set_metadata(const std::string& key, std::any value, Location at) {
  auto& all = recorded("set_metadata", at).get_extra().metadata;
  const auto known = std::ranges::find(all, key, &std::pair<std::string, std::any>::first);
  if (known != all.end())
    known->second = std::move(value);
  else
    all.emplace_back(key, std::move(value));
}

std::any GraphNode::metadata(const std::string& key, Location at) const {
  const Node& n = recorded("metadata", at);
  if (!n.extra) return {};
  const auto known = std::ranges::find(n.extra->metadata, key, &std::pair<std::string, std::any>::first);
  return known == n.extra->metadata.end() ? std::any() : known->second;
}

std::ostream& operator<<(std::ostream& os, const GraphNode& n) {
  if (!n) return os << "<no node>";
  if (const Tensor leaf = n.variable(); leaf.defined())
    return os << "<AccumulateGrad of " << (leaf.name().empty() ? "a leaf without a name" : leaf.name()) << '>';
  return os << '<' << n.name() << " at " << n.location() << '>';
}

GraphNode Tensor::grad_fn(Location at) const {
  detail::checked(*this, "grad_fn", at);
  return GraphNode(detail::current_node(*this));
}

}  // namespace xgrad
