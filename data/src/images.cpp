#include <array>
#include <cstring>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/images.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/detail/png_encoder.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops.hpp>

#include "png_reader.hpp"

namespace xgrad::data {
namespace {

constexpr std::int64_t kMostSide = 1'000'000;  // libpng's own limit

int channels_of(ImageReadMode mode, int in_file) {
  switch (mode) {
    case ImageReadMode::gray:
      return 1;
    case ImageReadMode::gray_alpha:
      return 2;
    case ImageReadMode::rgb:
      return 3;
    case ImageReadMode::rgb_alpha:
      return 4;
    case ImageReadMode::unchanged:
      break;
  }
  return in_file;
}

// The weights of ITU-R BT.601 in 2^-15, rounded as libpng rounds them.
template <class Sample>
std::uint32_t grey(const Sample* rgb) {
  constexpr std::uint32_t kRed = 9794, kGreen = 19235, kBlue = 32768 - kRed - kGreen;
  return (kRed * rgb[0] + kGreen * rgb[1] + kBlue * rgb[2] + 16384) >> 15;
}

// The colours of a row of their numbers, of 4 channels.
std::vector<std::uint8_t> looked_up(const std::uint8_t* row, std::int64_t width, const PngReader::Palette& palette,
                                    const InputFile& file) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(4 * static_cast<std::size_t>(width));
  for (std::int64_t x = 0; x < width; ++x) {
    if (row[x] >= palette.size)
      file.fail(fmt::format("damaged PNG file: colour {} of a palette of {}", row[x], palette.size));
    pixels.insert(pixels.end(), palette.colours[row[x]].begin(), palette.colours[row[x]].end());
  }
  return pixels;
}

// A row of pixels with `from` channels into planes of a tensor with `to` channels.
template <class Sample, class Kept>
void spread(const std::uint8_t* bytes, std::int64_t width, int from, int to, Kept* out, std::int64_t plane) {
  constexpr Sample kOpaque = static_cast<Sample>(-1);
  const bool colours_in = from >= 3, colours_out = to >= 3;
  for (std::int64_t x = 0; x < width; ++x) {
    std::array<Sample, 4> p{};
    std::memcpy(p.data(), bytes + static_cast<std::size_t>(x * from) * sizeof(Sample),
                static_cast<std::size_t>(from) * sizeof(Sample));
    const Sample alpha = from % 2 == 0 ? p[static_cast<std::size_t>(from - 1)] : kOpaque;
    Kept* at = out + x;
    if (colours_out)
      for (std::size_t c = 0; c < 3; ++c, at += plane) *at = static_cast<Kept>(p[colours_in ? c : 0]);
    else
      *at = static_cast<Kept>(colours_in ? grey(p.data()) : p[0]), at += plane;
    if (to % 2 == 0) *at = static_cast<Kept>(alpha);
  }
}

template <class Sample, class Kept>
Tensor read_pixels(PngReader& png, int channels, const InputFile& file) {
  const std::int64_t width = png.width(), height = png.height(), plane = width * height;
  Tensor image = empty({channels, height, width}, {dtype_of<Kept>});
  Kept* out = xgrad::detail::own_pointer<Kept>(image);
  const auto keep = [&](const std::uint8_t* row) {
    if (const PngReader::Palette* palette = png.palette())
      spread<Sample>(looked_up(row, width, *palette, file).data(), width, 4, channels, out, plane);
    else
      spread<Sample>(row, width, png.channels(), channels, out, plane);
    out += width;
  };
  if (!png.interlaced()) {
    png.for_each_row(keep);
    return image;
  }
  std::vector<std::uint8_t> samples(png.row_bytes() * static_cast<std::size_t>(height));
  std::vector<std::uint8_t*> rows;
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    rows.push_back(samples.data() + y * png.row_bytes());
  png.read_rows(rows);
  for (const std::uint8_t* row : rows) keep(row);
  return image;
}

Tensor read_pixels(PngReader& png, int channels, const InputFile& file) {
  return png.bytes() == 2 ? read_pixels<std::uint16_t, std::int32_t>(png, channels, file)
                          : read_pixels<std::uint8_t, std::uint8_t>(png, channels, file);
}

void require_size(InputFile& file, const PngReader& png, const ReadImageOptions& options) {
  const std::int64_t pixels = png.width() * png.height();  // at most 10^12
  const auto stated = fmt::format("{} x {} pixels", png.width(), png.height());
  if (pixels > options.max_pixels) file.fail(fmt::format("{}: more than max_pixels, {}", stated, options.max_pixels));
  if (static_cast<std::uint64_t>(pixels) * static_cast<std::uint64_t>(png.file_bits()) / 8 >
      kDeflateRatio * file.most_bytes())
    file.fail(fmt::format("{}: more than a file of {} bytes can hold", stated, file.file_bytes()));
}

std::uint64_t memory_of(const PngReader& png, int channels) {
  const auto pixels = static_cast<std::uint64_t>(png.width() * png.height());
  const std::uint64_t kept = pixels * static_cast<std::uint64_t>(channels) * (png.bytes() == 2 ? 4 : 1);
  return kept + (png.interlaced() ? png.row_bytes() * static_cast<std::uint64_t>(png.height()) : 0);
}

struct Samples {
  Tensor image;  // contiguous, (C, H, W)
  int bits;
};

Samples require_writable(const Tensor& image, const Location& at) {
  const char* op = "write_png";
  require_defined(op, image, at);
  if (image.dim() != 3 || image.size(0) < 1 || image.size(0) > 4 || image.numel() == 0)
    ErrorReport(op, "an image is (C, H, W) with 1 to 4 channels", at)
        .operand("image", image)
        .help(image.dim() == 2   ? "of one channel: image.unsqueeze(0)"
              : image.dim() == 4 ? "one image of a batch: image[0]"
                                 : "channels that come last: image.permute({2, 0, 1})")
        .shape_error();
  if (image.dtype() != kUInt8 && image.dtype() != kInt32)
    ErrorReport(op, "needs uint8, or int32 for 16 bits a channel", at)
        .operand("image", image)
        .help("of values in [0, 1]: (image * 255).round().clamp(0, 255).to(kUInt8)")
        .dtype_error();
  if (std::max(image.size(1), image.size(2)) > kMostSide)
    ErrorReport(op, fmt::format("at most {} pixels a side", kMostSide), at).operand("image", image).value_error();
  const Tensor plain = image.detach().contiguous();
  if (image.dtype() == kUInt8) return {plain, 8};
  const std::int32_t* p = plain.data<std::int32_t>();
  for (std::int64_t i = 0; i < plain.numel(); ++i)
    if (p[i] < 0 || p[i] > 65535)
      ErrorReport(op, fmt::format("a sample of 16 bits is 0 to 65535, got {}", p[i]), at)
          .operand("image", image)
          .value_error();
  return {plain, 16};
}

// Pixel by pixel, the higher byte first.
template <class Kept>
std::vector<std::uint8_t> interleaved(const Tensor& image) {
  const std::int64_t channels = image.size(0), plane = image.size(1) * image.size(2);
  const Kept* p = image.data<Kept>();
  std::vector<std::uint8_t> bytes;
  bytes.reserve(static_cast<std::size_t>(channels * plane) * (sizeof(Kept) == 1 ? 1 : 2));
  for (std::int64_t i = 0; i < plane; ++i)
    for (std::int64_t c = 0; c < channels; ++c) {
      const Kept v = p[c * plane + i];
      if constexpr (sizeof(Kept) > 1) bytes.push_back(static_cast<std::uint8_t>(v >> 8));
      bytes.push_back(static_cast<std::uint8_t>(v & 255));
    }
  return bytes;
}

}  // namespace

Tensor read_image(const std::string& path, ImageReadMode mode, const ReadImageOptions& options, Location at) {
  if (options.max_pixels < 1)
    ErrorReport("read_image", fmt::format("max_pixels must be positive, got {}", options.max_pixels), at).value_error();
  InputFile file("read_image", path, at);
  {
    PngReader first(file, mode);
    require_size(file, first, options);
    const int channels = channels_of(mode, first.channels());
    if (memory_of(first, channels) <= memory_for(file.file_bytes())) return read_pixels(first, channels, file);
    first.check();
  }
  file.rewind();
  PngReader again(file, mode);
  return read_pixels(again, channels_of(mode, again.channels()), file);
}

void write_png(const Tensor& image, const std::string& path, int compression_level, Location at) {
  const auto [plain, bits] = require_writable(image, at);
  if (compression_level < 0 || compression_level > 9)
    ErrorReport("write_png", fmt::format("compression_level is 0 to 9, got {}", compression_level), at).value_error();
  const std::vector<std::uint8_t> samples =
      bits == 16 ? interleaved<std::int32_t>(plain) : interleaved<std::uint8_t>(plain);
  const std::string png =
      xgrad::detail::encode_png({plain.size(2), plain.size(1), static_cast<int>(plain.size(0)), bits, samples},
                                {.level = compression_level, .filtered = true});
  write_file_atomically("write_png", path, {{png.data(), png.size()}}, at);
}

}  // namespace xgrad::data
