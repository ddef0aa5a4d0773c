// Several pictures of one size as a picture that changes.
#pragma once

#include <string>
#include <vector>

namespace xgrad::viz {

// The frames, pictures of plots as this library draws them, as one SVG: elements that are equal in all of them once,
// the others with the share of the time in which they are seen, by CSS. The last frame is seen where there is no CSS.
// hold is the share of the last frame. Empty when the outermost tags differ: frames of different sizes.
std::string film(const std::vector<std::string>& frames, double seconds, double hold, bool repeat);

}  // namespace xgrad::viz
