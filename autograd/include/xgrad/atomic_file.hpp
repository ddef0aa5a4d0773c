#pragma once

#include <string>
#include <vector>

#include <xgrad/error.hpp>

namespace xgrad {

// Replaces `path` by the pieces, one after the other: temporary file in the same folder, write, fsync, rename, fsync of
// the folder. On any failure the old file stays as it was and an IoError names path and reason, for the caller `op`.
struct Bytes {
  const void* data;
  std::size_t size;
};
XGRAD_API void write_file_atomically(const char* op, const std::string& path, const std::vector<Bytes>& pieces,
                                     Location at);

}  // namespace xgrad
