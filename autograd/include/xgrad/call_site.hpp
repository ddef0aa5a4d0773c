// The line of the user's program that a call into the library came from, for what the library does on its own account;
// and the operation of the user's whose code is running.
#pragma once

#include <string>

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

// While alive on this thread, errors of other operations name this operation of the user's too: its forward or backward
// is running.
class XGRAD_API OuterOp {
 public:
  [[nodiscard("a scope without a name ends at once")]] OuterOp(const char* name, const char* pass, const Location& at);
  ~OuterOp();
  OuterOp(const OuterOp&) = delete;
  OuterOp& operator=(const OuterOp&) = delete;

  // "within scale (forward), called at train.cpp:12", a line for each of them that is not `op`, the innermost first.
  static std::string described(const std::string& op);

 private:
  const char *name_, *pass_;
  Location at_;
  const OuterOp* previous_;
};

}  // namespace xgrad::detail
