// Bars, error bars, heat maps and annotations as SVG text. Lines, points, bands and contours are in plot_drawing.cpp.
#pragma once

#include <string>
#include <vector>

#include <xgrad/viz/plot.hpp>

#include "axis.hpp"
#include "heatmap.hpp"
#include "polyline.hpp"

namespace xgrad::viz {

// Where numbers are in the picture.
struct Frame {
  const Axis &x, &y;
  Box area;
};

std::string bars_svg(const Frame& frame, const detail::Bars& bars);
std::string error_bars_svg(const Frame& frame, const detail::ErrorBars& bars);
std::string heat_map_svg(const Frame& frame, const detail::HeatMap& map);
std::string annotation_svg(const Frame& frame, const detail::Annotation& a);

// The colour of t in [0, 1].
Rgb map_colour(Colormap map, double t);
// The room to the right of the plot that a colour bar takes, and the bar.
double colorbar_room(const detail::HeatMap& map);
std::string colorbar_svg(const detail::HeatMap& map, const Box& area);

// Short ticks at the frame between powers of ten; none where there are too many.
std::string minor_ticks_svg(const Frame& frame, bool along_x, bool along_y);

// The last point of a line that has its label there.
struct LineEnd {
  double y;
  const LineStyle* style;
};
// Labels from room.left on, at most room.right wide, a row apart from each other at least.
std::string end_labels_svg(std::vector<LineEnd> ends, const Box& room);

}  // namespace xgrad::viz
