// Which node of a picture stands for what on the tape.
#pragma once

#include <map>
#include <utility>

#include <xgrad/tape.hpp>

#include "picture.hpp"

namespace xgrad::viz {

class Places {
 public:
  Places(const Picture& p, const tape::Graph& graph) : p_(p), graph_(graph) {
    for (std::size_t i = 0; i < p.nodes.size(); ++i) {
      const PicNode& n = p.nodes[i];
      if (n.op >= 0 && n.kind != Kind::ghost) results_.emplace(std::pair(n.op, n.output), static_cast<int>(i));
    }
    for (const PicEdge& e : p.edges) {
      const PicNode& to = p.nodes[static_cast<std::size_t>(e.to)];
      if (to.op >= 0 && e.to == node_of(static_cast<std::size_t>(to.op))) inputs_[{e.to, e.position}] = e.from;
    }
  }

  // -1 for what is not in the picture.
  int result(std::int64_t op, std::uint32_t output) const {
    const auto found = results_.find({op, output});
    return found == results_.end() ? -1 : found->second;
  }
  // The node that stands for the operation: its first result.
  int node_of(std::size_t op) const {
    for (std::uint32_t k = 0; k < graph_.nodes[op].shapes.size(); ++k)
      if (const int n = result(static_cast<std::int64_t>(op), k); n >= 0) return n;
    return -1;
  }
  // What an operation reads at a position among its inputs and data: a node or a ghost of one.
  int input(int node, std::size_t position) const {
    const auto found = inputs_.find({node, static_cast<int>(position)});
    return found == inputs_.end() ? -1 : found->second;
  }
  // A ghost's original, or the node itself.
  int whole(int i) const {
    if (i < 0) return i;
    const PicNode& n = p_.nodes[static_cast<std::size_t>(i)];
    return n.kind == Kind::ghost ? n.original : i;
  }

 private:
  const Picture& p_;
  const tape::Graph& graph_;
  std::map<std::pair<std::int64_t, std::uint32_t>, int> results_;
  std::map<std::pair<int, int>, int> inputs_;
};

}  // namespace xgrad::viz
