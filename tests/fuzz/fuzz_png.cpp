// The first byte chooses the mode, and whether the check sums of the chunks are put right, so that what stands in them
// reaches their readers. An image that is read can be written, and is the same when it is read again.
#include <cstring>
#include <string>

#include <zlib.h>

#include <xgrad/data/images.hpp>

#include "input.hpp"

using namespace xgrad;

namespace {

std::string with_right_sums(std::string png) {
  const auto number = [&](std::size_t at) {
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<std::uint8_t>(png[at + i]);
    return v;
  };
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t n = number(at);
    if (n > png.size() - at - 12) break;
    const auto sum = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(png.data() + at + 4), static_cast<uInt>(n + 4)));
    for (std::size_t i = 0; i < 4; ++i) png[at + 8 + n + i] = static_cast<char>(sum >> (24 - 8 * i));
    at += 12 + n;
  }
  return png;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n == 0) return 0;
  std::string content(reinterpret_cast<const char*>(bytes) + 1, n - 1);
  if (bytes[0] & 8) content = with_right_sums(std::move(content));
  fuzz::expect_result_or_io_error([&] {
    const std::string path =
        fuzz::file_with(reinterpret_cast<const std::uint8_t*>(content.data()), content.size(), ".png");
    const auto mode = static_cast<data::ImageReadMode>(bytes[0] % 8 % 5);
    const Tensor first = data::read_image(path, mode, {.max_pixels = 1 << 20});
    data::write_png(first, path, 1);
    const Tensor second = data::read_image(path, data::ImageReadMode::unchanged);
    fuzz::require(first.dtype() == second.dtype() && first.shape() == second.shape(), "type or shape changed");
    fuzz::require(first.to_vector<int>() == second.to_vector<int>(), "values changed");
  });
  return 0;
}
