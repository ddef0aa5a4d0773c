// What the page of the explorer knows: JSON of the schema xgrad.explorer/1.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <xgrad/tape.hpp>

#include "explorer/chain.hpp"
#include "explorer/check.hpp"
#include "explorer/layout.hpp"
#include "picture.hpp"

namespace xgrad::viz {

struct PageData {
  std::string title, subtitle;
  const Picture& picture;
  const tape::Graph& graph;
  const Chain& chain;
  const Layouts& layouts;
  std::map<int, std::vector<double>> strips;  // by box that hides equal blocks, see box_repeats()
  std::map<int, GradientCheck> checks;        // by node
  std::vector<std::string> notes;             // what the reader should know of the page
  std::string unchecked;                      // why there are no checks though they were asked for
};

// How much of the numbers is written. A tensor of more than `most_numbers` becomes means of blocks and statistics.
struct Detail {
  std::size_t most_numbers, most_local;  // of all local derivatives together
};
std::string page_json(const PageData& page, const Detail& detail);

}  // namespace xgrad::viz
