#pragma once

#include <string_view>

namespace xgrad::detail {

// Whether a path is of the library's sources or headers, here or where it was installed.
bool is_own_file(std::string_view path);

}  // namespace xgrad::detail
