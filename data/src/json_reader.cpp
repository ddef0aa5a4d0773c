#include "json_reader.hpp"

#include <cstring>

#include <fmt/format.h>

namespace xgrad::data {
namespace {

constexpr int kDeepest = 8;

bool is_digit(int c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& to, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
  }
  add(0x80 | (code & 0x3F));
}

}  // namespace

void JsonReader::fail(const char* problem) const { file_.fail(fmt::format("{} {}", what_, problem)); }

int JsonReader::look() {
  if (at_ == filled_) {
    if (left_ == 0) return -1;
    filled_ = std::min<std::uint64_t>(buffer_.size(), left_);
    file_.read_exactly(buffer_.data(), filled_);
    if (std::memchr(buffer_.data(), 0, filled_)) fail("is not valid JSON (a NUL byte)");
    left_ -= filled_;
    at_ = 0;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

int JsonReader::next() {
  const int c = look();
  if (c >= 0) ++at_;
  return c;
}

void JsonReader::spaces() {
  for (int c = look(); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = look()) ++at_;
}

bool JsonReader::take(char c) {
  if (look() != c) return false;
  ++at_;
  return true;
}

void JsonReader::expect(char c) {
  if (!take(c)) fail("is not valid JSON");
}

char JsonReader::peek() {
  spaces();
  return static_cast<char>(std::max(look(), 0));
}

void JsonReader::end() {
  if (peek() != 0) fail("is not valid JSON");
}

void JsonReader::enter() {
  if (++depth_ > kDeepest) fail("is nested too deeply");
}

// ---- strings ----

const std::string& JsonReader::string() {
  spaces();
  expect('"');
  text_.clear();
  while (true) {
    const int c = next();
    if (c == '"') return text_;
    if (c < 0x20) fail("is not valid JSON");  // the end, too
    if (c == '\\')
      escape();
    else if (text_ += static_cast<char>(c); c >= 0x80)
      continue_character(c);
  }
}

std::uint32_t JsonReader::hex4() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = next(), letter = c | 0x20;
    if (is_digit(c))
      value = value * 16 + static_cast<std::uint32_t>(c - '0');
    else if (letter >= 'a' && letter <= 'f')
      value = value * 16 + static_cast<std::uint32_t>(letter - 'a' + 10);
    else
      fail("is not valid JSON");
  }
  return value;
}

void JsonReader::escape() {
  constexpr const char *kLetters = "\"\\/bfnrt", *kMeaning = "\"\\/\b\f\n\r\t";
  const int c = next();
  if (c == 'u') {
    std::uint32_t code = hex4();
    const auto within = [](std::uint32_t n, std::uint32_t from) { return n >= from && n < from + 0x400; };
    if (within(code, 0xD800)) {  // the first half of a pair
      expect('\\');
      expect('u');
      const std::uint32_t second = hex4();
      if (!within(second, 0xDC00)) fail("is not valid JSON");
      code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00);
    } else if (within(code, 0xDC00)) {
      fail("is not valid JSON");
    }
    return append_utf8(text_, code);
  }
  const char* letter = c > 0 ? std::strchr(kLetters, c) : nullptr;
  if (!letter) fail("is not valid JSON");
  text_ += kMeaning[letter - kLetters];
}

// The bytes of a character behind its first, in the ranges that leave out surrogates and needlessly long forms.
void JsonReader::continue_character(int lead) {
  if (lead < 0xC2 || lead > 0xF4) fail("is not valid JSON (not UTF-8)");
  int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1; more > 0; --more) {
    const int c = next();
    if (c < low || c > high) fail("is not valid JSON (not UTF-8)");
    text_ += static_cast<char>(c);
    low = 0x80;
    high = 0xBF;
  }
}

// ---- other values ----

void JsonReader::digits() {
  if (!is_digit(look())) fail("is not valid JSON");
  while (is_digit(look())) ++at_;
}

void JsonReader::fraction_and_exponent() {
  if (take('.')) digits();
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    digits();
  }
}

std::optional<std::uint64_t> JsonReader::whole_number() {
  if (!is_digit(peek())) {
    skip();
    return std::nullopt;
  }
  std::uint64_t value = 0;
  bool fits = true;
  if (!take('0'))
    while (is_digit(look())) {
      const auto digit = static_cast<std::uint64_t>(next() - '0');
      fits = fits && !__builtin_mul_overflow(value, 10u, &value) && !__builtin_add_overflow(value, digit, &value);
    }
  const int after = look();
  fraction_and_exponent();
  if (!fits || after == '.' || after == 'e' || after == 'E') return std::nullopt;
  return value;
}

void JsonReader::word(const char* letters) {
  for (; *letters; ++letters) expect(*letters);
}

void JsonReader::skip() {
  switch (peek()) {
    case '{':
      return object([this](const std::string&) { skip(); });
    case '[':
      return array([this] { skip(); });
    case '"':
      string();
      return;
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      take('-');
      if (!take('0')) digits();
      fraction_and_exponent();
  }
}

}  // namespace xgrad::data
