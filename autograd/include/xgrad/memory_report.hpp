// Which lines of the program keep how much memory alive.
//
//   const MemoryTracker watch;
//   ... a step ...
//   std::cout << memory_report();
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <xgrad/error.hpp>
#include <xgrad/export.hpp>

namespace xgrad {

// While one lives, all memory that tensors get is written down together with the operation that asked for it, on every
// thread. It costs about as much as an operation on a small tensor, for each of them: for looking, not for training.
class XGRAD_API MemoryTracker {
 public:
  [[nodiscard("a tracker without a name ends at once")]] MemoryTracker();
  ~MemoryTracker();
  MemoryTracker(const MemoryTracker&) = delete;
  MemoryTracker& operator=(const MemoryTracker&) = delete;
};

// Memory of one kind that came from one place.
struct MemoryRow {
  // result: held by the program alone. saved: by the tape, for a backward pass. gradient: made by a backward pass.
  // parameter: of a module. Of several the first that holds, in the order parameter, saved, gradient, result.
  enum class Reason { result, saved, gradient, parameter };
  Location at;            // the line of the program; line 0 when it is not known
  std::string operation;  // "matmul"; of a gradient, the operation whose backward pass made it
  std::string module;     // "net.fc1", or ""
  std::int64_t bytes = 0, blocks = 0;
  Reason reason = Reason::result;
};
XGRAD_API const char* name(MemoryRow::Reason reason);  // "saved for backward"

// What was made while a MemoryTracker lived and is alive now, the most bytes first. Memory is counted once, however
// many tensors share it, at the place that made it, and that of from_blob() not at all. ValueError: nothing was
// tracked.
XGRAD_API std::vector<MemoryRow> memory_report(Location at = Location::current());
// A table, with the sum below. Rows that differ in the module alone are one line: "16 x 1.0 MiB".
XGRAD_API std::ostream& operator<<(std::ostream& os, const std::vector<MemoryRow>& report);

}  // namespace xgrad
