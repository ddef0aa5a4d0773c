// A function in a process of its own, with limits.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace course {

struct ChildLimits {
  int processor_seconds = 3;        // of computing
  int seconds = 60;                 // of waiting for anything else
  std::size_t memory = 2ull << 30;  // bytes beside those that are there when it begins
};
struct ChildEnd {
  std::string output;  // what it wrote to the descriptor
  std::string failed;  // "" when it returned, else how it ended: "it crashed (segmentation fault)"
  bool late = false;   // ended at one of the limits of time
};
// Calls work(descriptor) in a child process, and waits until that has ended.
ChildEnd run_in_child(const std::function<void(int descriptor)>& work, const ChildLimits& limits = {});

// Runs a program from PATH with `input` as its standard input and nothing else. "" or what went wrong.
std::string run_program(const std::vector<std::string>& arguments, const std::string& input, int seconds);

}  // namespace course
