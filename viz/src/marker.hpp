// Markers of points, one by one as outlines or very many of them as an image.
#pragma once

#include <string>
#include <vector>

#include <xgrad/viz/plot.hpp>

#include "polyline.hpp"

namespace xgrad::viz {

struct MarkerLook {
  Marker shape;
  double size;  // radius in pixels
  std::string color;
  double opacity = 1;
};

std::string marker_svg(const MarkerLook& look, const Pixel& at);

// All markers, later ones over earlier ones, as an image of the box, sharp at twice the size of the picture. Takes as
// much room for a million markers as for a thousand.
std::string markers_image(const MarkerLook& look, const Polyline& places, const Box& box);

}  // namespace xgrad::viz
