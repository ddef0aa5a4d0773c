// Every mistake of a caller arrives as one of these exceptions. what() has the layout
//   xgrad: matmul: inner sizes differ (784 and 128)
//     left   x           f32 (32, 784)
//     right  fc1.weight  f32 (128, 256)
//     in     mlp.fc1 : Linear(128 -> 256), called at train.cpp:42
//     help   fc1 expects 128 features per row
#pragma once

#include <cstdint>
#include <iosfwd>
#include <source_location>
#include <stdexcept>
#include <string>

#include <xgrad/export.hpp>

namespace xgrad {

// Where in the user's program an operation was called.
#ifdef __cpp_lib_source_location
using Location = std::source_location;
#else
// The same for compilers that lack what the standard one is made of (Clang 14).
class Location {
 public:
  constexpr Location() noexcept = default;
  static constexpr Location current(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                                    std::uint_least32_t line = __builtin_LINE(),
                                    std::uint_least32_t column = __builtin_COLUMN()) noexcept {
    Location at;
    at.file_ = file;
    at.function_ = function;
    at.line_ = line;
    at.column_ = column;
    return at;
  }
  constexpr const char* file_name() const noexcept { return file_; }
  constexpr const char* function_name() const noexcept { return function_; }
  constexpr std::uint_least32_t line() const noexcept { return line_; }
  constexpr std::uint_least32_t column() const noexcept { return column_; }

 private:
  const char* file_ = "";
  const char* function_ = "";
  std::uint_least32_t line_ = 0, column_ = 0;
};
#endif

namespace detail {
XGRAD_API void print_location(std::ostream& os, const Location& at);
}

class XGRAD_API Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
};
class XGRAD_API ShapeError : public Error {
  using Error::Error;
};  // sizes or ranks do not fit
class XGRAD_API DTypeError : public Error {
  using Error::Error;
};  // element types do not fit
class XGRAD_API IndexError : public Error {
  using Error::Error;
};  // an index or dimension out of range
class XGRAD_API ValueError : public Error {
  using Error::Error;
};  // an argument outside its domain
class XGRAD_API AutogradError : public Error {
  using Error::Error;
};  // misuse of the tape
class XGRAD_API IoError : public Error {
  using Error::Error;
};  // files: missing, damaged, not writable
class XGRAD_API OutOfMemoryError : public Error {
  using Error::Error;
};  // names the bytes wanted

XGRAD_API std::ostream& operator<<(std::ostream& os, const Error& e);  // what()

}  // namespace xgrad

// "train.cpp:42". It stands where the compiler looks for it, among the functions of the type's own namespace.
// (Strictly, only the standard library declares functions there; it has none of this kind.)
#ifdef __cpp_lib_source_location
namespace std {
#else
namespace xgrad {
#endif
template <class = void>
std::ostream& operator<<(std::ostream& os, const xgrad::Location& at) {
  xgrad::detail::print_location(os, at);
  return os;
}
}
