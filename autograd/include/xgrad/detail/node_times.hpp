// Times of all operations of a graph at once, for pictures.
#pragma once

#include <vector>

#include <xgrad/profiler.hpp>
#include <xgrad/tape.hpp>

namespace xgrad::detail {

// What Profile::node_time() of the one that is alive gives for each node, zeros for one that it has not seen; empty
// when there is none.
XGRAD_API std::vector<profiler::NodeTime> node_times(const tape::Graph& graph);

}  // namespace xgrad::detail
