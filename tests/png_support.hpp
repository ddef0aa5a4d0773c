// PNG files as their specification (W3C 2003) makes them, chunk by chunk, right or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <zlib.h>

#include "file_support.hpp"
#include "unit_test.hpp"

namespace xgrad::test {

inline const std::string kPngSignature = "\x89PNG\r\n\x1a\n";

inline std::string chunk(const std::string& type, const std::string& data) {
  const std::string summed = type + data;
  return big_endian(static_cast<std::uint32_t>(data.size())) + summed +
         big_endian(static_cast<std::uint32_t>(
             crc32(0, reinterpret_cast<const Bytef*>(summed.data()), static_cast<uInt>(summed.size()))));
}
inline std::string deflated(const std::string& data) {
  uLongf size = compressBound(data.size());
  std::string out(size, '\0');
  BOOST_REQUIRE(compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
                          data.size(), 9) == Z_OK);
  out.resize(size);
  return out;
}
inline std::string png_header(std::uint32_t width, std::uint32_t height, int bits, int colour, int interlace = 0) {
  return chunk("IHDR", big_endian(width) + big_endian(height) + static_cast<char>(bits) + static_cast<char>(colour) +
                           std::string(2, '\0') + static_cast<char>(interlace));
}

// An image of unfiltered samples, pixel by pixel.
struct PngFile {
  std::uint32_t width, height;
  int bits, colour;  // 0 grey, 2 red green blue, 3 palette, 4 grey and opacity, 6 all
  std::vector<int> samples;
  std::string before = {};  // chunks in front of the data
  bool interlaced = false;

  std::size_t channels() const { return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1; }

  // The pixels at x0, x0 + dx, ... of the rows y0, y0 + dy, ...
  std::string rows(std::uint32_t x0, std::uint32_t dx, std::uint32_t y0, std::uint32_t dy) const {
    std::string out;
    for (std::uint32_t y = y0; y < height && x0 < width; y += dy) {
      std::vector<bool> row;
      for (std::uint32_t x = x0; x < width; x += dx)
        for (std::size_t c = 0; c < channels(); ++c)
          for (int b = bits - 1; b >= 0; --b) row.push_back(samples[(y * width + x) * channels() + c] >> b & 1);
      row.resize((row.size() + 7) / 8 * 8);
      out += '\0';
      for (std::size_t i = 0; i < row.size(); i += 8) {
        int byte = 0;
        for (std::size_t k = 0; k < 8; ++k) byte = byte * 2 + row[i + k];
        out += static_cast<char>(byte);
      }
    }
    return out;
  }
  std::string pixels() const {
    if (!interlaced) return rows(0, 1, 0, 1);
    return rows(0, 8, 0, 8) + rows(4, 8, 0, 8) + rows(0, 4, 4, 8) + rows(2, 4, 0, 4) + rows(0, 2, 2, 4) +
           rows(1, 2, 0, 2) + rows(0, 1, 1, 2);  // Adam7
  }
  std::string text() const {
    return kPngSignature + png_header(width, height, bits, colour, interlaced) + before +
           chunk("IDAT", deflated(pixels())) + chunk("IEND", "");
  }
};

}  // namespace xgrad::test
