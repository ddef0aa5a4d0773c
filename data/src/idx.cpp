#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/files.hpp>
#include <xgrad/ops.hpp>

#include "input_file.hpp"
#include "stored_values.hpp"

namespace xgrad::data {
namespace {

std::uint32_t big_endian(const unsigned char* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

template <class Stored>
using BigEndian = std::array<unsigned char, sizeof(Stored)>;

template <class Stored, class Kept>
Kept value_of(BigEndian<Stored> bytes) {
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(bytes);
  return static_cast<Kept>(std::bit_cast<Stored>(bytes));
}

struct Type {
  unsigned char code;
  unsigned bytes, kept_bytes;
  Tensor (*read)(ByteSource&, const Shape&);
};
template <class Stored, class Kept>
constexpr Type type_of(unsigned char code) {
  return {code, sizeof(Stored), sizeof(Kept), read_values<BigEndian<Stored>, Kept, value_of<Stored, Kept>>};
}
constexpr std::array kIdxTypes{type_of<std::uint8_t, std::uint8_t>(0x08),
                               type_of<std::int8_t, std::int32_t>(0x09),
                               type_of<std::int16_t, std::int32_t>(0x0B),
                               type_of<std::int32_t, std::int32_t>(0x0C),
                               type_of<float, float>(0x0D),
                               type_of<double, double>(0x0E)};

[[noreturn]] void refuse_mnist(const std::string& reason, const Location& at) {
  ErrorReport("read_mnist", reason, at).io_error();
}

bool there(const std::string& path) {
  std::error_code ignored;  // a path that cannot be looked at is told by the error below
  return std::filesystem::exists(path, ignored);
}

std::string find_file(const std::string& folder, const std::string& name, const Location& at) {
  for (const char* end : {"", ".gz"})
    if (const std::string path = folder + "/" + name + end; there(path)) return path;
  refuse_mnist(fmt::format("{}/{}: no such file (nor {}.gz)", folder, name, name), at);
}

Tensor read(const char* op, const std::string& path, const Location& at) {
  InputFile file(op, path, at);
  unsigned char magic[4];
  if (file.read(magic, 4) < 4) file.fail("not an IDX file: shorter than its magic number");
  if (magic[0] != 0 || magic[1] != 0)
    file.fail(fmt::format("not an IDX file: magic number {:02x}{:02x}{:02x}{:02x}, expected 0000 first", magic[0],
                          magic[1], magic[2], magic[3]));
  const Type* type = nullptr;
  for (const Type& t : kIdxTypes)
    if (t.code == magic[2]) type = &t;
  if (!type) file.fail(fmt::format("not an IDX file: unknown element type 0x{:02x}", magic[2]));
  if (magic[3] > kMaxRank) file.fail(fmt::format("{} dimensions stated, at most {} supported", magic[3], kMaxRank));
  Shape shape;
  std::uint64_t bytes = type->bytes,
                most = type->kept_bytes;  // most: without the zeros, which must not hide an overflow
  for (int d = 0; d < magic[3]; ++d) {
    unsigned char size[4];
    file.read_exactly(size, 4);
    shape.push_back(big_endian(size));
    const std::uint64_t count = big_endian(size);
    if (__builtin_mul_overflow(most, std::max(count, std::uint64_t{1}), &most) || most > INT64_MAX)
      file.fail("the stated size overflows 64 bits");
    bytes *= count;
  }
  file.expect_bytes(bytes, bytes / type->bytes * type->kept_bytes);
  Tensor t = type->read(file, shape);
  file.expect_end();
  return t;
}

}  // namespace

Tensor read_idx(const std::string& path, Location at) { return read("read_idx", path, at); }

TensorDataset read_mnist(const std::string& folder, const std::string& prefix, Location at) {
  const std::string images_path = find_file(folder, prefix + "-images-idx3-ubyte", at);
  const std::string labels_path = find_file(folder, prefix + "-labels-idx1-ubyte", at);
  const Tensor images = read("read_mnist", images_path, at), labels = read("read_mnist", labels_path, at);
  const auto require = [&](const std::string& path, const char* what, const Tensor& t, int rank) {
    if (t.dim() != rank || t.dtype() != kUInt8)
      refuse_mnist(fmt::format("{}: expected uint8 {} of rank {}, found {} {}", path, what, rank, name(t.dtype()),
                               to_string(t.shape())),
                   at);
  };
  require(images_path, "images", images, 3);
  require(labels_path, "labels", labels, 1);
  if (images.size(0) != labels.size(0))
    refuse_mnist(fmt::format("{}: {} images but {} labels", folder, images.size(0), labels.size(0)), at);
  return TensorDataset(images, labels.to(kInt64));
}

}  // namespace xgrad::data
