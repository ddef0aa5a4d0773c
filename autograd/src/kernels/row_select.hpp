// Rows of a table by their numbers.
#pragma once

#include <cstdint>

namespace xgrad::detail {

// (outer, size, inner) elements of T, an unsigned integer, of which out gets the rows index[0] ... index[n - 1] of each
// of the outer tables: (outer, n, inner). All indices are valid.
template <class T>
void select_rows(const T* x, const std::int64_t* index, std::int64_t n, std::int64_t outer, std::int64_t size,
                 std::int64_t inner, T* out);

}  // namespace xgrad::detail
