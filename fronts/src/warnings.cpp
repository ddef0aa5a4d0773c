#include "warnings.hpp"

#include <cstdio>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>

namespace xgrad::fronts {

void warn(const std::string& op, const std::string& text, const Location& at) {
  const Location line = detail::user_line(at);
  const std::string file(line.file_name());
  const std::string all =
      fmt::format("xgrad: {}: {}\n  in     called at {}:{}\n", op, text, file.substr(file.rfind('/') + 1), line.line());
  std::fputs(all.c_str(), stderr);
}

}  // namespace xgrad::fronts
