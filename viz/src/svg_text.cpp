#include "svg_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

// Thousandths of the font size, for the characters from ' ' to '~', of Helvetica.
constexpr std::array<int, 95> kWidths{278,  278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
                                      556,  556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
                                      1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
                                      667,  778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
                                      333,  556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
                                      556,  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};
constexpr const char* kEllipsis = "…";

struct Character {
  std::size_t begin, end;  // bytes; marks that combine belong to the character before them
  char32_t code;           // of the first
};

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool combines(char32_t c) {
  return (c >= 0x300 && c < 0x370) || (c >= 0x20D0 && c < 0x2100) || (c >= 0xFE00 && c < 0xFE10) || c == 0x200D;
}
bool is_emoji(char32_t c) { return c >= 0x1F000 && c < 0x1FB00; }
bool is_wide(char32_t c) {  // Chinese, Japanese, Korean
  return (c >= 0x1100 && c < 0x1160) || (c >= 0x2E80 && c < 0xA4D0) || (c >= 0xAC00 && c < 0xD7A4) ||
         (c >= 0xF900 && c < 0xFB00) || (c >= 0xFE30 && c < 0xFE70) || (c >= 0xFF00 && c < 0xFF61) ||
         (c >= 0x20000 && c < 0x40000);
}

std::vector<Character> characters(const std::string& s) {
  std::vector<Character> all;
  for (std::size_t i = 0; i < s.size();) {
    std::size_t end = i + 1;
    const auto first = static_cast<unsigned char>(s[i]);
    char32_t code = first < 0xC0 ? first : first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : first & 0x07;
    for (; end < s.size() && end < i + 4 && first >= 0xC0 && continues(s[end]); ++end)
      code = code << 6 | (static_cast<unsigned char>(s[end]) & 0x3F);
    if (combines(code) && !all.empty())
      all.back().end = end;
    else
      all.push_back({i, end, code});
    i = end;
  }
  return all;
}

double width_of(char32_t c) {
  if (c < ' ') return 0.278;  // drawn as a blank
  if (c <= '~') return kWidths[c - ' '] / 1000.0;
  return c == U'…' ? 1 : is_emoji(c) ? 1.25 : is_wide(c) ? 1 : 0.58;
}

// A line may end behind it.
bool breaks_after(char32_t c) {
  return std::u32string_view(U" /-_,;:|").find(c) != std::u32string_view::npos || is_wide(c) || is_emoji(c);
}

std::string trimmed(const std::string& s) {
  const auto first = s.find_first_not_of(" \n"), last = s.find_last_not_of(" \n");
  return first == std::string::npos ? "" : s.substr(first, last - first + 1);
}

}  // namespace

std::string number(double v) {
  std::string s = fmt::format("{:.1f}", v);
  if (s.ends_with(".0")) s.resize(s.size() - 2);
  return s == "-0" ? "0" : s;
}

double text_width(const std::string& text, double font_size) {
  double em = 0;
  for (const Character& c : characters(text)) em += width_of(c.code);
  return em * font_size;
}

std::string shortened(const std::string& text, double font_size, double width) {
  if (text_width(text, font_size) <= width) return text;
  double room = width / font_size - width_of(U'…');
  std::size_t end = 0;
  for (const Character& c : characters(text)) {
    room -= width_of(c.code);
    if (room < 0) break;
    end = c.end;
  }
  return trimmed(text.substr(0, end)) + kEllipsis;
}

std::string shortened_inside(const std::string& text, double font_size, double width) {
  if (text_width(text, font_size) <= width) return text;
  const std::vector<Character> all = characters(text);
  std::size_t from = 0, to = all.size();  // what is left out
  double room = width / font_size - width_of(U'…');
  while (from < to) {
    const bool front = from <= all.size() - to;
    room -= width_of(all[front ? from : to - 1].code);
    if (room < 0) break;
    front ? ++from : --to;
  }
  const std::string end = to < all.size() ? text.substr(all[to].begin) : "";
  return (from > 0 ? text.substr(0, all[from - 1].end) : "") + kEllipsis + end;
}

std::vector<std::string> wrapped(const std::string& text, double font_size, double width, std::size_t most) {
  const std::vector<Character> all = characters(text);
  const auto piece = [&](std::size_t from, std::size_t to) {
    return from < to ? trimmed(text.substr(all[from].begin, all[to - 1].end - all[from].begin)) : std::string();
  };
  std::vector<std::string> lines;
  std::size_t from = 0, last_break = 0;
  double used = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const char32_t c = all[i].code;
    used += width_of(c) * font_size;
    const bool over = used > width && c != ' ' && i > from;
    if (!over && c != '\n') {
      if (breaks_after(c)) last_break = i + 1;
      continue;
    }
    const std::size_t to = c == '\n' ? i : last_break > from ? last_break : i;
    if (lines.size() + 1 == most) {  // the rest does not fit: as much of it as one line has room for
      const std::string rest = trimmed(text.substr(all[from].begin));
      const std::string whole = rest.substr(0, rest.find('\n'));
      lines.push_back(text_width(whole, font_size) > width ? shortened(whole, font_size, width)
                                                           : shortened(whole + " " + kEllipsis, font_size, width));
      return lines;
    }
    lines.push_back(piece(from, to));
    from = c == '\n' ? i + 1 : to;
    last_break = from;
    used = 0;
    i = from - 1;
  }
  if (from < all.size() || lines.empty()) lines.push_back(piece(from, all.size()));
  return lines;
}

}  // namespace xgrad::viz
