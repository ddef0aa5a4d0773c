#include "plot_legend.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "plot_strokes.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

constexpr double kRow = 18, kNarrowLabel = 44;

double entry_width(const std::string& label) { return kSwatch + 6 + text_width(label, kPlotFont) + 16; }

std::size_t rows_needed(const std::vector<LegendEntry>& all, const Box& room, double width,
                        std::size_t shown = SIZE_MAX) {
  std::size_t n = 1;
  double x = room.left;
  for (std::size_t i = 0; i < std::min(all.size(), shown); ++i) {
    const double entry = entry_width(shortened_inside(all[i].label, kPlotFont, width));
    if (x > room.left && x + entry > room.right) x = room.left, ++n;
    x += entry;
  }
  return n;
}

}  // namespace

LegendRows legend_rows(std::vector<LegendEntry> all, const Box& room) {
  const double widest = room.right - room.left - kSwatch - 22;
  if (all.empty() || widest < kNarrowLabel) return {"", room.top};
  const auto most = static_cast<std::size_t>(std::max(1.0, (0.45 * room.bottom - room.top + 34) / kRow));
  double width = widest;
  for (int parts = 2; rows_needed(all, room, width) > most && width > kNarrowLabel; ++parts)
    width = std::max(widest / parts - kSwatch - 22, kNarrowLabel);
  const std::size_t everything = all.size();
  std::size_t shown = everything;
  while (rows_needed(all, room, width, shown) > most && shown > 1) --shown;
  if (shown < everything) {
    all.resize(shown);
    all.back() = {fmt::format("… {} more", everything - shown + 1), ""};
  }
  std::string svg;
  double x = room.left, y = room.top + 4;
  for (const LegendEntry& e : all) {
    const bool rest = &e == &all.back() && shown < everything;
    const std::string label = rest ? e.label : shortened_inside(e.label, kPlotFont, width);
    const double entry = entry_width(label);
    if (x > room.left && x + entry > room.right) x = room.left, y += kRow;
    svg += fmt::format("<g transform=\"translate({},{})\">{}</g>\n", number(x), number(y), e.swatch);
    svg += text(x + kSwatch + 6, y + 4, label, "start", kPlotFont, kPlotMuted);
    x += entry;
  }
  return {svg, y - 4 + kRow};
}

}  // namespace xgrad::viz
