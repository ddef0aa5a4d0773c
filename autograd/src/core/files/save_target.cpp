#include "core/files/save_target.hpp"

#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/magic.h>

#include <xgrad/check.hpp>

namespace xgrad::detail {
namespace {

constexpr int kMostLinks = 40;  // as many as Linux follows
constexpr std::chrono::seconds kWaitForReader{5};

// Read permission is needed to list the folder and to flush it, but not to save in it.
Descriptor open_folder(int base, const char* folder) {
  const int flags = O_DIRECTORY | O_CLOEXEC;
  const int fd = uninterrupted([&] { return openat(base, folder, O_RDONLY | flags); });
  return Descriptor(fd < 0 && errno == EACCES ? openat(base, folder, O_PATH | flags) : fd);
}

// `base`: the folder from which a relative path counts. Everything after goes through the open folder, so that another
// thread's chdir, or a folder renamed in the meantime, does not lead elsewhere.
SaveTarget split(int base, const std::string& path, const SaveFailure& fail) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  SaveTarget t{open_folder(base, folder.c_str()), path.substr(slash + 1), {}};
  // Only the folder can be missing, and saying "no such file" of a file to be written would puzzle.
  if (!t.folder && errno == ENOENT) fail("its folder does not exist");
  if (!t.folder) fail(errno);
  if (t.name.empty()) fail("it ends in '/', so it names a directory");
  return t;
}

bool is_link_to_open_file(const SaveTarget& link) {
  struct statfs s;
  return fstatfs(link.folder.get(), &s) == 0 && s.f_type == PROC_SUPER_MAGIC;
}

std::string text_of(const SaveTarget& link, const SaveFailure& fail) {
  char text[PATH_MAX];
  const ssize_t n = readlinkat(link.folder.get(), link.name.c_str(), text, sizeof text);
  if (n < 0) fail(errno);
  if (n == sizeof text) fail(ENAMETOOLONG);
  return {text, static_cast<std::size_t>(n)};
}

// One step along a link. The system looks at it first: it refuses to follow links that others put into a shared folder
// (protected_symlinks), and circles.
SaveTarget follow(const SaveTarget& link, SaveFailure& fail) {
  const Descriptor end(openat(link.folder.get(), link.name.c_str(), O_PATH | O_CLOEXEC));
  if (!end && errno != ENOENT) fail(errno);
  fail.link = text_of(link, fail);
  return split(link.folder.get(), fail.link, fail);
}

bool is_fifo(const SaveTarget& t) {
  struct stat s;
  return fstatat(t.folder.get(), t.name.c_str(), &s, 0) == 0 && S_ISFIFO(s.st_mode);
}

}  // namespace

void SaveFailure::operator()(const std::string& reason) const {
  ErrorReport report(op, fmt::format("{}: cannot be written: {}{}", path, reason, note), at);
  if (!link.empty()) report.line("link", "leads to " + link);
  report.io_error();
}

void SaveFailure::operator()(int error) const { (*this)(std::string(std::strerror(error))); }

SaveTarget split_save_target(const SaveFailure& fail) {
  if (const auto nul = fail.path.find('\0'); nul != std::string::npos)
    ErrorReport(fail.op, fmt::format("the path has a NUL character after '{}'", fail.path.substr(0, nul)), fail.at)
        .value_error();
  if (fail.path.empty()) fail("the path is empty");
  return split(AT_FDCWD, fail.path, fail);
}

SaveTarget find_save_target(SaveFailure& fail) {
  SaveTarget t = split_save_target(fail);
  for (int links = 0;; ++links) {
    struct stat s;
    if (fstatat(t.folder.get(), t.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) fail(errno);
      return t;
    }
    if (S_ISDIR(s.st_mode)) fail(EISDIR);
    if (!S_ISLNK(s.st_mode)) {
      t.kind = S_ISREG(s.st_mode) ? SaveTarget::Kind::file : SaveTarget::Kind::stream;
      return t;
    }
    if (is_link_to_open_file(t)) {
      t.kind = SaveTarget::Kind::link_to_open_file;
      return t;
    }
    if (links == kMostLinks) fail(ELOOP);
    t = follow(t, fail);
  }
}

Descriptor open_stream(const SaveTarget& t) {
  // Not to wait in open for ever when nobody reads from a FIFO; writing may wait.
  const bool link = t.kind == SaveTarget::Kind::link_to_open_file;
  const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (link ? O_TRUNC : O_NOFOLLOW);
  const auto deadline = std::chrono::steady_clock::now() + kWaitForReader;
  for (;;) {
    Descriptor fd(uninterrupted([&] { return openat(t.folder.get(), t.name.c_str(), flags); }));
    if (fd) fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    if (fd || errno != ENXIO || !is_fifo(t)) return fd;
    if (std::chrono::steady_clock::now() > deadline) {
      errno = ENXIO;
      return fd;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace xgrad::detail
