// Copies between any two layouts. The dimensions are put in the order of the written memory and merged; then the inner
// loop is the best that the strides allow: whole rows, squares of a transposed matrix, or single elements.
#include "core/strided_copy.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/copy_bytes.hpp"
#include "core/transpose.hpp"

namespace xgrad::detail {
namespace {

struct Dim {
  std::int64_t size, to, from;
};

struct Copy {
  int item, rank = 0;
  char* to;
  const char* from;
  Dim dims[kMaxCopyRank];
  Dim& last() { return dims[rank - 1]; }
};

// Largest steps of the written memory first, without dimensions of one element, neighbours merged.
Copy plan(int item, int rank, const std::int64_t* sizes, const StridedMemory& to, const StridedMemory& from) {
  Copy c{item, 0, to.data, from.data, {}};
  Dim found[kMaxCopyRank];
  int n = 0;
  for (int d = 0; d < rank; ++d) {
    if (sizes[d] == 1) continue;
    int at = n++;
    for (; at > 0 && found[at - 1].to < to.strides[d]; --at) found[at] = found[at - 1];
    found[at] = {sizes[d], to.strides[d], from.strides[d]};
  }
  for (int d = 0; d < n; ++d) {
    const Dim& f = found[d];
    if (c.rank > 0 && c.last().to == f.to * f.size && c.last().from == f.from * f.size)
      c.last() = {c.last().size * f.size, f.to, f.from};
    else
      c.dims[c.rank++] = f;
  }
  return c;
}

template <class E>
XGRAD_INLINE void copy_row(std::int64_t n, E* to, std::int64_t to_step, const E* from, std::int64_t from_step) {
  if (to_step == 1 && from_step == 1) {
    if (n * static_cast<std::int64_t>(sizeof(E)) >= 128) {
      copy_bytes(to, from, n * static_cast<std::int64_t>(sizeof(E)));
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
  } else if (to_step == 1 && from_step == 0) {
    std::fill_n(to, n, *from);
  } else if (to_step == 1 && from_step == -1) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[-i];
  } else if (to_step == 1 && from_step == 2) {  // steps that the compiler knows become shuffles
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[2 * i];
  } else if (to_step == 2 && from_step == 1) {
    for (std::int64_t i = 0; i < n; ++i) to[2 * i] = from[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
  }
}

template <class E>
XGRAD_CLONES void copy_rows(const Dim& planes, const Dim& rows, const Dim& row, char* to, const char* from) {
  constexpr std::int64_t size = sizeof(E);
  const std::int64_t to_step = row.to / size, from_step = row.from / size;
  for (std::int64_t p = 0; p < planes.size; ++p, to += planes.to, from += planes.from)
    for (std::int64_t i = 0; i < rows.size; ++i)
      copy_row(row.size, reinterpret_cast<E*>(to + i * rows.to), to_step,
               reinterpret_cast<const E*>(from + i * rows.from), from_step);
}

void copy_matrices(int item, const Dim& planes, Dim rows, Dim row, char* to, const char* from) {
  constexpr std::int64_t kShort = 4;  // elements, too few for a loop of their own
  if (row.size < kShort && row.size < rows.size) std::swap(rows, row);
  switch (item) {
    case 1:
      return copy_rows<std::uint8_t>(planes, rows, row, to, from);
    case 4:
      return copy_rows<std::uint32_t>(planes, rows, row, to, from);
    default:
      return copy_rows<std::uint64_t>(planes, rows, row, to, from);
  }
}

// f(to, from, n) for [begin, end) of the indices of the first `rank` dimensions in order, n neighbours along the last
// of them at a time.
template <class F>
void for_runs(const Copy& c, int rank, std::int64_t begin, std::int64_t end, const F& f) {
  std::int64_t index[kMaxCopyRank], rest = begin, to = 0, from = 0;
  for (int d = rank - 1; d >= 0; --d) {
    index[d] = rest % c.dims[d].size;
    rest /= c.dims[d].size;
    to += index[d] * c.dims[d].to;
    from += index[d] * c.dims[d].from;
  }
  for (std::int64_t i = begin; i < end;) {
    const std::int64_t n = rank == 0 ? 1 : std::min(c.dims[rank - 1].size - index[rank - 1], end - i);
    f(c.to + to, c.from + from, n);
    i += n;
    std::int64_t step = n;
    for (int d = rank - 1; d >= 0 && step > 0; --d) {
      const Dim& dim = c.dims[d];
      const bool carry = index[d] + step == dim.size;
      const std::int64_t by = carry ? -index[d] : step;
      index[d] += by;
      to += by * dim.to;
      from += by * dim.from;
      step = carry ? 1 : 0;
    }
  }
}
// f(to, from) at each of them.
template <class F>
void for_places(const Copy& c, int rank, std::int64_t begin, std::int64_t end, const F& f) {
  const Dim last = rank > 0 ? c.dims[rank - 1] : Dim{1, 0, 0};
  for_runs(c, rank, begin, end, [&](char* to, const char* from, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) f(to + i * last.to, from + i * last.from);
  });
}

std::int64_t places(const Copy& c, int rank) {
  std::int64_t n = 1;
  for (int d = 0; d < rank; ++d) n *= c.dims[d].size;
  return n;
}

double nanoseconds(const Copy& c, const Dim& row) {  // an element
  return row.to == c.item && std::abs(row.from) <= c.item ? 0.04 * c.item : 0.5;
}

// Matrices of the last two dimensions; one alone is shared out by its rows, a single row by its elements.
void copy_by_rows(const Copy& c) {
  const Dim row = c.rank > 0 ? c.dims[c.rank - 1] : Dim{1, c.item, c.item};
  const Dim rows = c.rank > 1 ? c.dims[c.rank - 2] : Dim{1, 0, 0};
  const double ns = nanoseconds(c, row);
  const Dim plane = c.rank > 2 ? c.dims[c.rank - 3] : Dim{1, 0, 0};
  const int outer = std::max(0, c.rank - 2);
  const std::int64_t matrices = places(c, outer);
  const auto matrix_ns = ns * static_cast<double>(rows.size * row.size);
  if (matrices >= 8 || matrix_ns < kThreadNs) {
    parallel_for(matrices, grain_for(matrix_ns), [&](std::int64_t begin, std::int64_t end) {
      for_runs(c, outer, begin, end, [&](char* to, const char* from, std::int64_t n) {
        copy_matrices(c.item, {n, plane.to, plane.from}, rows, row, to, from);
      });
    });
    return;
  }
  const bool by_rows = rows.size >= 8;
  const Dim& shared = by_rows ? rows : row;
  const double part_ns = ns * static_cast<double>(by_rows ? row.size : rows.size);
  for_places(c, outer, 0, matrices, [&](char* to, const char* from) {
    parallel_cost(shared.size, part_ns, [&](std::int64_t begin, std::int64_t end) {
      const Dim part{end - begin, shared.to, shared.from};
      copy_matrices(c.item, {1, 0, 0}, by_rows ? part : rows, by_rows ? row : part, to + begin * shared.to,
                    from + begin * shared.from);
    });
  });
}

// The dimension in which `from` is contiguous, forwards or backwards, when it is not the one in which `to` is; -1:
// none.
int turned_dimension(const Copy& c) {
  constexpr std::int64_t kWorthSquares = 4;
  if (c.rank < 2 || c.dims[c.rank - 1].to != c.item || std::abs(c.dims[c.rank - 1].from) <= c.item) return -1;
  if (c.dims[c.rank - 1].size < kWorthSquares) return -1;
  for (int d = 0; d < c.rank - 1; ++d)
    if (std::abs(c.dims[d].from) == c.item && c.dims[d].size >= kWorthSquares) return d;
  return -1;
}

void copy_turned(Copy c, int turned) {
  if (Dim& d = c.dims[turned]; d.from < 0) {  // from its other end, written backwards
    c.to += (d.size - 1) * d.to;
    c.from += (d.size - 1) * d.from;
    d.to = -d.to;
    d.from = -d.from;
  }
  std::rotate(c.dims + turned, c.dims + turned + 1, c.dims + c.rank - 1);  // before the last
  const Dim &rows = c.dims[c.rank - 1], &cols = c.dims[c.rank - 2];
  const std::int64_t matrices = places(c, c.rank - 2);
  const auto matrix_ns = 0.1 * c.item * static_cast<double>(rows.size * cols.size);
  const auto grain = matrices >= 4 ? grain_for(matrix_ns) : matrices;
  parallel_for(matrices, grain, [&](std::int64_t begin, std::int64_t end) {
    for_places(c, c.rank - 2, begin, end, [&](char* to, const char* from) {
      transpose_copy(c.item, rows.size, cols.size, from, rows.from / c.item, to, cols.to / c.item);
    });
  });
}

}  // namespace

void strided_copy(int item, int rank, const std::int64_t* sizes, const StridedMemory& to, const StridedMemory& from) {
  for (int d = 0; d < rank; ++d)
    if (sizes[d] == 0) return;
  if (to.data == from.data && std::equal(to.strides, to.strides + rank, from.strides)) return;
  const Copy c = plan(item, rank, sizes, to, from);
  const int turned = turned_dimension(c);
  turned < 0 ? copy_by_rows(c) : copy_turned(c, turned);
}

}  // namespace xgrad::detail
