#include "table.hpp"

#include <algorithm>

namespace xgrad::train::detail {
namespace {

int columns_of(char32_t c) {
  const bool combines = (c >= 0x300 && c < 0x370) || (c >= 0x200B && c < 0x2010) || (c >= 0xFE00 && c < 0xFE10);
  const bool wide = (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) || (c >= 0xAC00 && c < 0xD7A4) ||
                    (c >= 0xF900 && c < 0xFB00) || (c >= 0xFE30 && c < 0xFE70) || (c >= 0xFF00 && c < 0xFF61) ||
                    (c >= 0x1F300 && c < 0x1FB00) || (c >= 0x20000 && c < 0x40000);
  return combines ? 0 : wide ? 2 : 1;
}

}  // namespace

std::size_t screen_width(const std::string& s) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.size();) {
    const auto first = static_cast<unsigned char>(s[i++]);
    char32_t code = first < 0xC0 ? first : first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : first & 0x07;
    while (first >= 0xC0 && i < s.size() && (static_cast<unsigned char>(s[i]) & 0xC0) == 0x80)
      code = code << 6 | (static_cast<unsigned char>(s[i++]) & 0x3F);
    n += static_cast<std::size_t>(columns_of(code));
  }
  return n;
}

std::string plain(const std::string& s) {
  std::string out = s;
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return out;
}

std::string padded(const std::string& s, std::size_t width, Align align) {
  const std::size_t used = screen_width(s);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return align == Align::left ? s + blanks : blanks + s;
}

std::string table(const std::vector<std::vector<std::string>>& rows, Align first) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], screen_width(row[c]));
    }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c)
      text += (c ? "  " : "") + padded(plain(row[c]), widths[c], c ? Align::right : first);
    text += '\n';
  }
  return text;
}

}  // namespace xgrad::train::detail
