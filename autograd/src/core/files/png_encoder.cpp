#include <cstdlib>
#include <new>
#include <string_view>
#include <vector>

#include <zlib.h>

#include <xgrad/detail/png_encoder.hpp>

namespace xgrad::detail {
namespace {

using Row = std::vector<std::uint8_t>;

std::string big_endian(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}

// Length, type, data, check sum of type and data.
void append_chunk(std::string& to, std::string_view type, std::string_view data) {
  to += big_endian(static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = to.size();
  to += type;
  to += data;
  const auto* summed = reinterpret_cast<const Bytef*>(to.data() + begin);
  to += big_endian(static_cast<std::uint32_t>(crc32(0, summed, static_cast<uInt>(to.size() - begin))));
}

// Compressed rows, as chunks of a file.
class ImageData {
 public:
  ImageData(std::string& file, int level) : file_(file), out_(kChunk, '\0') {
    if (deflateInit(&z_, level) != Z_OK) throw std::bad_alloc();
    begin_chunk();
  }
  ~ImageData() { deflateEnd(&z_); }
  ImageData(const ImageData&) = delete;
  ImageData& operator=(const ImageData&) = delete;

  void add(const Row& row) { run(row.data(), row.size(), Z_NO_FLUSH); }
  void end() {
    run(nullptr, 0, Z_FINISH);
    flush();
  }

 private:
  static constexpr std::size_t kChunk = 1 << 18;

  void begin_chunk() {
    z_.next_out = reinterpret_cast<Bytef*>(out_.data());
    z_.avail_out = static_cast<uInt>(out_.size());
  }
  void flush() {
    if (z_.avail_out < out_.size())
      append_chunk(file_, "IDAT", std::string_view(out_).substr(0, out_.size() - z_.avail_out));
    begin_chunk();
  }
  void run(const std::uint8_t* from, std::size_t n, int mode) {
    do {
      const auto now = static_cast<uInt>(std::min<std::size_t>(n, 1u << 30));
      z_.next_in = const_cast<Bytef*>(from);
      z_.avail_in = now;
      int code = Z_OK;
      do {
        if (z_.avail_out == 0) flush();
        code = deflate(&z_, mode);
      } while (z_.avail_in > 0 || (mode == Z_FINISH && code != Z_STREAM_END));
      from += now;
      n -= now;
    } while (n > 0);
  }

  std::string& file_;
  std::string out_;
  z_stream z_{};
};

// The PNG specification's predictor 4: of the three neighbours, the one nearest to left + above - above left.
int paeth(int left, int above, int corner) {
  const int p = left + above - corner, a = std::abs(p - left), b = std::abs(p - above), c = std::abs(p - corner);
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

// Rows behind the number of their filter: what is left of each byte when its prediction is taken away.
class Filter {
 public:
  Filter(std::size_t row_bytes, std::size_t pixel_bytes, bool choose)
      : above_(row_bytes, 0), out_(1 + row_bytes), best_(1 + row_bytes), pixel_(pixel_bytes), choose_(choose) {}

  const Row& operator()(std::span<const std::uint8_t> row) {
    std::uint64_t least = UINT64_MAX;
    for (std::uint8_t kind = 0; kind < (choose_ ? 5 : 1); ++kind) {
      if (const std::uint64_t sum = apply(kind, row); sum < least) {
        least = sum;
        best_.swap(out_);
      }
    }
    above_.assign(row.begin(), row.end());
    return best_;
  }

 private:
  // Into out_. The sum of its bytes as distances from 0: the row with the smallest is likely to take the fewest bytes.
  std::uint64_t apply(std::uint8_t kind, std::span<const std::uint8_t> row) {
    std::uint64_t sum = 0;
    out_[0] = kind;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const int left = i < pixel_ ? 0 : row[i - pixel_], corner = i < pixel_ ? 0 : above_[i - pixel_],
                above = above_[i];
      const int predicted = kind == 0   ? 0
                            : kind == 1 ? left
                            : kind == 2 ? above
                            : kind == 3 ? (left + above) / 2
                                        : paeth(left, above, corner);
      const auto rest = static_cast<std::uint8_t>(row[i] - predicted);
      out_[i + 1] = rest;
      sum += static_cast<std::uint64_t>(rest < 128 ? rest : 256 - rest);
    }
    return sum;
  }

  Row above_, out_, best_;
  std::size_t pixel_;
  bool choose_;
};

}  // namespace

std::string encode_png(const PngPicture& p, const PngOptions& options) {
  constexpr char kColourTypes[] = {0, 4, 2, 6};  // by the number of channels
  const std::size_t pixel = static_cast<std::size_t>(p.channels * p.bits / 8),
                    row = pixel * static_cast<std::size_t>(p.width);
  // Behind the sizes: bits, colours, and the only compression, filters and order of rows there are here.
  const std::string header = big_endian(static_cast<std::uint32_t>(p.width)) +
                             big_endian(static_cast<std::uint32_t>(p.height)) + static_cast<char>(p.bits) +
                             kColourTypes[p.channels - 1] + std::string(3, '\0');
  std::string file = "\x89PNG\r\n\x1a\n";
  append_chunk(file, "IHDR", header);
  ImageData data(file, options.level);
  Filter filter(row, pixel, options.filtered);
  for (std::size_t y = 0; y < static_cast<std::size_t>(p.height); ++y)
    data.add(filter(p.samples.subspan(y * row, row)));
  data.end();
  append_chunk(file, "IEND", {});
  return file;
}

}  // namespace xgrad::detail
