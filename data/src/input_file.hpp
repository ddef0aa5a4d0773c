// A file read from front to back; one whose name ends in .gz is decompressed on the way, others never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <xgrad/error.hpp>

namespace xgrad::data {

// Reading takes at most 4 times the file (or what a compressed one really holds) plus 64 MiB. Readers promise
// themselves less, so that buffers and the program find room in those 64 MiB too.
constexpr std::uint64_t memory_for(std::uint64_t file_bytes) { return 4 * file_bytes + (40 << 20); }

class InputFile {
 public:
  // For op, called at `at`. IoError when it cannot be opened.
  InputFile(const char* op, const std::string& path, const Location& at);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Reads up to n bytes; fewer only at the end. IoError on a damaged gzip stream.
  std::size_t read(void* to, std::size_t n);
  // Exactly n bytes, else fail_short.
  void read_exactly(void* to, std::size_t n);
  // Skips up to n bytes and returns how many there were.
  std::uint64_t skip(std::uint64_t n);
  // Back to the beginning.
  void rewind();
  // IoError when anything is left; also checks the gzip trailer (length and CRC).
  void expect_end();
  // The size of the file itself; no content can be longer than most_bytes(): the size of a plain file, 1032 times that
  // of a compressed one (deflate's limit).
  bool compressed() const { return gz_ != nullptr; }
  std::uint64_t file_bytes() const { return size_; }
  std::uint64_t most_bytes() const { return most_; }
  std::uint64_t offset() const { return offset_; }
  [[noreturn]] void fail(const std::string& reason) const;
  // IoError "n bytes expected at offset `from`, m found".
  [[noreturn]] void fail_short(std::uint64_t n, std::uint64_t from, std::uint64_t found) const;

 private:
  std::size_t read_some(void* to, std::size_t n);

  const char* op_;
  std::string path_;
  Location at_;
  void* gz_ = nullptr;  // one of the two, by the name's suffix
  int fd_ = -1;
  std::uint64_t offset_ = 0, size_ = 0, most_ = 0;
};

}  // namespace xgrad::data
