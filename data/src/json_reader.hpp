// JSON in a file, read value by value from front to back. No tree is built and the text is not kept, so memory and time
// are what the caller makes of the values (a parser that quotes the last token in its errors copies a long one six
// times). IoError for anything that RFC 8259 does not allow, for a NUL byte and for values nested deeper than 8.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "input_file.hpp"

namespace xgrad::data {

class JsonReader {
 public:
  // The next `length` bytes of the file. `what` begins the messages: "not a safetensors file: the header".
  JsonReader(InputFile& file, std::uint64_t length, const char* what) : file_(file), left_(length), what_(what) {}

  // The first character of the next value, which tells its kind; 0 at the end.
  char peek();
  // The next value, a string; valid until the next one is read.
  const std::string& string();
  // The next value: a whole number from 0 to 2^64 - 1, or else any value, which is passed over.
  std::optional<std::uint64_t> whole_number();
  // The next value, an object or array: calls member(name) or element() in front of each value, which it must read.
  template <class F>
  void object(F&& member);
  template <class F>
  void array(F&& element);
  void skip();  // the next value
  void end();   // nothing but spaces is left

  [[noreturn]] void fail(const char* problem) const;

 private:
  int look();  // the next character, -1 at the end
  int next();
  void spaces();
  void expect(char c);
  bool take(char c);
  void enter();
  std::uint32_t hex4();
  void escape();
  void continue_character(int lead);
  void digits();
  void fraction_and_exponent();
  void word(const char* letters);

  InputFile& file_;
  std::uint64_t left_;
  const char* what_;
  std::array<char, 1 << 16> buffer_;
  std::size_t at_ = 0, filled_ = 0;
  std::string text_;
  int depth_ = 0;
};

template <class F>
void JsonReader::object(F&& member) {
  expect('{');
  enter();
  if (peek() != '}') do {
      std::string name = string();
      spaces();
      expect(':');
      member(std::move(name));
      spaces();
    } while (take(','));
  expect('}');
  --depth_;
}

template <class F>
void JsonReader::array(F&& element) {
  expect('[');
  enter();
  if (peek() != ']') do {
      element();
      spaces();
    } while (take(','));
  expect(']');
  --depth_;
}

}  // namespace xgrad::data
