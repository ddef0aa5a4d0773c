#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <xgrad/detail/atomic_file.hpp>

#include "core/files/save_target.hpp"
#include "core/files/temporary_file.hpp"

namespace xgrad {
namespace {

using detail::SaveFailure;
using detail::SaveTarget;
using detail::TemporaryFile;

// The access control list, present or absent, from one file to the other; false: not all of it.
bool keep_acl(int from, int to) {
  constexpr const char* kAcl = "system.posix_acl_access";
  char list[4096];
  const ssize_t n = fgetxattr(from, kAcl, list, sizeof list);
  if (n > 0) return fsetxattr(to, kAcl, list, static_cast<std::size_t>(n), 0) == 0;
  const bool none = errno == ENODATA || errno == EOPNOTSUPP;
  fremovexattr(to, kAcl);  // one that it inherited from the folder
  return none;
}

// The new file is the old one's heir. Another owner can be kept by root alone, and some file systems have neither
// owners nor modes: then the file stays readable for its owner only. Where the group's rights would go to another
// group, or to users whom a lost ACL kept out, the group gets no more than everybody.
void keep_permissions(int from, int to) {
  struct stat old;
  if (fstat(from, &old) != 0) return;
  const bool same_group =
      fchown(to, old.st_uid, old.st_gid) == 0 || fchown(to, static_cast<uid_t>(-1), old.st_gid) == 0;
  const bool same_acl = keep_acl(from, to);
  mode_t mode = old.st_mode & 0777;
  if (!same_group || !same_acl) mode &= ~mode_t{070} | (mode & 07) << 3;
  fchmod(to, mode);
}

bool write_pieces(int fd, const std::vector<Bytes>& pieces) {
  for (const Bytes& piece : pieces)
    if (!write_whole(fd, piece.data, piece.size)) return false;
  return true;
}

void write_stream(const SaveTarget& target, const std::vector<Bytes>& pieces, const SaveFailure& fail) {
  Descriptor stream = detail::open_stream(target);
  if (!stream && errno == ENXIO) fail("nobody reads from it (No such device or address)");
  if (!stream || !write_pieces(stream.get(), pieces) || !detail::flush_file(stream.get()) || !stream.close())
    fail(errno);
}

void write_file(const SaveTarget& target, const std::vector<Bytes>& pieces, SaveFailure& fail) {
  Descriptor old;
  if (target.kind == SaveTarget::Kind::file) {
    fail.note = "; the old file is kept";
    // Whoever may not write the file may not replace it either, although the folder alone would allow it.
    const int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    old = Descriptor(uninterrupted([&] { return openat(target.folder.get(), target.name.c_str(), flags); }));
    if (!old) fail(errno);
  }
  TemporaryFile file(target, old ? 0600 : 0666);
  if (!file && errno == EACCES) fail("Permission denied to make a file in its folder");
  if (!file || !write_pieces(file.get(), pieces)) fail(errno);
  if (old) keep_permissions(old.get(), file.get());
  if (!file.flush() || !file.rename(/*only_new=*/false)) fail(errno);
}

}  // namespace

void write_file_atomically(const char* op, const std::string& path, const std::vector<Bytes>& pieces, Location at) {
  SaveFailure fail{op, path, at};
  const SaveTarget target = detail::find_save_target(fail);
  const bool replace = target.kind == SaveTarget::Kind::absent || target.kind == SaveTarget::Kind::file;
  if (replace)
    write_file(target, pieces, fail);
  else
    write_stream(target, pieces, fail);
}

bool write_new_file_atomically(const char* op, const std::string& path, const std::vector<Bytes>& pieces, Location at) {
  const SaveFailure fail{op, path, at};
  const SaveTarget target = detail::split_save_target(fail);
  struct stat s;
  if (fstatat(target.folder.get(), target.name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) return false;
  TemporaryFile file(target, 0666);
  if (!file || !write_pieces(file.get(), pieces) || !file.flush()) fail(errno);
  if (file.rename(/*only_new=*/true)) return true;
  if (errno != EEXIST) fail(errno);
  return false;
}

}  // namespace xgrad
