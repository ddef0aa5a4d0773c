// The page that steps through a graph.
#pragma once

#include <string>
#include <vector>

#include "picture.hpp"

namespace xgrad::viz {

struct Explorer {
  std::string page;                   // HTML
  std::vector<std::string> warnings;  // for the program: what the page is without
};
// Every operation by itself, or the max_nodes nearest the root: what is to be seen of them is the page's choice.
Picture whole_picture(const Recorded& recorded, const Options& options);
// title: of the page, the file's name. root: a tensor that require_graph accepts.
Explorer explorer_of(const Tensor& root, const Options& options, const std::string& title);

}  // namespace xgrad::viz
