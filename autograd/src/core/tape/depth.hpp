// How deep backward passes stand in one another.
#pragma once

#include <cstdint>

#include <xgrad/error.hpp>

namespace xgrad::detail {

// How many backward passes, each started from a hook or a backward function of the one before, run on this thread.
class Depth {
 public:
  explicit Depth(const char* op, const Location& at) {
    constexpr std::uint8_t kMost = 60;
    if (depth == kMost)
      ErrorReport(op, "backward passes are nested too deeply: does a hook call backward() on its own graph?", at)
          .autograd_error();
    ++depth;
  }
  ~Depth() { --depth; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  std::uint8_t value() const { return depth; }

 private:
  static thread_local std::uint8_t depth;
};
inline thread_local std::uint8_t Depth::depth = 0;

}  // namespace xgrad::detail
