// Pictures made of text by another program, and what stays of them where it is missing or fails.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/error.hpp>

namespace xgrad::viz {

struct Converter {
  std::string name;         // of the program, for people
  std::string package;      // to install
  std::string text_suffix;  // of the text: "dot", "svg"
  std::string text_noun;    // "text", "picture"
  std::chrono::seconds timeout;
  std::chrono::seconds second_timeout = timeout;  // of the try with less
  std::size_t memory = 0;                         // bytes that it may take, 0: any number
};
// What is handed to the program: it reads the text from standard input and writes the picture to standard output.
struct Source {
  std::vector<std::string> command;
  std::string text;
  std::string reduced = {};  // what was left out of it, for the message: "with fewer options (...)"
  // For a large page. This command writes its size, by which `fit` changes the first command; it returns what the user
  // should know of that, or nothing.
  std::vector<std::string> measure = {};
  std::function<std::string(std::vector<std::string>& command, const std::string& measured)> fit = {};
};
// The same with less, for a program that took too long (late) or failed.
using Simpler = std::function<Source(bool late)>;
// What the user should know of a picture that came out whole, or nothing: from its bytes and what the program said.
using Remark = std::function<std::string(const std::string& picture, const std::string& said)>;

// A longer side is more than cairo, which draws for both programs, can hold; more pixels in all take more than half a
// gigabyte and many seconds.
constexpr int kLongestPngSide = 32767;
constexpr double kMostPngPixels = 1 << 27;

// What follows the last dot of the file's name, or nothing.
std::string suffix_of(const std::string& path);
// ValueError: a NUL character in the path.
void require_path(const char* op, const std::string& path, const Location& at);

// On standard error, with the user's line.
void warn(const char* op, std::string_view text, const Location& at) noexcept;
// The same for an exception, which is being handled.
void warn_of_exception(const char* op, const Location& at) noexcept;
// A picture that cannot be drawn or written must not end a training: what draw() throws becomes a warning, and "" is
// returned; else what draw() returns. (No std::function: making one asks for memory.)
template <class F>
std::string without_throwing(const char* op, const Location& at, const F& draw) {
  try {
    return draw();
  } catch (const std::exception&) {
    warn_of_exception(op, at);
    return "";
  }
}

// Writes the picture to `path` and returns it. Where the program fails or takes too long, it gets the source that
// `simpler` (which may be empty) makes; a warning says so. Where that fails too, or the program is missing, or the path
// cannot be written to, the text is kept beside it in a file of its own, whose path is returned, and a warning says why
// and what to do. A file that was there before, "mine.dot" beside "mine.svg", is never touched: the next free one of
// "mine-1.dot", "mine-2.dot"... is taken, unless one holds that text already.
// IoError: neither could be written.
std::string save_converted(const char* op, const std::string& path, const Source& source, const Simpler& simpler,
                           const Converter& converter, const Remark& remark, const Location& at);

}  // namespace xgrad::viz
