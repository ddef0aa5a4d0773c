// Who made the memory that is alive: what a MemoryTracker writes down, for memory_report().
#pragma once

#include <atomic>

#include <xgrad/error.hpp>

namespace xgrad::detail {

struct Storage;

// Whether there are rows: a MemoryTracker lives, or some memory of its time does.
extern std::atomic<bool> memory_rows;
// While a Profile watches, memory is tracked without rows.
void watch_memory(bool on) noexcept;

// The operation whose result this memory became. (Storage knows only which checks ran last.)
void describe_memory(const Storage* s, const char* op, const Location& at);
// One more node, or one less, has saved a tensor in this memory.
void count_saved_memory(const Storage* s, bool more) noexcept;
// It belongs to a parameter of a module.
void note_parameter_memory(const Storage* s) noexcept;

}  // namespace xgrad::detail
