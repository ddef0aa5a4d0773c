#pragma once

#include <cstdint>

namespace xgrad::detail {

// How many rows ahead of the copy of scattered rows memory is asked for.
inline constexpr unsigned kRowsAhead = 2;

// Asks for a row that is copied soon, into the second level of the cache. Rows of a few kilobytes that lie all over a
// large array are copied 1.8 times as fast: the processor's own prefetching begins anew with every row. Shorter rows
// do not pay for it, longer ones do not need it. Always inlined, and only from functions that do something else as
// well: GCC drops calls of a function that does nothing but prefetch.
[[gnu::always_inline]] inline void prefetch_row(const void* row, std::int64_t bytes) {
  constexpr std::int64_t kLine = 64, kShortest = 256, kLongest = 16 << 10;
  if (bytes < kShortest || bytes > kLongest) return;
  for (std::int64_t i = 0; i < bytes; i += kLine) __builtin_prefetch(static_cast<const char*>(row) + i, 0, 2);
}

}  // namespace xgrad::detail
