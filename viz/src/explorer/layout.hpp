// Where everything stands on the page: boxes of known size laid out by Graphviz, for the states in which modules are
// open or collapsed. What is written in the boxes is the page's own business, so names never reach Graphviz.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "picture.hpp"

namespace xgrad::viz {

struct BoxSize {
  double width, height;
};
// The area that a map of the values takes, and the whole node with two of them.
BoxSize map_size(const Shape& s);
BoxSize node_size(const PicNode& n);
BoxSize folder_size(const PicBox& b);

struct Area {
  double x, y, width, height;
};
struct PlacedEdge {
  std::string from, to, path;  // path: of an SVG
};
struct PageLayout {
  std::set<int> collapsed;  // boxes
  double width = 0, height = 0;
  std::map<std::string, Area> nodes, boxes;  // by id: n3, m0
  std::vector<PlacedEdge> edges;
};

struct Layouts {
  std::vector<PageLayout> all;
  bool across = true;   // from left to right
  std::set<int> first;  // the boxes that are collapsed at first
  std::string problem;  // why there are none, or fewer
};
Layouts lay_out(const Picture& p, bool across, std::chrono::seconds timeout);

// The outermost collapsed box that the node is in, -1 if it is shown.
int hidden_in(const Picture& p, int node, const std::set<int>& collapsed);

}  // namespace xgrad::viz
