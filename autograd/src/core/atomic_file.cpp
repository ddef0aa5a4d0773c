#include <xgrad/atomic_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <xgrad/check.hpp>

namespace xgrad {
namespace {

// The temporary file; removed unless the write succeeded.
struct Temporary {
  const char* op;
  std::string path, name;
  Location at;
  int fd;
  bool done = false;
  // A name of its own, never one that exists: other threads may save to the same path, and a link put there by
  // somebody else must not be followed.
  Temporary(const char* caller, const std::string& target, const Location& where)
      : op(caller), name(target), at(where) {
    static std::atomic<unsigned> count{0};
    do {
      path = fmt::format("{}.tmp.{}.{}", target, getpid(), count++);
      fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    if (fd < 0) {
      done = true;  // nothing to remove
      fail();
    }
  }
  ~Temporary() {
    if (fd >= 0) close(fd);
    if (!done) unlink(path.c_str());
  }
  [[noreturn]] void fail() const {
    const int error = errno;
    // Only the folder can be missing, and saying "no such file" of a file to be written would puzzle.
    const std::string reason = error == ENOENT ? "its folder does not exist" : std::strerror(error);
    const bool old = access(name.c_str(), F_OK) == 0;
    ErrorReport(op, fmt::format("{}: cannot be written: {}{}", name, reason, old ? "; the old file is kept" : ""), at)
        .io_error();
  }
};

void write_all(const Temporary& file, const Bytes& piece) {
  const char* p = static_cast<const char*>(piece.data);
  for (std::size_t left = piece.size; left > 0;) {
    const ssize_t n = ::write(file.fd, p, left);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) file.fail();
    p += n;
    left -= static_cast<std::size_t>(n);
  }
}

}  // namespace

void write_file_atomically(const char* op, const std::string& path, const std::vector<Bytes>& pieces, Location at) {
  Temporary file(op, path, at);
  for (const Bytes& b : pieces) write_all(file, b);
  if (fsync(file.fd) != 0) file.fail();
  if (close(std::exchange(file.fd, -1)) != 0) file.fail();
  if (rename(file.path.c_str(), path.c_str()) != 0) file.fail();
  file.done = true;
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (const int dir = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
    fsync(dir);  // makes the rename durable; some file systems cannot, which loses nothing
    close(dir);
  }
}

}  // namespace xgrad
