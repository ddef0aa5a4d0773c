// A file read from front to back; one whose name ends in .gz is decompressed on the way, others never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <xgrad/error.hpp>

namespace xgrad::data {

class InputFile {
 public:
  // For op, called at `at`. IoError when it cannot be opened.
  InputFile(const char* op, const std::string& path, const Location& at);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Reads up to n bytes; fewer only at the end. IoError on a damaged gzip stream.
  std::size_t read(void* to, std::size_t n);
  // Exactly n bytes, else IoError "expected n more bytes at offset o, found m".
  void read_exactly(void* to, std::size_t n);
  // IoError when anything is left; also checks the gzip trailer (length and CRC).
  void expect_end();
  // No content can be longer than this: the size of a plain file, 1032 times that of a compressed one (deflate's limit).
  bool compressed() const { return gz_ != nullptr; }
  std::uint64_t most_bytes() const { return most_; }
  std::uint64_t offset() const { return offset_; }
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  std::size_t read_some(void* to, std::size_t n);

  const char* op_;
  std::string path_;
  Location at_;
  void* gz_ = nullptr;  // one of the two, by the name's suffix
  int fd_ = -1;
  std::uint64_t offset_ = 0, most_ = 0;
};

}  // namespace xgrad::data
