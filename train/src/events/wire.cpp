#include "events/wire.hpp"

#include <array>
#include <bit>

namespace xgrad::train::detail {
namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ kPolynomial : c >> 1;
    table[i] = c;
  }
  return table;
}

template <class T>
void little_endian(std::string& out, T v) {
  for (std::size_t i = 0; i < sizeof v; ++i) out += static_cast<char>(v >> (8 * i) & 0xFF);
}

enum Wire : unsigned { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t c = ~std::uint32_t{0};
  for (const char b : bytes) c = c >> 8 ^ kTable[(c ^ static_cast<unsigned char>(b)) & 0xFF];
  return ~c;
}

std::uint32_t masked_crc(std::string_view bytes) {
  constexpr std::uint32_t kDelta = 0xA282EAD8;
  return std::rotr(crc32c(bytes), 15) + kDelta;
}

std::string framed(std::string_view data) {
  std::string out;
  little_endian(out, static_cast<std::uint64_t>(data.size()));
  little_endian(out, masked_crc(out));
  out += data;
  little_endian(out, masked_crc(data));
  return out;
}

void MessageWriter::varint(std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) text_ += static_cast<char>(v | 0x80);
  text_ += static_cast<char>(v);
}
void MessageWriter::tag(int field, unsigned wire_type) { varint(static_cast<std::uint64_t>(field) << 3 | wire_type); }

void MessageWriter::number(int field, std::uint64_t value) {
  tag(field, kVarint);
  varint(value);
}
void MessageWriter::real(int field, double value) {
  tag(field, kFixed64);
  little_endian(text_, std::bit_cast<std::uint64_t>(value));
}
void MessageWriter::real(int field, float value) {
  tag(field, kFixed32);
  little_endian(text_, std::bit_cast<std::uint32_t>(value));
}
void MessageWriter::bytes(int field, std::string_view value) {
  tag(field, kBytes);
  varint(value.size());
  text_ += value;
}
void MessageWriter::reals(int field, const std::vector<double>& values) {
  std::string packed;
  for (const double v : values) little_endian(packed, std::bit_cast<std::uint64_t>(v));
  bytes(field, packed);
}

double MessageReader::Field::as_double() const { return std::bit_cast<double>(value); }
float MessageReader::Field::as_float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(value)); }

bool MessageReader::varint(std::uint64_t& v) {
  v = 0;
  for (unsigned shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    v |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool MessageReader::fixed(std::size_t n, std::uint64_t& v) {
  if (rest_.size() < n) return false;
  v = 0;
  for (std::size_t i = 0; i < n; ++i) v |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
  rest_.remove_prefix(n);
  return true;
}

std::optional<MessageReader::Field> MessageReader::next() {
  if (rest_.empty() || damaged_) return std::nullopt;
  Field f;
  std::uint64_t key = 0, length = 0;
  damaged_ = true;
  if (!varint(key) || key >> 3 == 0 || key >> 32 != 0) return std::nullopt;
  f.number = static_cast<std::uint32_t>(key >> 3);
  f.wire_type = key & 7;
  switch (f.wire_type) {
    case kVarint:
      if (!varint(f.value)) return std::nullopt;
      break;
    case kFixed64:
      if (!fixed(8, f.value)) return std::nullopt;
      break;
    case kFixed32:
      if (!fixed(4, f.value)) return std::nullopt;
      break;
    case kBytes:
      if (!varint(length) || length > rest_.size()) return std::nullopt;
      f.bytes = rest_.substr(0, length);
      rest_.remove_prefix(length);
      break;
    default:  // groups, which nobody writes any more
      return std::nullopt;
  }
  damaged_ = false;
  return f;
}

}  // namespace xgrad::train::detail
