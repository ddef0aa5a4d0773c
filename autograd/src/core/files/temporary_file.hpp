// A temporary file beside the one that it will become.
#pragma once

#include <string>

#include <xgrad/descriptor.hpp>

#include "core/files/save_target.hpp"

namespace xgrad::detail {

// Its name is short, whatever the target's length, and begins with a dot. While the file is written it is locked
// (flock): a temporary that nobody has locked belongs to a process that died, on whichever side of a container's border
// it ran, and the next save to the same target removes it. Removed as well when it was not renamed.
class TemporaryFile {
 public:
  // Not open: errno says why.
  TemporaryFile(const SaveTarget& target, mode_t mode);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  explicit operator bool() const { return static_cast<bool>(file_); }
  int get() const { return file_.get(); }
  // Everything is on the disk, as far as the file system can tell; false: errno.
  bool flush() const;
  // To the target's name, in place of what is there or (`only_new`) if nothing is; false: errno.
  bool rename(bool only_new);

 private:
  bool create(mode_t mode);
  bool lock() const;

  const SaveTarget& target_;
  std::string name_;
  Descriptor file_;
};

// Flushes what can be flushed; pipes and devices cannot, which is no error.
bool flush_file(int fd);

}  // namespace xgrad::detail
