#include "legend.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrad::viz {

void Legend::swatch(const char* fill, const char* border, const char* text, const char* style, double line) {
  add(fmt::format(R"(<td fixedsize="true" width="20" height="11" bgcolor="{}" border="{}" color="{}" style="{}"></td>)",
                  fill, line, border, style),
      text);
}

void Legend::arrow(const char* glyph, const char* colour, const char* text) {
  add(fmt::format(R"(<td><font color="{}"><b>{}</b></font></td>)", colour, glyph), text);
}

void Legend::note(const std::string& text) {
  end_line();
  add("", text);
  end_line();
}

void Legend::add(std::string sign, const std::string& text) {
  const std::size_t length = text.size() + 5;  // with the sign
  if (lines_.empty() || used_ + length > width_) lines_.emplace_back(), used_ = 0;
  lines_.back().push_back({std::move(sign), text});
  used_ += length;
}

// Two columns for each entry, sign and words; the last words of a line have what is left.
std::string Legend::table() const {
  if (lines_.empty()) return "";
  std::size_t entries = 0;
  for (const auto& line : lines_) entries = std::max(entries, line.size());
  std::string rows;
  for (const auto& line : lines_) {
    rows += "<tr>";
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::size_t columns = (i + 1 == line.size() ? 2 * (entries - i) : 2) - (line[i].sign.empty() ? 0 : 1);
      rows += line[i].sign + fmt::format(R"(<td align="left" colspan="{}">)", columns) +
              fmt::format(R"(<font point-size="9" color="#374151">{}&#160;&#160;</font></td>)", line[i].text);
    }
    rows += "</tr>";
  }
  return R"(<table border="0" cellborder="0" cellspacing="4" cellpadding="1">)" + rows + "</table>";
}

}  // namespace xgrad::viz
