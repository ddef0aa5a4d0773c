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

// The small ticks between powers of ten; none where there are too many.
std::vector<double> minor_ticks(const Range& range);

}  // namespace xgrad::viz
