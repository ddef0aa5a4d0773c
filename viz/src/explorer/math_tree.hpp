// The MathML of mathml.hpp as a tree, for what is written from it in another notation.
#pragma once

#include <string>
#include <vector>

namespace xgrad::viz {

struct MathTree {
  std::string tag;   // "mi", "mfrac" ...; "n" and "dn": a place for the symbol of a node, and for dL/d of it
  std::string text;  // of mi, mn, mo and mtext, without escapes
  int node = -1;     // of a place
  std::vector<MathTree> children;

  bool is_leaf() const { return tag == "mi" || tag == "mn" || tag == "mo" || tag == "mtext"; }
};

// What stands in it, as the children of a row.
MathTree math_tree(const std::string& math);

}  // namespace xgrad::viz
