// The name of an operation of the user's, together with the place where it was written.
#pragma once

#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad {
namespace detail {

// The same text with a lifetime without end.
XGRAD_API const char* intern(const std::string& text);

}  // namespace detail

// From a string literal ("swish") at no cost, or from a std::string made at run time.
class OpName {
 public:
  consteval OpName(const char* literal, Location at = Location::current()) : text_(literal), at_(at) {}  // NOLINT
  OpName(const std::string& text, Location at = Location::current())
      : text_(detail::intern(text)), at_(at) {}  // NOLINT
  const char* text() const { return text_; }
  const Location& at() const { return at_; }

 private:
  const char* text_;
  Location at_;
};

}  // namespace xgrad
