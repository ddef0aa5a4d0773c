// Layers that are one operation, replaced in a graph by the operations they are made of: computed again from what the
// layer read, and spliced into its place.
#pragma once

#include <utility>
#include <vector>

#include <xgrad/tape.hpp>

namespace xgrad::viz {

// Where the operations of a graph can be run again: in the graph of one of these roots, at that number.
struct Origins {
  std::vector<Tensor> others;  // beside the root of the graph itself, which is number 0
  struct At {
    std::size_t root, number;
  };
  std::vector<At> of;  // by operation; empty: each is number i of the graph itself
  At at(std::size_t i) const { return of.empty() ? At{0, i} : of[i]; }
  std::size_t collected = 0;  // operations of the graph itself
};

struct UnfoldLimits {
  std::int64_t most_steps;      // of one layer
  std::size_t most_operations;  // that are added to the graph
};

inline constexpr UnfoldLimits kUnfoldAll{20'000, 20'000};

// Layers whose inputs are known (saved or recorded), those nearest the result first. One whose operations give other
// numbers than it gave itself stays as it is.
Origins unfold(tape::Graph& graph, const UnfoldLimits& limits);

}  // namespace xgrad::viz
