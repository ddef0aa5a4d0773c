// What stands in the places of a start file that you are to fill.
#pragma once

#include <stdexcept>
#include <string>

namespace course {

// The checker shows it as "to do", with file and line, and goes on with the next check.
struct Todo : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void todo(const std::string& what, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  const std::string path = file;
  throw Todo(path.substr(path.find_last_of('/') + 1) + ":" + std::to_string(line) + ": " + what);
}

}  // namespace course
