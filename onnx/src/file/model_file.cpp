#include "file/model_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/descriptor.hpp>
#include <xgrad/detail/atomic_file.hpp>

#include "file/message_cost.hpp"

namespace xgrad::onnx {
namespace {

constexpr std::uint64_t kMostBytes = std::numeric_limits<std::int32_t>::max();  // of a protobuf message

// The file itself, the message and the tensors made of it may take four times the file and 64 MiB together.
constexpr std::uint64_t memory_for(std::uint64_t file_bytes) { return 2 * file_bytes + (40 << 20); }

struct Failure {
  const char* op;
  const std::string& path;
  const Location& at;
  [[noreturn]] void operator()(const std::string& reason) const {
    ErrorReport(op, fmt::format("{}: {}", path.c_str(), reason), at).io_error();
  }
};

std::string content_of(const std::string& path, const Failure& fail) {
  if (path.find('\0') != std::string::npos) fail("the path holds a NUL byte");
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) fail(errno == ENOENT ? "no such file" : std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail("not a regular file");
  const Descriptor file(uninterrupted([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!file) fail(std::strerror(errno));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > kMostBytes) fail(fmt::format("{} bytes; a model has at most {}", size, kMostBytes));
  std::string content(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = uninterrupted([&] { return read(file.get(), content.data() + done, size - done); });
    if (got < 0) fail(fmt::format("cannot read at offset {}: {}", done, std::strerror(errno)));
    if (got == 0) fail(fmt::format("{} bytes expected, {} found", size, done));
    done += static_cast<std::size_t>(got);
  }
  return content;
}

}  // namespace

std::string shown(const std::string& text) {
  constexpr std::size_t kMost = 80;
  std::string out;
  for (const char c : text.substr(0, kMost)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text.size() > kMost ? out + "..." : out;
}

wire::ModelProto read_model(const char* op, const std::string& path, const Location& at) {
  const Failure fail{op, path, at};
  wire::ModelProto model;
  const std::string content = content_of(path, fail);
  if (content.empty()) fail("an empty file");
  try {
    if (const std::uint64_t cost = parsed_bytes(content); cost > memory_for(content.size()))
      fail(fmt::format("{} bytes would take {} of memory", content.size(), cost));
  } catch (const std::range_error& problem) {
    fail(fmt::format("not an ONNX model: {}", problem.what()));
  }
  if (!model.ParsePartialFromString(content)) fail("not an ONNX model: its fields have other types");
  return model;
}

void write_model(const char* op, const wire::ModelProto& model, const std::string& path, const Location& at) {
  const std::uint64_t size = model.ByteSizeLong();
  if (size > kMostBytes)
    ErrorReport(
        op, fmt::format("{}: the model takes {} bytes, a file of ONNX at most {}", path.c_str(), size, kMostBytes), at)
        .value_error();
  const std::string content = model.SerializeAsString();
  write_file_atomically(op, path, {{content.data(), content.size()}}, at);
}

}  // namespace xgrad::onnx
