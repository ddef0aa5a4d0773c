#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrad::viz {

// A PNG file of 8-bit RGB pixels, row by row from the top (PNG specification, W3C 2003).
std::string encode_png(int width, int height, const std::vector<std::uint8_t>& rgb);
std::string base64(const std::string& bytes);

}  // namespace xgrad::viz
