#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/numpy.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops.hpp>

#include "npy_format.hpp"
#include "refuse.hpp"
#include "repeated_name.hpp"
#include "zip_archive.hpp"

namespace xgrad {
namespace {

using namespace data;

constexpr std::string_view kSuffix = ".npy";
constexpr std::uint64_t kMostContent = 1 << 30, kMostRatio = 100;
constexpr std::size_t kMostName = 65000;  // a name's length and the suffix have 16 bits in an archive

Bytes values_of(const Tensor& t) {
  const std::size_t bytes = static_cast<std::size_t>(t.numel()) * static_cast<std::size_t>(item_size(t.dtype()));
  return {xgrad::detail::raw_bytes(t), bytes};
}

Tensor read_member(const InputFile& file, const ZipMember& member) {
  ZipContent content(file, member);
  const NpyHeader header = read_npy_header(content);
  const std::uint64_t left = member.bytes - content.offset();
  if (header.bytes() > left) content.fail(fmt::format("{} bytes of data expected, {} found", header.bytes(), left));
  return read_npy_values(content, header);
}

// All is known from the directory, before anything is decompressed.
void refuse_bombs(const InputFile& file, const std::vector<ZipMember>& members) {
  std::uint64_t total = 0;
  for (const ZipMember& m : members) total += m.bytes;  // each at most 1032 times its part of the file
  if (total > kMostContent && total / kMostRatio > file.file_bytes())
    file.fail(fmt::format("an archive of {} bytes that becomes {} bytes: refused", file.file_bytes(), total));
}

void check_archive_names(const NamedTensors& tensors, const Location& at) {
  require_names("save_npz", tensors, at);
  for (const auto& [name, t] : tensors) {
    if (name.empty()) refuse("save_npz", "a tensor has no name", at);
    if (name.size() > kMostName)
      refuse("save_npz", fmt::format("a name has {} bytes, at most {} are allowed", name.size(), kMostName), at);
    if (name.find('\0') != std::string::npos)
      refuse("save_npz", fmt::format("the name '{}' holds a NUL character", shown(name)), at);
  }
}

}  // namespace

Tensor load_npy(const std::string& path, Location at) {
  InputFile file("load_npy", path, at);
  const NpyHeader header = read_npy_header(file);
  file.expect_bytes(header.bytes(), header.kept_bytes());
  return read_npy_values(file, header);
}

void save_npy(const Tensor& tensor, const std::string& path, Location at) {
  require_defined("save_npy", tensor, at);
  const Tensor t = tensor.detach().contiguous();
  const std::string header = npy_header(t.dtype(), t.shape());
  write_file_atomically("save_npy", path, {{header.data(), header.size()}, values_of(t)}, at);
}

NamedTensors load_npz(const std::string& path, Location at) {
  const InputFile file("load_npz", path, at);
  const std::vector<ZipMember> members = read_zip_directory(file);
  refuse_bombs(file, members);
  NamedTensors tensors;
  tensors.reserve(members.size());
  for (const ZipMember& m : members) {
    if (!m.name.ends_with(kSuffix))
      file.fail(fmt::format("'{}' is not an array: its name does not end in .npy", shown(m.name)));
    tensors.emplace_back(m.name.substr(0, m.name.size() - kSuffix.size()), read_member(file, m));
  }
  return tensors;
}

void save_npz(const NamedTensors& tensors, const std::string& path, const NpzOptions& options, Location at) {
  check_archive_names(tensors, at);
  std::vector<Tensor> kept;
  std::vector<std::string> headers;
  kept.reserve(tensors.size());
  headers.reserve(tensors.size());
  ZipWriter archive;
  for (const auto& [name, t] : tensors) {
    const Tensor& values = kept.emplace_back(t.detach().contiguous());
    const std::string& header = headers.emplace_back(npy_header(t.dtype(), t.shape()));
    archive.add(name + std::string(kSuffix), {{header.data(), header.size()}, values_of(values)}, options.compressed);
  }
  write_file_atomically("save_npz", path, archive.finish(), at);
}

}  // namespace xgrad
