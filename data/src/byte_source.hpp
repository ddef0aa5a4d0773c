// Bytes from front to back, of a file or of a member of an archive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace xgrad::data {

class ByteSource {
 public:
  ByteSource() = default;
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Reads up to n bytes; fewer only at the end. IoError on damaged data.
  std::size_t read(void* to, std::size_t n);
  // Exactly n bytes, else fail_short.
  void read_exactly(void* to, std::size_t n);
  // Skips up to n bytes and returns how many there were.
  std::uint64_t skip(std::uint64_t n);
  // IoError when anything is left; also checks what stands at the end of compressed data (length and CRC).
  void expect_end();
  std::uint64_t offset() const { return offset_; }
  // IoError, which names the file.
  [[noreturn]] void fail(const std::string& reason) const;
  // IoError "n bytes expected at offset `from`, m found".
  [[noreturn]] void fail_short(std::uint64_t n, std::uint64_t from, std::uint64_t found) const;

 protected:
  // Throws the IoError. (GCC does not believe a virtual function that it never returns.)
  virtual void report(const std::string& reason) const = 0;
  // Some of the next n bytes, at most 2^30; 0 at the end only.
  virtual std::size_t read_some(void* to, std::size_t n) = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace xgrad::data
