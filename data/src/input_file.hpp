// A file read from front to back; one whose name ends in .gz is decompressed on the way, others never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <xgrad/error.hpp>

#include "byte_source.hpp"

namespace xgrad::data {

// Reading takes at most 4 times the file (or what a compressed one really holds) plus 64 MiB. Readers promise
// themselves less, so that buffers and the program find room in those 64 MiB too.
constexpr std::uint64_t memory_for(std::uint64_t file_bytes) { return 4 * file_bytes + (40 << 20); }

constexpr std::uint64_t kDeflateRatio = 1032;  // no byte of deflate becomes more

class InputFile : public ByteSource {
 public:
  // For op, called at `at`. IoError when it cannot be opened.
  InputFile(const char* op, const std::string& path, const Location& at);
  ~InputFile() override;

  // A header alone does not decide how much memory is allocated: IoError unless the size of the file allows that
  // `bytes` follow, or else, where keeping them takes more memory than the file may cost, the content of a compressed
  // one, which is then decompressed once to be counted.
  void expect_bytes(std::uint64_t bytes, std::uint64_t kept_bytes);
  // Back to the beginning.
  void rewind();
  // n bytes at `offset` of a plain file, wherever reading from front to back stands; else fail_short.
  void read_at(std::uint64_t offset, void* to, std::size_t n) const;
  // The size of the file itself; no content can be longer than most_bytes(): the size of a plain file, 1032 times that
  // of a compressed one (deflate's limit).
  bool compressed() const { return gz_ != nullptr; }
  std::uint64_t file_bytes() const { return size_; }
  std::uint64_t most_bytes() const { return most_; }
  const std::string& path() const { return path_; }
  int descriptor() const { return fd_; }  // of a plain file; stays with this object

 private:
  void report(const std::string& reason) const override;
  std::size_t read_some(void* to, std::size_t n) override;

  const char* op_;
  std::string path_;
  Location at_;
  void* gz_ = nullptr;  // one of the two, by the name's suffix
  int fd_ = -1;
  std::uint64_t size_ = 0, most_ = 0;
};

}  // namespace xgrad::data
