// Part of a graph, for pictures: a graph of millions of operations would take gigabytes as a whole.
#pragma once

#include <cstddef>
#include <vector>

#include <xgrad/tape.hpp>

namespace xgrad::tape {

// In the place of Input::node: an operation that is not among those collected.
inline constexpr std::int64_t kLeftOut = -2;

struct LastOperations {
  Graph graph;
  bool complete = true;
};
// As collect(), but only the `most` operations that were recorded last.
XGRAD_API LastOperations collect_last(const Tensor& root, std::size_t most);

}  // namespace xgrad::tape
