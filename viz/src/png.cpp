#include "png.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <xgrad/check.hpp>

namespace xgrad::viz {
namespace {

std::string big_endian(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}

// Length, type, data, check sum of type and data.
std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

std::string compressed(const std::string& data) {
  uLongf size = compressBound(data.size());
  std::string out(size, '\0');
  const int code =
      compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()), data.size());
  if (code != Z_OK)
    ErrorReport("viz", fmt::format("zlib cannot compress {} bytes (code {})", data.size(), code), Location::current())
        .value_error();
  out.resize(size);
  return out;
}

}  // namespace

std::string encode_png(int width, int height, const std::vector<std::uint8_t>& pixels, PixelFormat format) {
  const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(format);
  std::string raw;
  raw.reserve((row + 1) * static_cast<std::size_t>(height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    raw += '\0';  // no filter
    raw.append(reinterpret_cast<const char*>(pixels.data()) + y * row, row);
  }
  const char colour_type = format == PixelFormat::rgba ? '\6' : '\2';
  const std::string header = big_endian(static_cast<std::uint32_t>(width)) +
                             big_endian(static_cast<std::uint32_t>(height)) + '\x08' + colour_type +
                             std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", compressed(raw)) + chunk("IEND", "");
}

std::pair<int, int> png_size(const std::string& png) {
  constexpr std::size_t kWidth = 16, kHeight = 20, kEnd = 24;  // behind signature, length and type of the first chunk
  if (png.size() < kEnd || !png.starts_with("\x89PNG")) return {0, 0};
  const auto number = [&](std::size_t at) {
    int v = 0;
    for (std::size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<unsigned char>(png[at + i]);
    return v;
  };
  return {number(kWidth), number(kHeight)};
}

std::string base64(const std::string& bytes) {
  static constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
    };
    const unsigned group = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace xgrad::viz
