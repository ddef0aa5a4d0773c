// Memory of tensors: what the pool holds, and how to give it back.
#pragma once

#include <cstdint>
#include <iosfwd>

#include <xgrad/export.hpp>

namespace xgrad {

struct MemoryStats {
  std::int64_t live_bytes, peak_bytes, cached_bytes;  // handed out; most ever handed out; free but kept
  std::int64_t system_allocations;                    // requests that reached the operating system
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const MemoryStats& m);
XGRAD_API MemoryStats memory_stats();
XGRAD_API void reset_peak_memory_stats();  // peak_bytes counts from what is handed out now
XGRAD_API void empty_cache();              // gives cached blocks back to the operating system

}  // namespace xgrad
