// What stands in a node: title, type and shape, values and gradients, strips of norms, notes; and its colours.
#pragma once

#include <string>

#include "picture.hpp"

namespace xgrad::viz {

inline constexpr const char* kAlarm = "#B3001B";  // NaN or infinity
inline constexpr int kMaxNodesWithCells = 40;

struct NodeStyle {
  const char *fill, *border;
  double width;
  const char* extra;
};
NodeStyle style_of(const PicNode& n);
const char* class_of(Kind k);
std::string svg_id(const PicNode& n);  // "n3"; of a collapsed module "module-Net.fc1"

std::string shape_text(const Shape& s);
std::string label_text(const std::string& s, std::size_t longest = 48);  // for HTML-like labels, shortened
std::string tooltip_text(const std::string& s);

class NodeLabels {
 public:
  explicit NodeLabels(const Picture& p) : p_(p), few_(p.nodes.size() <= kMaxNodesWithCells) {}
  std::string label(const PicNode& n) const;
  bool as_cells(const Tensor& t) const;
  const char* alarm(const PicNode& n) const;  // "NaN" or "Inf", null for none
  // About how large the node becomes, in points.
  double width(const PicNode& n) const;
  double height(const PicNode& n) const;

 private:
  std::string title(const PicNode& n) const;
  std::string values(const PicNode& n) const;
  std::string strip(const PicNode& n) const;
  std::string facts(const PicNode& n) const;

  const Picture& p_;
  bool few_;
};

// "f32 [4×3]".
std::string type_text(const PicNode& n);
// What one cell of a strip stands for: cells of at most as many as fit.
int steps_per_cell(std::size_t steps);

}  // namespace xgrad::viz
