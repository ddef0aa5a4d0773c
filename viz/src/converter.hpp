// Pictures made of text by another program, and what stays of them where it is missing or fails.
#pragma once

#include <chrono>
#include <string>
#include <vector>
#include <xgrad/error.hpp>

namespace xgrad::viz {

struct Converter {
  std::vector<std::string> command;  // reads the text from standard input, writes the picture to standard output
  std::string name;                  // of the program, for people
  std::string package;               // to install
  std::string text_suffix;           // of the text: "dot", "svg"
  std::string text_noun;             // "text", "picture"
  std::chrono::seconds timeout;
};

// What follows the last dot of the file's name, or nothing.
std::string suffix_of(const std::string& path);

// Writes the picture to `path` and returns it. Where the program is missing or takes too long, the text is kept beside
// it in a file of its own, whose path is returned, and a message on standard error says what to do; where the program
// fails, that is an IoError. A file that was there before, "mine.dot" beside "mine.svg", is never touched: the next
// free one of "mine-1.dot", "mine-2.dot"... is taken, unless one holds that text already.
std::string save_converted(const char* op, const std::string& text, const std::string& path, const Converter& converter,
                           const Location& at);

}  // namespace xgrad::viz
