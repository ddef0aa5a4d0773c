// What tests look for in texts.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace xgrad::test {

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (has(line, part)) out.push_back(line);
  return out;
}

}  // namespace xgrad::test
