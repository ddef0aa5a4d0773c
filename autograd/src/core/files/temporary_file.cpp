#include "core/files/temporary_file.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/fs.h>

namespace xgrad::detail {
namespace {

constexpr const char* kSuffix = ".xgrad-tmp";

// The same for all temporaries of a target (FNV-1a of its name).
std::string prefix_for(const std::string& target) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : target) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format(".{:016x}.", hash);
}

// A name that was never used before.
std::string new_name(const std::string& target) {
  static std::atomic<unsigned> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return fmt::format("{}{:x}-{:x}-{:x}{}", prefix_for(target), now, getpid(), count++, kSuffix);
}

bool try_lock(int fd) {
  return uninterrupted([&] { return flock(fd, LOCK_EX | LOCK_NB); }) == 0;
}

void remove_if_abandoned(int folder, const char* name) {
  const Descriptor file(openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file && try_lock(file.get())) unlinkat(folder, name, 0);
}

// Leftovers that cannot be listed or removed stay: no reason not to save.
void remove_leftovers(const SaveTarget& target) {
  const int list = openat(target.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (list < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(list), closedir);
  if (!entries) {
    close(list);
    return;
  }
  const std::string prefix = prefix_for(target.name);
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix) && name.ends_with(kSuffix)) remove_if_abandoned(target.folder.get(), entry->d_name);
  }
}

}  // namespace

TemporaryFile::TemporaryFile(const SaveTarget& target, mode_t mode) : target_(target) {
  remove_leftovers(target);
  for (int attempt = 0; attempt < 100; ++attempt)
    if (create(mode) || errno != EEXIST) return;
}

TemporaryFile::~TemporaryFile() {
  if (file_) unlinkat(target_.folder.get(), name_.c_str(), 0);  // while it is locked
}

// O_EXCL: a name of its own, and a link put there by somebody else is not followed. EEXIST: try another one.
bool TemporaryFile::create(mode_t mode) {
  name_ = new_name(target_.name);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  file_ = Descriptor(uninterrupted([&] { return openat(target_.folder.get(), name_.c_str(), flags, mode); }));
  if (!file_) return false;
  if (lock()) return true;
  file_ = Descriptor();
  errno = EEXIST;
  return false;
}

// Between the file's creation and its lock another saver may have taken it for a leftover: then it is, or soon will be,
// removed. Where there are no locks, nobody removes anything.
bool TemporaryFile::lock() const {
  if (!try_lock(file_.get())) return errno != EWOULDBLOCK;
  struct stat s;
  return fstatat(target_.folder.get(), name_.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0;
}

// Some file systems report only in close that they could not write; the duplicate is closed, and the lock stays.
bool TemporaryFile::flush() const {
  if (!flush_file(file_.get())) return false;
  Descriptor copy(fcntl(file_.get(), F_DUPFD_CLOEXEC, 3));
  return copy && copy.close();
}

bool TemporaryFile::rename(bool only_new) {
  const int folder = target_.folder.get();
  const char *from = name_.c_str(), *to = target_.name.c_str();
  if (!only_new) {
    if (renameat(folder, from, folder, to) != 0) return false;
  } else if (syscall(SYS_renameat2, folder, from, folder, to, RENAME_NOREPLACE) != 0) {
    // Where this flag is not known there are links.
    if ((errno != EINVAL && errno != ENOSYS) || linkat(folder, from, folder, to, 0) != 0) return false;
    unlinkat(folder, from, 0);
  }
  file_ = Descriptor();
  uninterrupted([&] { return fsync(folder); });  // makes it durable; some file systems cannot, which loses nothing
  return true;
}

bool flush_file(int fd) {
  return uninterrupted([&] { return fsync(fd); }) == 0 || errno == EINVAL || errno == EROFS || errno == EOPNOTSUPP;
}

}  // namespace xgrad::detail
