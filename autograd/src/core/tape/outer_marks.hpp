// What passes of grad() inside of one another need to know of each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/tape/node.hpp"

namespace xgrad::detail {

// What nodes were marked with by the passes around this one, which may still need it: a hook may start a pass over a
// part of the graph that has not run yet.
class OuterMarks {
 public:
  OuterMarks() = default;
  OuterMarks(const OuterMarks&) = delete;
  OuterMarks& operator=(const OuterMarks&) = delete;
  ~OuterMarks() {
    for (const Kept& k : kept_) {
      k.node->marked = k.marked;
      k.node->needed = k.needed;
      for (std::size_t i = 0; i < k.node->n_inputs; ++i) k.node->edges()[i].wanted = wanted_[k.first_edge + i];
      release_node(k.node);
    }
  }
  void keep(Node* n) {
    if (!n->marked) return;
    const std::size_t first = wanted_.size();
    for (const Edge& e : n->edges()) wanted_.push_back(e.wanted);
    kept_.push_back({n, n->marked, static_cast<bool>(n->needed), first});
    retain_node(n);
  }

 private:
  struct Kept {
    Node* node;
    std::uint32_t marked;
    bool needed;
    std::size_t first_edge;
  };
  std::vector<Kept> kept_;
  std::vector<bool> wanted_;  // of their edges, one node behind the other
};

}  // namespace xgrad::detail
