// Lines and areas in pixels: what lies in the picture, and what of a great many points is seen of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrad::viz {

struct Pixel {
  double x, y;
};
struct Box {
  double left, top, right, bottom;
  bool holds(const Pixel& p) const { return p.x >= left && p.x <= right && p.y >= top && p.y <= bottom; }
};
using Polyline = std::vector<Pixel>;

// The parts of a line inside the box, in their order.
std::vector<Polyline> clipped_line(const Polyline& line, const Box& box);
// The part of an area inside the box, whose sides may double parts of its outline.
Polyline clipped_area(const Polyline& outline, const Box& box);

// Of neighbours within the same quarter of a pixel's column the first, the lowest, the highest and the last: the line
// covers the same pixels. (Jugel et al. 2014 show that these four are enough.)
Polyline thinned(const Polyline& line);

// Leaves out the pieces of lines that run over what earlier pieces cover, and those outside the box.
std::vector<Polyline> without_hidden(const std::vector<Polyline>& lines, const Box& box);

// How much of the line, in pixels, is inside the box.
std::int64_t pixels_within(const Polyline& line, const Box& box);

std::string path_data(const Polyline& line);  // "M1,2L3,4"

}  // namespace xgrad::viz
