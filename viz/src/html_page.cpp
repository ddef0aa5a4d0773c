#include <xgrad/detail/html_page.hpp>
#include <xgrad/detail/utf8.hpp>

namespace xgrad::detail {
namespace {

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
    const std::size_t length = utf8_length(text, i);
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
