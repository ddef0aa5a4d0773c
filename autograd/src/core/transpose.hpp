#pragma once

#include <cstdint>

namespace xgrad::detail {

// out[j * ldo + i] = in[i * ldi + j] for i < rows, j < cols; distances in elements of 1, 4 or 8 bytes (others one by
// one). Over several threads when large.
void transpose_copy(std::int64_t element_size, std::int64_t rows, std::int64_t cols, const void* in, std::int64_t ldi,
                    void* out, std::int64_t ldo);

}  // namespace xgrad::detail
