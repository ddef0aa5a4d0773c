// What all pictures drawn without Graphviz share: text measures and the way to a file.
#pragma once

#include <string>
#include <xgrad/error.hpp>

namespace xgrad::viz {

constexpr const char* kFontFamily = "Helvetica,Arial,sans-serif";

// About how wide a text in Helvetica is, for leaving room.
double text_width(const std::string& text, double font_size);

// ValueError unless the suffix is .svg, .png or .pdf.
void require_picture_suffix(const char* op, const std::string& path, const Location& at);
// Writes the picture in the format of the suffix; see Plot::save.
std::string save_svg(const char* op, const std::string& svg, const std::string& path, const Location& at);

}  // namespace xgrad::viz
