#include "csv_fields.hpp"

#include <string_view>

namespace xgrad::data {

bool can_delimit(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
  const bool digit = c >= '0' && c <= '9';
  return !letter && !digit && std::string_view("\0\n\r\"+-.", 7).find(c) == std::string_view::npos;
}

CsvFields::CsvFields(InputFile& file, char delimiter, std::int64_t skip_lines) : file_(file), delimiter_(delimiter) {
  for (const char c : {'\n', '\r', delimiter, delimiter == ' ' ? '\t' : delimiter})
    stops_[static_cast<unsigned char>(c)] = true;
  if (look() == 0xEF && std::string_view(buffer_.data(), filled_).starts_with("\xEF\xBB\xBF")) at_ = 3;
  for (std::int64_t i = 0; i < skip_lines && look() >= 0; ++i) {
    while (!at_line_end()) advance();
    pass_line_end();
  }
}

int CsvFields::look() {
  if (at_ == filled_) {
    at_ = 0;
    filled_ = file_.read(buffer_.data(), buffer_.size());
    if (filled_ == 0) return -1;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

bool CsvFields::next() {
  do {
    if (ends_line_) {
      if (look() < 0) return false;
      column_ = 0;
    }
    read_field();
    ++column_;
  } while (column_ == 1 && ends_line_ && text_.empty() && !quoted_);  // a blank line
  return true;
}

void CsvFields::read_field() {
  text_.clear();
  damage_ = nullptr;
  skip_blanks();
  field_line_ = line_;
  quoted_ = look() == '"';
  if (quoted_)
    read_quoted();
  else
    read_plain();
  if (delimiter_ == ' ') skip_blanks();
  ends_line_ = at_line_end();
  if (ends_line_)
    pass_line_end();
  else if (delimiter_ != ' ')
    advance();
}

void CsvFields::read_quoted() {
  advance();
  for (int before = 0;; before = text_.back()) {
    const int c = look();
    if (c < 0) {
      damage_ = "begins with a quote that is never closed";
      return;
    }
    advance();
    if (c == '"') {
      if (look() != '"') break;
      advance();
    }
    if (c == '\r' || (c == '\n' && before != '\r')) ++line_;
    text_ += static_cast<char>(c);
  }
  if (!at_field_end()) skip_blanks();
  if (at_field_end()) return;
  damage_ = "has text behind its closing quote";
  read_plain();
}

void CsvFields::read_plain() {
  while (look() >= 0) {
    const std::size_t begin = at_;
    while (at_ < filled_ && !stops_[static_cast<unsigned char>(buffer_[at_])]) ++at_;
    text_.append(buffer_.data() + begin, at_ - begin);
    if (at_ < filled_) break;
  }
  text_.resize(text_.find_last_not_of(" \t") + 1);
}

void CsvFields::skip_blanks() {
  for (int c = look(); (c == ' ' || c == '\t') && (c != delimiter_ || c == ' '); c = look()) advance();
}

void CsvFields::pass_line_end() {
  const int c = look();
  if (c < 0) return;
  advance();
  if (c == '\r' && look() == '\n') advance();
  ++line_;
}

}  // namespace xgrad::data
