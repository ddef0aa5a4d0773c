#pragma once

#include <string>

namespace xgrad::viz {

// The picture of a plot at a place inside of a larger one; `name` tells its parts from those of the others.
std::string as_part(std::string svg, const std::string& name, int x, int y);

}  // namespace xgrad::viz
