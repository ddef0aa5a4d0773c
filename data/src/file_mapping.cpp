#include "file_mapping.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>

namespace xgrad::data {

FileMapping::FileMapping(const InputFile& file) : path_(file.path()), size_(file.file_bytes()) {
  fd_ = fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (fd_ < 0) file.fail(std::strerror(errno));
  if (size_ == 0) return;
  void* p = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd_, 0);
  if (p == MAP_FAILED) {
    const int problem = errno;
    close(fd_);
    file.fail(fmt::format("cannot be mapped: {}", std::strerror(problem)));
  }
  begin_ = static_cast<char*>(p);
}

FileMapping::~FileMapping() {
  if (begin_) munmap(begin_, size_);
  close(fd_);
}

void FileMapping::require_whole(const char* op, const Location& at) const {
  struct stat info {};
  const bool known = fstat(fd_, &info) == 0;
  if (known && static_cast<std::uint64_t>(info.st_size) >= size_) return;
  const std::string reason =
      known ? fmt::format("the file had {} bytes when it was opened and has {} now", size_, info.st_size)
            : std::strerror(errno);
  ErrorReport(op, fmt::format("{}: {}", path_, reason), at).io_error();
}

void FilePart::report(const std::string& reason) const {
  ErrorReport(op_, fmt::format("{}: {}", file_.path(), reason), at_).io_error();
}

std::size_t FilePart::read_some(void* to, std::size_t n) {
  ssize_t got;
  do got = pread(file_.descriptor(), to, n, static_cast<off_t>(next_));
  while (got < 0 && errno == EINTR);
  if (got < 0) fail(fmt::format("cannot read at offset {}: {}", next_, std::strerror(errno)));
  next_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

}  // namespace xgrad::data
