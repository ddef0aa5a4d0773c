// Pictures as PNG files (PNG specification, W3C 2003), for the libraries above.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <xgrad/export.hpp>

namespace xgrad::detail {

struct PngPicture {
  std::int64_t width, height;  // 1 to 2^31 - 1
  int channels;                // 1 grey, 2 grey and opacity, 3 red, green and blue, 4 the same and opacity
  int bits = 8;                // of a sample; 16: two bytes, the higher first
  // Row by row from the top.
  std::span<const std::uint8_t> samples;
};
struct PngOptions {
  int level = 6;          // of zlib, 0 to 9
  bool filtered = false;  // rows as differences, which makes photographs smaller and plain areas larger
};
XGRAD_API std::string encode_png(const PngPicture& picture, const PngOptions& options = {});

}  // namespace xgrad::detail
