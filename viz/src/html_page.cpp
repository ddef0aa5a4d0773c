#include <xgrad/detail/html_page.hpp>

namespace xgrad::detail {
namespace {

// How many bytes the character at text[i] has; 0 when it is no UTF-8.
std::size_t character_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned first = byte(i);
  const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 0 || first > 0xF4 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  if (length < 3) return length;
  const unsigned second = byte(i + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    default:
      out += static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
  }
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text, i);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (length == 1)
      append_ascii(out, text[i]);
    else
      out += text.substr(i, length);
    i += length ? length : 1;
  }
  return out;
}

std::string html_page(std::string_view page, std::string_view title, std::string_view json) {
  constexpr std::string_view kTitle = "@@TITLE@@", kData = "@@DATA@@";
  const std::size_t at_title = page.find(kTitle), at_data = page.find(kData);
  std::string out(page.substr(0, at_title));
  out.reserve(page.size() + title.size() + json.size() + json.size() / 16);
  out += html_text(title);
  out += page.substr(at_title + kTitle.size(), at_data - at_title - kTitle.size());
  for (const char c : json) {  // within JSON, < only stands in strings
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  out += page.substr(at_data + kData.size());
  return out;
}

}  // namespace xgrad::detail
