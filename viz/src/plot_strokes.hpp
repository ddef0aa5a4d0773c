// Texts and strokes of a plot.
#pragma once

#include <string>
#include <vector>

#include <xgrad/viz/plot.hpp>

#include "polyline.hpp"

namespace xgrad::viz {

inline constexpr double kPlotFont = 11;
inline constexpr const char* kPlotInk = "#1A1A1A";

std::string text(double x, double y, const std::string& s, const char* anchor = "start", double size = kPlotFont,
                 const char* color = kPlotInk, const std::string& more = {});
// Lines of text, one below the other from y on.
std::string texts(double x, double y, double row, const std::vector<std::string>& lines, const char* anchor,
                  double size = kPlotFont, const std::string& more = {});

// cycle: how often the palette had been used up before; then patterns tell lines of the same colour apart.
std::string stroke(const std::string& d, const LineStyle& s, int cycle);
// Programs need very long for a long line that crosses itself, and little for its pieces. They look the same: round
// ends meet as round joins, and the opacity is that of the whole.
std::string stroke_in_pieces(const std::vector<Polyline>& paths, const LineStyle& s);

}  // namespace xgrad::viz
