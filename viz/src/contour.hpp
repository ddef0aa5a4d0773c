// The outline of a sublevel set on a grid.
#pragma once

#include <utility>
#include <vector>

namespace xgrad::viz {

using Loop = std::vector<std::pair<double, double>>;  // closed

// Closed outlines of the area where z < level; z row by row over rising x and y, linear along the grid's edges. Where
// the area reaches the rim of the grid the outline runs along the rim; not finite values of z are outside.
// Marching squares: Lorensen & Cline 1987, in two dimensions.
std::vector<Loop> sublevel_outline(const std::vector<double>& x, const std::vector<double>& y,
                                   const std::vector<double>& z, double level);

}  // namespace xgrad::viz
