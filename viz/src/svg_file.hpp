// The way of pictures drawn without Graphviz to a file.
#pragma once

#include <functional>
#include <string>

#include <xgrad/error.hpp>

namespace xgrad::viz {

// ValueError unless the suffix is .svg, .png or .pdf, or for a NUL character.
void require_picture_path(const char* op, const std::string& path, const Location& at);
// Writes the picture in the format of the suffix; see Plot::save. Throws nothing, not even what draw() throws.
std::string save_svg(const char* op, const std::function<std::string()>& draw, const std::string& path,
                     const Location& at);

}  // namespace xgrad::viz
