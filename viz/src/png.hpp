#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::viz {

// A PNG file of 8-bit RGB pixels, row by row from the top (PNG specification, W3C 2003).
std::string encode_png(int width, int height, const std::vector<std::uint8_t>& rgb);
// Width and height; 0 and 0 of what is no PNG file.
std::pair<int, int> png_size(const std::string& png);
std::string base64(const std::string& bytes);

}  // namespace xgrad::viz
