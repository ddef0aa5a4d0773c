// PNG files in pictures.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::viz {

// Width and height; 0 and 0 of what is no PNG file.
std::pair<int, int> png_size(const std::string& png);
std::string base64(const std::string& bytes);

}  // namespace xgrad::viz
