// The two formats inside each other: frames of records (TFRecord), and messages of Protocol Buffers in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::train::detail {

// CRC-32C (Castagnoli; polynomial 0x82F63B78, reflected), and the form in which records hold it.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t masked_crc(std::string_view bytes);

// u64 length, its masked CRC, the data, their masked CRC; all little-endian.
std::string framed(std::string_view data);

// Fields of a message, one after the other.
class MessageWriter {
 public:
  void number(int field, std::uint64_t value);
  void real(int field, double value);
  void real(int field, float value);
  void bytes(int field, std::string_view value);
  void reals(int field, const std::vector<double>& values);  // packed
  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t v);
  void tag(int field, unsigned wire_type);
  std::string text_;
};

// Walks over the fields of a message.
class MessageReader {
 public:
  struct Field {
    std::uint32_t number = 0;
    unsigned wire_type = 0;
    std::uint64_t value = 0;  // of a number; the bits of a fixed one
    std::string_view bytes;
    double as_double() const;
    float as_float() const;
  };
  explicit MessageReader(std::string_view message) : rest_(message) {}
  // The next field; none at the end, or where the message is damaged.
  std::optional<Field> next();
  bool damaged() const { return damaged_; }

 private:
  bool varint(std::uint64_t& v);
  bool fixed(std::size_t n, std::uint64_t& v);
  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace xgrad::train::detail
