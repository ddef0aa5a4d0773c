// The fields of a CSV text (RFC 4180), read from front to back in small pieces.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "input_file.hpp"

namespace xgrad::data {

// Letters, digits and what numbers and lines are made of cannot stand between fields.
bool can_delimit(char c);

// Lines end with LF, CR LF or CR. A field in quotes may hold delimiters, line ends and doubled quotes. Blanks (spaces
// and tabs, but not the delimiter) around a field do not count; with the delimiter ' ' a run of them parts two fields.
// Lines that consist of blanks are skipped.
class CsvFields {
 public:
  // Leaves out the first skip_lines lines, and the mark some editors put in front of UTF-8.
  CsvFields(InputFile& file, char delimiter, std::int64_t skip_lines);

  // Reads the next field; false at the end of the file.
  bool next();
  // The field read last: its text, without quotes, and the column where it begins, from 1.
  const std::string& text() const { return text_; }
  std::int64_t line() const { return field_line_; }
  std::int64_t column() const { return column_; }
  bool ends_line() const { return ends_line_; }
  // What is wrong with the quotes of the field; null when nothing is.
  const char* damage() const { return damage_; }

 private:
  int look();  // the next character, -1 at the end
  void advance() { ++at_; }
  bool at_field_end() {
    const int c = look();
    return c < 0 || stops_[static_cast<std::size_t>(c)];
  }
  bool at_line_end() {
    const int c = look();
    return c < 0 || c == '\n' || c == '\r';
  }
  void skip_blanks();
  void pass_line_end();
  void read_field();
  void read_quoted();
  void read_plain();

  InputFile& file_;
  char delimiter_;
  std::array<bool, 256> stops_{};  // the characters that end a field without quotes
  std::array<char, 1 << 16> buffer_;
  std::size_t at_ = 0, filled_ = 0;
  std::string text_;
  const char* damage_ = nullptr;
  bool quoted_ = false, ends_line_ = true;
  std::int64_t line_ = 1, field_line_ = 1, column_ = 0;
};

}  // namespace xgrad::data
