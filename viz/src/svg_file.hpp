// The way of pictures drawn without Graphviz to a file.
#pragma once

#include <string>
#include <xgrad/error.hpp>

namespace xgrad::viz {

// ValueError unless the suffix is .svg, .png or .pdf.
void require_picture_suffix(const char* op, const std::string& path, const Location& at);
// Writes the picture in the format of the suffix; see Plot::save. longest: its longer side in pixels.
std::string save_svg(const char* op, const std::string& svg, double longest, const std::string& path,
                     const Location& at);

}  // namespace xgrad::viz
