// Pictures of pixels for the libraries above: PNG files and how they stand in text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/export.hpp>

namespace xgrad::viz {

enum class PixelFormat { rgb = 3, rgba = 4 };  // their bytes; the fourth is the opacity

// A PNG file of pixels with 8 bits a channel, row by row from the top (PNG specification, W3C 2003).
XGRAD_API std::string encode_png(int width, int height, const std::vector<std::uint8_t>& pixels,
                                 PixelFormat format = PixelFormat::rgb);
// Width and height; 0 and 0 of what is no PNG file.
std::pair<int, int> png_size(const std::string& png);
std::string base64(const std::string& bytes);

}  // namespace xgrad::viz
