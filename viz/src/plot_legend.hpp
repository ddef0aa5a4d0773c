// The legend of a plot: its series by their names.
#pragma once

#include <string>
#include <vector>

#include "polyline.hpp"

namespace xgrad::viz {

inline constexpr double kSwatch = 24;  // its width

struct LegendEntry {
  std::string label, swatch;  // the swatch drawn at 0, 0
};
struct LegendRows {
  std::string svg;
  double bottom;  // what follows begins there
};
// Entries in rows from the top of the room, which take less than half of the picture (room.bottom high): the labels are
// cut as far as that needs, and the last entry says how many found no room.
LegendRows legend_rows(std::vector<LegendEntry> all, const Box& room);

}  // namespace xgrad::viz
