// The line of the user's program that a call into the library came from, for what the library does on its own account.
#pragma once

#include <xgrad/error.hpp>

namespace xgrad::detail {

// While alive on this thread, errors and in-place changes that would name a line of the library name `at` instead: for
// functions that do their work through other public calls (an optimizer's step, loading a state). The outermost counts.
class XGRAD_API CallSite {
 public:
  [[nodiscard("a scope without a name ends at once")]] explicit CallSite(const Location& at);
  ~CallSite();
  CallSite(const CallSite&) = delete;
  CallSite& operator=(const CallSite&) = delete;

 private:
  bool outermost_;
  Location at_;
};

// `at`, or the present call site when `at` is a line of the library.
XGRAD_API Location user_line(const Location& at);

}  // namespace xgrad::detail
