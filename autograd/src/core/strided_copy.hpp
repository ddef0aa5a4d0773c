#pragma once

#include <cstdint>

namespace xgrad::detail {

inline constexpr int kMaxCopyRank = 8;

// Elements of one type in memory: distances in bytes, 0 where one element stands for all.
struct StridedMemory {
  char* data;
  std::int64_t strides[kMaxCopyRank];
};

// to[index] = from[index] for every index below `sizes`, of elements of 1, 4 or 8 bytes. Over several threads when
// large. The operands do not overlap, or are the same memory.
void strided_copy(int item, int rank, const std::int64_t* sizes, const StridedMemory& to, const StridedMemory& from);

}  // namespace xgrad::detail
