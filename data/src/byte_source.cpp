#include "byte_source.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

namespace xgrad::data {

std::size_t ByteSource::read(void* to, std::size_t n) {
  std::size_t done = 0;
  while (done < n) {
    const std::size_t got = read_some(static_cast<char*>(to) + done, std::min<std::size_t>(n - done, 1u << 30));
    if (got == 0) break;
    done += got;
  }
  offset_ += done;
  return done;
}

void ByteSource::read_exactly(void* to, std::size_t n) {
  const std::uint64_t from = offset_;
  if (const std::size_t got = read(to, n); got < n) fail_short(n, from, got);
}

std::uint64_t ByteSource::skip(std::uint64_t n) {
  std::array<char, 1 << 14> unused;
  std::uint64_t done = 0;
  while (done < n) {
    const std::size_t got = read(unused.data(), std::min<std::uint64_t>(unused.size(), n - done));
    if (got == 0) break;
    done += got;
  }
  return done;
}

void ByteSource::expect_end() {
  char more;
  if (read(&more, 1) != 0) fail(fmt::format("more data than stated after offset {}", offset_ - 1));
}

void ByteSource::fail(const std::string& reason) const {
  report(reason);
  std::abort();
}

void ByteSource::fail_short(std::uint64_t n, std::uint64_t from, std::uint64_t found) const {
  fail(fmt::format("{} bytes expected at offset {}, {} found", n, from, found));
}

}  // namespace xgrad::data
