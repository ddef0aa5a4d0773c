// Texts and strokes of a plot.
#pragma once

#include <string>
#include <vector>

#include <xgrad/viz/plot.hpp>

#include "polyline.hpp"

namespace xgrad::viz {

inline constexpr double kPlotFont = 11, kTitleSize = 13, kBold = 1.08, kTitleRow = 17;
inline constexpr const char *kPlotInk = "#1A1A1A", *kPlotMuted = "#374151", *kPlotFrame = "#9AA3AD";
// Around text on lines.
inline constexpr const char* kPlotHalo = " stroke=\"#FFFFFF\" stroke-width=\"3\" paint-order=\"stroke\"";

// Far outside the picture is far enough: huge numbers upset viewers.
double tame(double pixel);

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
