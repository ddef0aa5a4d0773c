// One recorded graph drawn with chosen modules collapsed, for who shows several states of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "picture.hpp"

namespace xgrad::viz {

struct Drawn {
  std::string dot;
  std::vector<std::string> shown_as;  // of each operation of the graph: the id of the node that stands for it, or ""
  int nodes = 0;
  bool across = true;
};
// Exactly these calls (Calls::Call::id) are one node each; nothing else is collapsed, folded or left out.
Drawn draw_collapsed(const Recorded& recorded, const Options& options, const std::set<std::string>& closed,
                     Layout layout = Layout::arranged);
// As the options and the size of the page ask for.
Drawn draw_fitting(const Recorded& recorded, const Options& options, Layout layout = Layout::arranged);

// Ids in the picture, the same in every state.
std::string operation_id(std::size_t operation, std::uint32_t output = 0);  // "n3", "n3o1"
std::string source_id(const tape::Source& source);                          // "s2"

}  // namespace xgrad::viz
