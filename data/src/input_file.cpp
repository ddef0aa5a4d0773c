#include "input_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <zlib.h>

#include <xgrad/check.hpp>

namespace xgrad::data {
namespace {
gzFile handle(void* f) { return static_cast<gzFile>(f); }
}  // namespace

InputFile::InputFile(const char* op, const std::string& path, const Location& at) : op_(op), path_(path), at_(at) {
  if (path.find('\0') != std::string::npos) fail("the path holds a NUL byte");
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) fail(errno == ENOENT ? "no such file" : std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail("not a regular file");
  const bool compressed = path.ends_with(".gz");
  if (compressed)
    gz_ = gzopen(path.c_str(), "rbe");
  else
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (!gz_ && fd_ < 0) fail(std::strerror(errno));
  if (gz_) gzbuffer(handle(gz_), 1 << 17);
  size_ = static_cast<std::uint64_t>(info.st_size);
  most_ = compressed ? size_ * kDeflateRatio + 1024 : size_;
}

InputFile::~InputFile() {
  if (gz_) gzclose(handle(gz_));
  if (fd_ >= 0) close(fd_);
}

void InputFile::report(const std::string& reason) const {
  ErrorReport(op_, fmt::format("{}: {}", path_.c_str(), reason), at_).io_error();
}

std::size_t InputFile::read_some(void* to, std::size_t n) {
  if (gz_) {
    const int got = gzread(handle(gz_), to, static_cast<unsigned>(n));
    int code = Z_OK;
    const char* message = gzerror(handle(gz_), &code);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
      fail(fmt::format("damaged gzip stream near offset {}: {}", offset_,
                       code == Z_BUF_ERROR ? "unexpected end of data" : message));
    return static_cast<std::size_t>(got);
  }
  ssize_t got;
  do got = ::read(fd_, to, n);
  while (got < 0 && errno == EINTR);
  if (got < 0) fail(fmt::format("cannot read at offset {}: {}", offset_, std::strerror(errno)));
  return static_cast<std::size_t>(got);
}

void InputFile::expect_bytes(std::uint64_t bytes, std::uint64_t kept_bytes) {
  const auto too_short = [&](const char* at_most, std::uint64_t found) {
    fail(fmt::format("{} bytes of data expected, {}{} found", bytes, at_most, found));
  };
  const std::uint64_t begin = offset_, left = most_ - std::min(most_, begin);
  if (bytes > left) too_short(compressed() ? "at most " : "", left);
  if (kept_bytes <= memory_for(size_)) return;
  if (const std::uint64_t found = skip(bytes); found < bytes) too_short("", found);
  rewind();
  skip(begin);
}

void InputFile::rewind() {
  const bool moved = gz_ ? gzrewind(handle(gz_)) == 0 : lseek(fd_, 0, SEEK_SET) == 0;
  if (!moved) fail("cannot seek to the beginning");
  offset_ = 0;
}

void InputFile::read_at(std::uint64_t offset, void* to, std::size_t n) const {
  for (std::size_t done = 0; done < n;) {
    const ssize_t got = pread(fd_, static_cast<char*>(to) + done, n - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(fmt::format("cannot read at offset {}: {}", offset + done, std::strerror(errno)));
    if (got == 0) fail_short(n, offset, done);
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace xgrad::data
