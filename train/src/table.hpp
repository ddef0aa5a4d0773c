// Text in columns as wide as their contents.
#pragma once

#include <string>
#include <vector>

namespace xgrad::train::detail {

enum class Align { left, right };

// Columns on the screen: East Asian characters and emoji take two, marks that combine with another character none. A
// control character is one blank, see `plain`.
std::size_t screen_width(const std::string& s);
// Control characters, which would break a table, as blanks.
std::string plain(const std::string& s);
std::string padded(const std::string& s, std::size_t width, Align align);

// Rows of cells; the first column as told, the others to the right, two blanks apart.
std::string table(const std::vector<std::vector<std::string>>& rows, Align first);

}  // namespace xgrad::train::detail
