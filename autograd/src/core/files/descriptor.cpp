#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <xgrad/descriptor.hpp>

namespace xgrad {

Descriptor::Descriptor(int fd) : fd_(fd) {
  if (fd < 0 || fd > STDERR_FILENO) return;
  fd_ = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  ::close(fd);
  errno = error;
}

bool Descriptor::close() {
  if (fd_ < 0) return true;
  const int result = ::close(std::exchange(fd_, -1));
  return result == 0 || errno == EINTR;  // interrupted, it is closed all the same
}

// Both signals are sent to the thread that writes. Blocked there, they stay pending and can be taken away again, unless
// one was pending before: that one is the program's own.
ssize_t write_without_signals(int fd, const void* data, std::size_t size) {
  sigset_t ours, before, pending;
  sigemptyset(&ours);
  sigaddset(&ours, SIGPIPE);
  sigaddset(&ours, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &ours, &before);
  sigpending(&pending);
  const ssize_t n = ::write(fd, data, size);
  const int error = errno;
  if (n < 0 || static_cast<std::size_t>(n) < size) {  // a write that was cut short may have raised one too
    for (const int s : {SIGPIPE, SIGXFSZ})
      if (sigismember(&pending, s)) sigdelset(&ours, s);
    const timespec at_once{0, 0};
    while (uninterrupted([&] { return sigtimedwait(&ours, nullptr, &at_once); }) > 0) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return n;
}

bool write_whole(int fd, const void* data, std::size_t size) {
  const char* p = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = uninterrupted([&] { return write_without_signals(fd, p, size); });
    if (n == 0) errno = EIO;
    if (n <= 0) return false;
    p += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace xgrad
