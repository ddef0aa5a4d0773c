#include <fmt/format.h>
#include <zlib.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/png.hpp>

namespace xgrad::viz {
namespace {

using Bytes = std::vector<std::uint8_t>;

void append(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }
void append_big_endian(Bytes& to, std::size_t v) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<std::uint8_t>(v >> shift));
}

// Length, type, data, check sum of type and data.
void append_chunk(Bytes& to, std::string_view type, const Bytes& data) {
  append_big_endian(to, data.size());
  const std::size_t begin = to.size();
  append(to, type);
  to.insert(to.end(), data.begin(), data.end());
  append_big_endian(to, crc32(0, to.data() + begin, static_cast<uInt>(to.size() - begin)));
}

Bytes compressed(const Bytes& data) {
  uLongf size = compressBound(data.size());
  Bytes out(size);
  const int code = compress(out.data(), &size, data.data(), data.size());
  if (code != Z_OK)
    ErrorReport("viz", fmt::format("zlib cannot compress {} bytes (code {})", data.size(), code), Location::current())
        .value_error();
  out.resize(size);
  return out;
}

}  // namespace

std::string encode_png(int width, int height, const std::vector<std::uint8_t>& pixels, PixelFormat format) {
  const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(format);
  Bytes raw;
  raw.reserve((row + 1) * static_cast<std::size_t>(height));
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y) {
    raw.push_back(0);  // no filter
    const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(y * row);
    raw.insert(raw.end(), begin, begin + static_cast<std::ptrdiff_t>(row));
  }
  Bytes header;
  append_big_endian(header, static_cast<std::size_t>(width));
  append_big_endian(header, static_cast<std::size_t>(height));
  const std::uint8_t colour_type = format == PixelFormat::rgba ? 6 : 2;
  for (const std::uint8_t v : {std::uint8_t{8}, colour_type, std::uint8_t{0}, std::uint8_t{0}, std::uint8_t{0}})
    header.push_back(v);  // bits of a sample, colours, and the only compression, filter and interlacing there are
  Bytes png;
  append(png, "\x89PNG\r\n\x1a\n");
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", compressed(raw));
  append_chunk(png, "IEND", {});
  return {png.begin(), png.end()};
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
