#pragma once

#include <string>
#include <vector>

#include <xgrad/error.hpp>

namespace xgrad {

struct Bytes {
  const void* data;
  std::size_t size;
};

// Makes the pieces, one after the other, the content of `path`, for the caller `op`. A file is replaced as a whole: a
// temporary file in the same folder, write, fsync, rename, fsync of the folder. On any failure, a kill included, the
// old file stays as it was. What is there is respected:
// - Through symbolic links the file behind them is replaced, or made where there is none yet; the links stay.
// - An old file's mode, owner, group and ACL are kept as far as the process may set them, and a file that the process
//   may not write is not replaced. A new one gets 0666 less the umask.
// - Another name of the old file (a hard link) keeps the old content.
// - What is no file (FIFO, device, terminal, /dev/stdout and the like) is written to directly and stays what it is; an
//   error in the middle leaves what was written. For a FIFO's reader it waits a few seconds.
// - Temporary files that killed processes left for the same target are removed.
// ValueError: a NUL character in the path. IoError: anything else; names path and reason.
XGRAD_API void write_file_atomically(const char* op, const std::string& path, const std::vector<Bytes>& pieces,
                                     Location at);

// The same for a name that must not exist yet, not even as a link: false, and nothing is changed, if it does.
XGRAD_API bool write_new_file_atomically(const char* op, const std::string& path, const std::vector<Bytes>& pieces,
                                         Location at);

}  // namespace xgrad
