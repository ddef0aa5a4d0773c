// Text in pictures drawn without Graphviz: how wide it is, and how it is made to fit.
#pragma once

#include <string>
#include <vector>

namespace xgrad::viz {

constexpr const char* kFontFamily = "Helvetica,Arial,sans-serif";

// A number for an SVG file: "12.3", "12".
std::string number(double v);

// About how wide a text in Helvetica is, for leaving room.
double text_width(const std::string& text, double font_size);

// The text, or as much of its beginning as fits before a "…".
std::string shortened(const std::string& text, double font_size, double width);

// The same with the "…" in the middle: names often differ at their ends.
std::string shortened_inside(const std::string& text, double font_size, double width);

// Lines no wider than `width`, broken between words where that is possible and at each '\n'; at most `most` lines, the
// last one with a "…" when there would be more. Never empty.
std::vector<std::string> wrapped(const std::string& text, double font_size, double width, std::size_t most);

}  // namespace xgrad::viz
