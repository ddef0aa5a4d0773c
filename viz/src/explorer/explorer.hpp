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
// title: of the page, the file's name. root: a tensor that require_graph accepts.
Explorer explorer_of(const Tensor& root, const Options& options, const std::string& title);

}  // namespace xgrad::viz
