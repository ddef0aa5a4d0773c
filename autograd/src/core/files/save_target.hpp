// Where a saved file really goes: behind symbolic links, in which folder, and what is there now.
#pragma once

#include <string>

#include <xgrad/descriptor.hpp>
#include <xgrad/error.hpp>

namespace xgrad::detail {

// Who saves where, for the message when it fails.
struct SaveFailure {
  const char* op;
  const std::string& path;
  Location at;
  std::string note = {};  // added to the reason
  std::string link = {};  // what the last link in the way leads to
  [[noreturn]] void operator()(const std::string& reason) const;
  [[noreturn]] void operator()(int error) const;
};

struct SaveTarget {
  // A stream is what cannot be replaced by a file without losing it; /proc's links to open files count, because only
  // the system can follow them.
  enum class Kind { absent, file, stream, link_to_open_file };
  Descriptor folder;
  std::string name;  // in the folder
  Kind kind = Kind::absent;
};

// ValueError for a path that no file can have; IoError for a folder, a circle of links, links that the system refuses.
SaveTarget find_save_target(SaveFailure& fail);
// The file's name and folder alone, with no link followed.
SaveTarget split_save_target(const SaveFailure& fail);

// A stream opened for writing; waits a few seconds for the reader of a FIFO. Not open: errno says why.
Descriptor open_stream(const SaveTarget& target);

}  // namespace xgrad::detail
