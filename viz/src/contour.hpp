// The outline of a sublevel set on a grid.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace xgrad::viz {

using Loop = std::vector<std::pair<double, double>>;  // closed

// z row by row over rising x and y.
struct Field {
  std::vector<double> x, y, z;
};

// Leaves out the columns and rows whose place cannot be shown, on a log scale.
void keep_where(Field& field, const std::function<bool(double)>& x, const std::function<bool(double)>& y);

// At most so many columns and rows: the means of blocks, NaN and infinite values left out where others are with them.
void coarsen(Field& field, double columns, double rows);

// Closed outlines of the area where z < level, z linear along the grid's edges. Where the area reaches the rim of the
// grid the outline runs along the rim; not finite values of z are outside. None of a field without two rows and
// columns. Marching squares: Lorensen & Cline 1987, in two dimensions.
std::vector<Loop> sublevel_outline(const Field& field, double level);

}  // namespace xgrad::viz
