// Other programs as filters: text in, picture out.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace xgrad::viz {

enum class Outcome { done, missing, timed_out, failed };
struct ChildResult {
  Outcome outcome;
  std::string output;   // of standard output
  std::string message;  // of standard error
};
// Runs arguments[0] from PATH as a child process without a shell, `input` on its standard input, killed after
// `timeout`.
ChildResult run_child(const std::vector<std::string>& arguments, const std::string& input,
                      std::chrono::seconds timeout);

}  // namespace xgrad::viz
