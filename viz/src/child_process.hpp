// Other programs as filters: text in, picture out.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace xgrad::viz {

enum class Outcome {
  done,     // it ended with exit code 0
  missing,  // no such program
  timed_out,
  failed,
  unknown  // it ended, but the host program took its exit code: `output` must tell
};
struct ChildResult {
  Outcome outcome;
  std::string output;   // of standard output
  std::string message;  // why it failed: the signal that ended it, the beginning of standard error; never empty then
};
// Runs arguments[0] from PATH as a child process without a shell, `input` on its standard input. After `timeout` it is
// killed with all processes that it started, whatever it has closed by then. Nothing of the host program is changed
// (signals, descriptors, other children), and the child inherits none of it but environment and folder.
// With `memory`, it fails where it asks for more bytes than that. IoError: no pipe, or no memory to hand the input
// over.
ChildResult run_child(const std::vector<std::string>& arguments, const std::string& input, std::chrono::seconds timeout,
                      std::size_t memory = 0);

}  // namespace xgrad::viz
