// A file in the memory of the process. Pages are read when they are used; one that is written becomes a copy of the
// process's own.
#pragma once

#include <string>

#include <xgrad/error.hpp>

#include "byte_source.hpp"
#include "input_file.hpp"

namespace xgrad::data {

class FileMapping {
 public:
  // The whole of a plain file. IoError when the system refuses.
  explicit FileMapping(const InputFile& file);
  ~FileMapping();
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;

  char* begin() const { return begin_; }
  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }
  int descriptor() const { return fd_; }
  // IoError when the file has become shorter: reading a page that it lost would end the process.
  void require_whole(const char* op, const Location& at) const;

 private:
  std::string path_;
  int fd_ = -1;
  char* begin_ = nullptr;
  std::uint64_t size_ = 0;
};

// Bytes of a mapped file that are read by calls of the system, which can fail without ending the process.
class FilePart : public ByteSource {
 public:
  FilePart(const FileMapping& file, std::uint64_t begin, const char* op, const Location& at)
      : file_(file), op_(op), at_(at), next_(begin) {
    offset_ = begin;
  }

 private:
  void report(const std::string& reason) const override;
  std::size_t read_some(void* to, std::size_t n) override;
  const FileMapping& file_;
  const char* op_;
  Location at_;
  std::uint64_t next_;
};

}  // namespace xgrad::data
