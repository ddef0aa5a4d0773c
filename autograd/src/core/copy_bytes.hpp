#pragma once

#include <cstdint>

namespace xgrad::detail {

// memcpy, of many bytes by aligned vectors where the two places differ within a line of the cache: there the string
// instruction that the C library takes on some CPUs is ten times slower.
void copy_bytes(void* to, const void* from, std::int64_t n);

}  // namespace xgrad::detail
