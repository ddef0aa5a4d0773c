// Text of the user for formats that must be UTF-8.
#pragma once

#include <string>
#include <string_view>

#include <xgrad/export.hpp>

namespace xgrad::detail {

// Bytes of the character that starts at text[i], 1 to 4; 0 when it is no UTF-8 (The Unicode Standard, table 3-7).
XGRAD_API std::size_t utf8_length(std::string_view text, std::size_t i);
// With U+FFFD in place of each byte that is no UTF-8.
XGRAD_API std::string valid_utf8(std::string_view text);

}  // namespace xgrad::detail
