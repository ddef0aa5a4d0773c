#include "input_file.hpp"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <xgrad/error.hpp>

namespace xgrad::data {
namespace {
constexpr std::uint64_t kDeflateRatio = 1032;
gzFile handle(void* f) { return static_cast<gzFile>(f); }
}  // namespace

InputFile::InputFile(const std::string& path) : path_(path), file_(nullptr) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) fail(errno == ENOENT ? "no such file" : std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail("not a regular file");
  file_ = gzopen(path.c_str(), "rb");  // reads plain files as they are
  if (!file_) fail(std::strerror(errno));
  gzbuffer(handle(file_), 1 << 17);
  most_ = static_cast<std::uint64_t>(info.st_size);
  if (path.ends_with(".gz")) most_ = most_ * kDeflateRatio + 1024;
}

InputFile::~InputFile() {
  if (file_) gzclose(handle(file_));
}

void InputFile::fail(const std::string& reason) const { throw IoError(fmt::format("xgrad: {}: {}", path_, reason)); }

std::size_t InputFile::read(void* to, std::size_t n) {
  std::size_t done = 0;
  while (done < n) {
    const auto want = static_cast<unsigned>(std::min<std::size_t>(n - done, 1u << 30));
    const int got = gzread(handle(file_), static_cast<char*>(to) + done, want);
    int code = Z_OK;
    const char* message = gzerror(handle(file_), &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
      fail(fmt::format("damaged gzip stream near offset {}: {}", offset_ + done, code == Z_BUF_ERROR ? "it ends too early" : message));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  offset_ += done;
  return done;
}

void InputFile::read_exactly(void* to, std::size_t n) {
  const std::uint64_t from = offset_;
  if (const std::size_t got = read(to, n); got < n) fail(fmt::format("{} bytes expected at offset {}, {} found", n, from, got));
}

void InputFile::expect_end() {
  char more;
  if (read(&more, 1) != 0) fail(fmt::format("more data than stated after offset {}", offset_ - 1));
}

}  // namespace xgrad::data
