#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace xgrad::data {

// Text of a file for an error message: control characters spelled out, its beginning only when it is long.
inline std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 100;
  std::size_t keep = text.size();
  if (keep > kMost)
    for (keep = kMost; keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80;)
      --keep;  // whole characters
  std::string out;
  for (const char c : text.substr(0, keep)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return keep < text.size() ? out + "..." : out;
}

}  // namespace xgrad::data
