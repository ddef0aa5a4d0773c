#include "kernels/row_select.hpp"

#include <algorithm>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/copy_bytes.hpp"
#include "kernels/prefetch.hpp"

namespace xgrad::detail {
namespace {

// f(table, first, end) for the part of the rows [begin, end) of all tables that is of one table.
template <class F>
void each_table(std::int64_t begin, std::int64_t end, std::int64_t n, const F& f) {
  for (std::int64_t r = begin; r < end;) {
    const std::int64_t o = r / n, first = r % n, last = std::min(n, first + end - r);
    f(o, first, last);
    r += last - first;
  }
}

constexpr std::int64_t kLineBytes = 64;
typedef char Line __attribute__((vector_size(kLineBytes), aligned(1), may_alias));

// Rows of at least a line. The last line of a row may overlap the one before.
XGRAD_CLONES void copy_rows(const char* x, const std::int64_t* index, std::int64_t n, std::int64_t bytes, char* out) {
  for (std::int64_t j = 0; j < n; ++j) {
    const char* from = x + index[j] * bytes;
    char* to = out + j * bytes;
    for (std::int64_t k = 0; k + kLineBytes <= bytes; k += kLineBytes)
      *reinterpret_cast<Line*>(to + k) = *reinterpret_cast<const Line*>(from + k);
    const std::int64_t last = bytes - kLineBytes;
    *reinterpret_cast<Line*>(to + last) = *reinterpret_cast<const Line*>(from + last);
  }
}

// Single elements of rows, each index for several rows at a time.
template <class T>
void select_elements(const T* x, const std::int64_t* index, std::int64_t n, std::int64_t outer, std::int64_t size,
                     T* out) {
  constexpr std::int64_t kTogether = 4, kFewRows = 64;
  if (outer < kFewRows)
    return parallel_cost(outer * n, 0.5, [=](std::int64_t begin, std::int64_t end) {
      each_table(begin, end, n, [=](std::int64_t o, std::int64_t first, std::int64_t last) {
        const T* from = x + o * size;
        T* to = out + o * n;
        for (std::int64_t j = first; j < last; ++j) to[j] = from[index[j]];
      });
    });
  parallel_for(outer, grain_for(0.5 * static_cast<double>(n)), [=](std::int64_t begin, std::int64_t end) {
    std::int64_t o = begin;
    for (; o + kTogether <= end; o += kTogether)
      for (std::int64_t j = 0; j < n; ++j)
        for (std::int64_t r = o; r < o + kTogether; ++r) out[r * n + j] = x[r * size + index[j]];
    for (; o < end; ++o)
      for (std::int64_t j = 0; j < n; ++j) out[o * n + j] = x[o * size + index[j]];
  });
}

}  // namespace

template <class T>
void select_rows(const T* x, const std::int64_t* index, std::int64_t n, std::int64_t outer, std::int64_t size,
                 std::int64_t inner, T* out) {
  if (inner == 1) return select_elements(x, index, n, outer, size, out);
  const std::int64_t bytes = inner * std::int64_t{sizeof(T)};
  const double ns = 2 + 0.1 * static_cast<double>(bytes);
  // Rows of small tables are in the second level of the cache anyway.
  constexpr std::int64_t kShortRow = 1024, kSmallTable = 1 << 20;
  const bool near = bytes >= kLineBytes && bytes < kShortRow && size * bytes <= kSmallTable;
  parallel_for(outer * n, grain_for(ns), [=](std::int64_t begin, std::int64_t end) {
    each_table(begin, end, n, [=](std::int64_t o, std::int64_t first, std::int64_t last) {
      const T* from = x + o * size * inner;
      T* to = out + o * n * inner;
      if (near)
        return copy_rows(reinterpret_cast<const char*>(from), index + first, last - first, bytes,
                         reinterpret_cast<char*>(to + first * inner));
      for (std::int64_t j = first; j < last; ++j) {
        if (j + std::int64_t{kRowsAhead} < n) prefetch_row(from + index[j + kRowsAhead] * inner, bytes);
        copy_bytes(to + j * inner, from + index[j] * inner, bytes);
      }
    });
  });
}

#define XGRAD_INSTANTIATE(T) \
  template void select_rows(const T*, const std::int64_t*, std::int64_t, std::int64_t, std::int64_t, std::int64_t, T*);
XGRAD_INSTANTIATE(std::uint8_t)
XGRAD_INSTANTIATE(std::uint32_t)
XGRAD_INSTANTIATE(std::uint64_t)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::detail
