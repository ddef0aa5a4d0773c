// Which spans of a profile belong to a node of a graph.
#include <xgrad/graph_node.hpp>
#include <xgrad/profiler.hpp>
#include <xgrad/tape.hpp>

namespace xgrad::profiler {

std::optional<NodeTime> Profile::node_time(const tape::OpNode& node) const {
  return node_time(node.sequence, node.op, node.at.line());
}

std::optional<NodeTime> Profile::node_time(const GraphNode& node, Location at) const {
  const std::string name = node.name(at);
  if (node.variable(at).defined()) return std::nullopt;  // a leaf
  return node_time(node.sequence_nr(at), name, node.location(at).line());
}

}  // namespace xgrad::profiler
