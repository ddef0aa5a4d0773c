#pragma once

#include <chrono>
#include <string>

namespace xgrad::viz {

enum class DotOutcome { done, missing, timed_out, failed };
struct DotResult {
  DotOutcome outcome;
  std::string output;   // the picture
  std::string message;  // what dot said on standard error
};
// Runs `dot -T<format>` as a child process without a shell, `text` on its standard input, killed after `timeout`.
DotResult run_dot(const std::string& text, const std::string& format, int dpi, std::chrono::seconds timeout);

}  // namespace xgrad::viz
