#include <array>
#include <bit>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <xgrad/data/files.hpp>
#include <xgrad/ops.hpp>

#include "input_file.hpp"

namespace xgrad::data {
namespace {

std::uint32_t big_endian(const unsigned char* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

// Values of Stored (big-endian in the file) as a tensor of Kept.
template <class Stored, class Kept>
Tensor read_values(InputFile& file, const Shape& shape) {
  const auto n = static_cast<std::size_t>(shape.numel());
  std::vector<unsigned char> bytes(n * sizeof(Stored));
  file.read_exactly(bytes.data(), bytes.size());
  Tensor t = empty(shape, {dtype_of<Kept>});
  Kept* out = t.mutable_data<Kept>();
  for (std::size_t i = 0; i < n; ++i) {
    unsigned char* p = bytes.data() + i * sizeof(Stored);
    if constexpr (std::endian::native == std::endian::little)
      for (std::size_t b = 0; b < sizeof(Stored) / 2; ++b) std::swap(p[b], p[sizeof(Stored) - 1 - b]);
    Stored v;
    std::memcpy(&v, p, sizeof v);
    out[i] = static_cast<Kept>(v);
  }
  return t;
}

struct Type {
  unsigned char code;
  unsigned bytes, kept_bytes;
  Tensor (*read)(InputFile&, const Shape&);
};
template <class Stored, class Kept>
constexpr Type type_of(unsigned char code) {
  return {code, sizeof(Stored), sizeof(Kept), read_values<Stored, Kept>};
}
constexpr std::array kTypes{type_of<std::uint8_t, std::uint8_t>(0x08),  type_of<std::int8_t, std::int32_t>(0x09),
                            type_of<std::int16_t, std::int32_t>(0x0B), type_of<std::int32_t, std::int32_t>(0x0C),
                            type_of<float, float>(0x0D),               type_of<double, double>(0x0E)};

std::string find_file(const std::string& folder, const std::string& name) {
  for (const char* end : {"", ".gz"})
    if (const std::string path = folder + "/" + name + end; std::filesystem::exists(path)) return path;
  throw IoError(fmt::format("xgrad: {}/{}: no such file (nor {}.gz)", folder, name, name));
}

}  // namespace

Tensor read_idx(const std::string& path) {
  InputFile file(path);
  unsigned char magic[4];
  if (file.read(magic, 4) < 4) file.fail("not an IDX file: shorter than its magic number");
  if (magic[0] != 0 || magic[1] != 0)
    file.fail(fmt::format("not an IDX file: magic number {:02x}{:02x}{:02x}{:02x}, expected 0000 first", magic[0], magic[1], magic[2], magic[3]));
  const Type* type = nullptr;
  for (const Type& t : kTypes)
    if (t.code == magic[2]) type = &t;
  if (!type) file.fail(fmt::format("not an IDX file: unknown element type 0x{:02x}", magic[2]));
  if (magic[3] > kMaxRank) file.fail(fmt::format("{} dimensions stated, at most {} supported", magic[3], kMaxRank));
  Shape shape;
  std::uint64_t bytes = type->bytes, most = type->kept_bytes;  // most: without the zeros, which must not hide an overflow
  for (int d = 0; d < magic[3]; ++d) {
    unsigned char size[4];
    file.read_exactly(size, 4);
    shape.push_back(big_endian(size));
    const std::uint64_t count = big_endian(size);
    if (__builtin_mul_overflow(most, std::max(count, std::uint64_t{1}), &most) || most > INT64_MAX) file.fail("the stated size overflows 64 bits");
    bytes *= count;
  }
  if (const std::uint64_t left = file.most_bytes() - std::min(file.most_bytes(), file.offset()); bytes > left)
    file.fail(fmt::format("{} bytes of data expected, {}{} found", bytes, file.compressed() ? "at most " : "", left));
  Tensor t = type->read(file, shape);
  file.expect_end();
  return t;
}

TensorDataset read_mnist(const std::string& folder, const std::string& prefix) {
  const std::string images_path = find_file(folder, prefix + "-images-idx3-ubyte");
  const std::string labels_path = find_file(folder, prefix + "-labels-idx1-ubyte");
  const Tensor images = read_idx(images_path), labels = read_idx(labels_path);
  if (images.dim() != 3 || images.dtype() != kUInt8) throw IoError(fmt::format("xgrad: {}: expected uint8 images of rank 3, found {} {}", images_path, name(images.dtype()), to_string(images.shape())));
  if (labels.dim() != 1 || labels.dtype() != kUInt8) throw IoError(fmt::format("xgrad: {}: expected uint8 labels of rank 1, found {} {}", labels_path, name(labels.dtype()), to_string(labels.shape())));
  if (images.size(0) != labels.size(0))
    throw IoError(fmt::format("xgrad: {}: {} images but {} labels", folder, images.size(0), labels.size(0)));
  return TensorDataset(images, labels.to(kInt64));
}

}  // namespace xgrad::data
