// Which spans of a profile belong to a node of a graph.
#include <unordered_map>

#include <xgrad/detail/node_times.hpp>
#include <xgrad/graph_node.hpp>
#include <xgrad/profiler.hpp>
#include <xgrad/tape.hpp>

#include "core/profile/log.hpp"

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

namespace xgrad::detail {

std::vector<profiler::NodeTime> node_times(const tape::Graph& graph) {
  if (!profiler::Profile::current()) return {};
  std::vector<profiler::NodeTime> times(graph.nodes.size());
  std::unordered_map<std::uint64_t, std::size_t> index;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) index.emplace(graph.nodes[i].sequence, i);
  read_spans([&](std::uint32_t, const std::vector<SpanRecord>& records) {
    for (const SpanRecord& r : records)
      if (const auto at = index.find(r.sequence); at != index.end()) {
        const tape::OpNode& op = graph.nodes[at->second];
        add_time(times[at->second], r, op.sequence, op.op, op.at.line());
      }
  });
  return times;
}

}  // namespace xgrad::detail
