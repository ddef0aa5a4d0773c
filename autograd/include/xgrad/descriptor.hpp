// File descriptors and writing to them, for a library inside somebody else's process: nothing here changes a setting
// of the process, leaks into its children or takes the place of its standard streams.
#pragma once

#include <cerrno>
#include <cstddef>
#include <sys/types.h>
#include <utility>

#include <xgrad/export.hpp>

namespace xgrad {

// The result of a system call that a signal may interrupt: calls it again until it is not (EINTR).
template <class F>
auto uninterrupted(F call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Owns a file descriptor, or none (-1). In a process whose standard streams are closed a new file gets their numbers,
// and what the program prints would end up in it: such a descriptor is moved to 3 or above, closed on exec.
class XGRAD_API Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd);
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  bool close();  // false: the system reports that data could not be written (errno)

 private:
  int fd_ = -1;
};

// As ::write, but an error is an error and never a signal: neither SIGPIPE (nobody reads) nor SIGXFSZ (over the limit
// of the process) reaches the program, whose handlers, masks and pending signals stay as they are.
XGRAD_API ssize_t write_without_signals(int fd, const void* data, std::size_t size);

// Writes everything, however often it takes; false: errno says why not.
XGRAD_API bool write_whole(int fd, const void* data, std::size_t size);

}  // namespace xgrad
