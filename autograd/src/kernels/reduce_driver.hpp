// The loops shared by all reductions. An operation `Op` supplies
//   In, Acc                         element and accumulator types
//   kStrip                          results worked on at a time when the inner loop runs over results
//   kNs                             nanoseconds per element, for the decision about threads
//   identity(), combine(a, b)       of accumulators
//   run<W>(p, n)                    accumulator of n contiguous elements, for registers of W bytes
//   run_columns<W>(p, stride, rows, cols, acc)  adds at most 64 rows to acc[0..cols)
//   store(i, acc)                   writes result i
// and optionally Lane, lift(element), join(lane, lane), from_lane(lane) for many short rows at once.
//
// Work is cut into pieces by shape alone, never by the number of threads, and pieces are combined in a fixed order.
#pragma once

#include <algorithm>
#include <cmath>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "kernels/reduce_plan.hpp"

namespace xgrad::detail {

inline constexpr std::int64_t kReduceBlock = 4096;    // elements between two steps in double precision
inline constexpr std::int64_t kRowBlock = 64;         // the same, for rows added to a strip of results
inline constexpr std::int64_t kSplitAbove = 1 << 16;  // elements from which a few large results are split
inline constexpr std::int64_t kGatherStrip = 128;

template <class T>
XGRAD_INLINE void gather_run(const T* p, std::int64_t stride, std::int64_t n, T* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = p[i * stride];
}

// Whether many short rows are worth code of their own: for floats, not for types that are rarely reduced.
template <class Op>
concept HasShortRows = requires {
  typename Op::Lane;
}
&&std::is_floating_point_v<typename Op::Lane>&& std::is_same_v<typename Op::Lane, typename Op::In>;

// Sixteen short rows side by side. Within a row, the order is that of short_row, so that it does not matter how rows
// are divided into groups.
template <class Op>
XGRAD_INLINE void short_rows(const Op& op, const typename Op::In* p, std::int64_t stride, std::int64_t n,
                             typename Op::Acc* acc) {
  typename Op::Lane lane[16];
  for (int j = 0; j < 16; ++j) lane[j] = op.lift(p[j * stride]);
  for (std::int64_t i = 1; i < n; ++i)
    for (int j = 0; j < 16; ++j) lane[j] = op.join(lane[j], op.lift(p[j * stride + i]));
  for (int j = 0; j < 16; ++j) acc[j] = op.from_lane(lane[j]);
}
template <class Op>
XGRAD_INLINE typename Op::Acc short_row(const Op& op, const typename Op::In* p, std::int64_t n) {
  typename Op::Lane lane = op.lift(p[0]);
  for (std::int64_t i = 1; i < n; ++i) lane = op.join(lane, op.lift(p[i]));
  return op.from_lane(lane);
}

// Accumulators of `rows` contiguous rows of n elements.
template <class Op>
void row_kernel(const Op& op, const typename Op::In* p, std::int64_t rows, std::int64_t stride, std::int64_t n,
                typename Op::Acc* acc) {
  run_simd([=](auto w) {
    if constexpr (HasShortRows<Op>) {
      if (n < 32) {
        std::int64_t i = 0;
        for (; i + 16 <= rows; i += 16) short_rows(op, p + i * stride, stride, n, acc + i);
        for (; i < rows; ++i) acc[i] = short_row(op, p + i * stride, n);
        return;
      }
    }
    for (std::int64_t i = 0; i < rows; ++i) acc[i] = op.template run<w>(p + i * stride, n);
  });
}

template <class Op>
void column_kernel(const Op& op, const typename Op::In* p, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                   typename Op::Acc* acc) {
  run_simd([=](auto w) { op.template run_columns<w>(p, stride, rows, cols, acc); });
}

// Results out, out + out_stride ... of `rows` contiguous rows.
template <class Op>
void reduce_rows(const Op& op, const typename Op::In* p, std::int64_t rows, std::int64_t stride, std::int64_t n,
                 std::int64_t out, std::int64_t out_stride) {
  constexpr std::int64_t kAtOnce = 64;
  typename Op::Acc acc[kAtOnce];
  for (std::int64_t i = 0; i < rows; i += kAtOnce) {
    const std::int64_t count = std::min(kAtOnce, rows - i);
    row_kernel(op, p + i * stride, count, stride, n, acc);
    for (std::int64_t j = 0; j < count; ++j) op.store(out + (i + j) * out_stride, acc[j]);
  }
}

// The same of results whose runs along the last reduced axis are short and many: run by run for up to `kAtOnce`
// results. Each is added up in the order of reduce_runs().
template <class Op>
void reduce_short_runs(const Op& op, const typename Op::In* x, const ReducePlan& p, std::int64_t rows,
                       const ReduceAxis& step, std::int64_t out) {
  constexpr std::int64_t kAtOnce = 64;
  const std::int64_t n = p.r[p.reduced - 1].size, runs = p.per_output / n;
  typename Op::Acc acc[kAtOnce], part[kAtOnce];
  for (std::int64_t i = 0; i < rows; i += kAtOnce) {
    const std::int64_t count = std::min(kAtOnce, rows - i);
    for (std::int64_t j = 0; j < count; ++j) acc[j] = op.identity();
    AxisWalk at(p.r, p.reduced - 1, 0);
    for (std::int64_t r = 0; r < runs; ++r, at.advance(1)) {
      row_kernel(op, x + at.in + i * step.in, count, step.in, n, part);
      for (std::int64_t j = 0; j < count; ++j) op.combine(acc[j], part[j]);
    }
    for (std::int64_t j = 0; j < count; ++j) op.store(out + (i + j) * step.out, acc[j]);
  }
}

// One accumulator over segments [begin, end) of all runs along the last reduced axis; a segment is a block of
// kReduceBlock elements of a run.
template <class Op>
typename Op::Acc reduce_runs(const Op& op, const typename Op::In* x, const ReducePlan& p, std::int64_t begin,
                             std::int64_t end) {
  const ReduceAxis& inner = p.r[p.reduced - 1];
  const std::int64_t blocks = (inner.size + kReduceBlock - 1) / kReduceBlock;
  AxisWalk at(p.r, p.reduced - 1, begin / blocks);
  std::int64_t first = begin % blocks;
  typename Op::Acc acc = op.identity(), part;
  typename Op::In buffer[kReduceBlock];
  for (std::int64_t s = begin; s < end; at.advance(1), first = 0) {
    const std::int64_t count = std::min(blocks - first, end - s);
    const std::int64_t i = first * kReduceBlock, stop = std::min(i + count * kReduceBlock, inner.size);
    const std::int64_t most = inner.in == 1 ? stop - i : kReduceBlock;
    for (std::int64_t j = i; j < stop; j += most) {
      const std::int64_t n = std::min(most, stop - j);
      const typename Op::In* run = x + at.in + j * inner.in;
      if (inner.in != 1) gather_run(run, inner.in, n, buffer);
      row_kernel(op, inner.in == 1 ? run : buffer, 1, 0, n, &part);
      op.combine(acc, part);
    }
    s += count;
  }
  return acc;
}

// A few large results: fixed chunks of segments, combined in order.
inline constexpr std::int64_t kMostChunks = 64;
inline std::int64_t chunk_of_split(std::int64_t segments) {
  return std::max<std::int64_t>(8, (segments + kMostChunks - 1) / kMostChunks);
}

template <class Op>
void reduce_split(const Op& op, const typename Op::In* x, const ReducePlan& p, std::int64_t segments) {
  const std::int64_t chunk = chunk_of_split(segments);
  const std::int64_t chunks = (segments + chunk - 1) / chunk;
  const double ns = static_cast<double>(p.per_output) / static_cast<double>(chunks) * Op::kNs;
  AxisWalk at(p.k, p.kept, 0);
  for (std::int64_t o = 0; o < p.outputs; ++o, at.advance(1)) {
    typename Op::Acc part[kMostChunks];
    parallel_for(chunks, grain_for(ns), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t c = b; c < e; ++c)
        part[c] = reduce_runs(op, x + at.in, p, c * chunk, std::min(segments, (c + 1) * chunk));
    });
    for (std::int64_t c = 1; c < chunks; ++c) op.combine(part[0], part[c]);
    op.store(at.out, part[0]);
  }
}

template <class Op>
void reduce_along_rows(const Op& op, const typename Op::In* x, const ReducePlan& p) {
  const ReduceAxis& inner = p.r[p.reduced - 1];
  const std::int64_t blocks = (inner.size + kReduceBlock - 1) / kReduceBlock;
  const std::int64_t segments = p.per_output / inner.size * blocks;
  if (p.outputs < 8 && p.per_output > kSplitAbove) return reduce_split(op, x, p, segments);
  constexpr std::int64_t kShortRun = 512;
  const bool plain = p.reduced == 1 && inner.in == 1, short_runs = !plain && inner.in == 1 && inner.size <= kShortRun;
  const ReduceAxis step = p.kept ? p.k[p.kept - 1] : ReduceAxis{1, 0, 0};
  const double ns = static_cast<double>(p.per_output) * Op::kNs;
  parallel_for(p.outputs, std::max<std::int64_t>(16, grain_for(ns)), [&](std::int64_t b, std::int64_t e) {
    AxisWalk at(p.k, p.kept, b);
    for (std::int64_t o = b; o < e;) {
      const std::int64_t n = plain || short_runs ? std::min(at.run(), e - o) : 1;
      if (plain)
        reduce_rows(op, x + at.in, n, step.in, inner.size, at.out, step.out);
      else if (short_runs)
        reduce_short_runs(op, x + at.in, p, n, step, at.out);
      else
        op.store(at.out, reduce_runs(op, x + at.in, p, 0, segments));
      at.advance(n);
      o += n;
    }
  });
}

// How results are grouped when the inner loop runs over them: strips of `width` columns by chunks of rows. Narrow
// contiguous rows are taken `fold` at a time as one wide row.
struct ColumnGrid {
  std::int64_t cols, width, strips, rows, fold, chunk, chunks;
};

inline ColumnGrid column_grid(const ReducePlan& p, std::int64_t width) {
  ColumnGrid g{};
  const ReduceAxis& inner = p.k[p.kept - 1];
  g.cols = inner.size;
  g.rows = p.per_output;
  const bool dense = p.reduced == 1 && inner.in == 1 && p.r[0].in == inner.size;
  g.fold = dense && g.cols < 32 && g.rows >= 128 / g.cols ? 64 / g.cols : 1;
  g.width = inner.in == 1 ? width : kGatherStrip;
  g.strips = (g.cols + g.width - 1) / g.width;
  const std::int64_t others = p.outputs / g.cols * g.strips, wide_rows = g.rows / g.fold;
  g.chunks = 1;
  if (others < 8 && g.rows * g.cols > kSplitAbove / 2) g.chunks = std::clamp<std::int64_t>(wide_rows / 256, 1, 16);
  g.chunk = (wide_rows + g.chunks - 1) / g.chunks;
  g.chunk = (g.chunk + kRowBlock - 1) / kRowBlock * kRowBlock;
  g.chunks = std::max<std::int64_t>(1, (wide_rows + g.chunk - 1) / g.chunk);
  return g;
}

// Adds rows [begin, end) of the columns at x to acc.
template <class Op>
void add_rows(const Op& op, const typename Op::In* x, const ReducePlan& p, std::int64_t begin, std::int64_t end,
              std::int64_t cols, typename Op::Acc* acc) {
  const ReduceAxis row = p.reduced ? p.r[p.reduced - 1] : ReduceAxis{1, 0, 0};
  const std::int64_t step = p.k[p.kept - 1].in;
  AxisWalk at(p.r, p.reduced, begin);
  for (std::int64_t i = begin; i < end;) {
    const std::int64_t n = std::min({at.run(), end - i, kRowBlock});
    if (step == 1) {
      column_kernel(op, x + at.in, row.in, n, cols, acc);
    } else {
      typename Op::In buffer[kRowBlock * kGatherStrip];
      for (std::int64_t r = 0; r < n; ++r) gather_run(x + at.in + r * row.in, step, cols, buffer + r * cols);
      column_kernel(op, buffer, cols, n, cols, acc);
    }
    at.advance(n);
    i += n;
  }
}

// Chunk `c` of the strip of columns at x: accumulators into acc (room for 64 at least).
template <class Op>
void reduce_strip(const Op& op, const typename Op::In* x, const ReducePlan& p, const ColumnGrid& g, std::int64_t c,
                  std::int64_t cols, typename Op::Acc* acc) {
  const std::int64_t wide = cols * g.fold, begin = c * g.chunk;
  for (std::int64_t i = 0; i < wide; ++i) acc[i] = op.identity();
  if (g.fold == 1) return add_rows(op, x, p, begin, std::min(begin + g.chunk, g.rows), cols, acc);
  const std::int64_t wide_rows = g.rows / g.fold, end = std::min(begin + g.chunk, wide_rows);
  for (std::int64_t r = begin; r < end; r += kRowBlock)
    column_kernel(op, x + r * wide, wide, std::min(kRowBlock, end - r), wide, acc);
  if (const std::int64_t done = wide_rows * g.fold; end == wide_rows && done < g.rows)
    column_kernel(op, x + done * cols, cols, g.rows - done, cols, acc);
  for (std::int64_t i = cols; i < wide; ++i) op.combine(acc[i % cols], acc[i]);
}

template <class Op>
void reduce_along_columns(const Op& op, const typename Op::In* x, const ReducePlan& p) {
  using Acc = typename Op::Acc;
  const ReduceAxis inner = p.k[p.kept - 1];
  const ColumnGrid g = column_grid(p, Op::kStrip);
  const std::int64_t others = p.outputs / g.cols, jobs = others * g.strips * g.chunks;
  Tensor scratch;
  Acc* parts = nullptr;
  if (g.chunks > 1) {
    scratch = make_tensor({g.chunks * p.outputs * static_cast<std::int64_t>(sizeof(Acc))}, DType::uint8);
    parts = impl(scratch).template ptr<Acc>();
  }
  const double ns = static_cast<double>(p.outputs * p.per_output) / static_cast<double>(jobs) * Op::kNs;
  parallel_for(jobs, grain_for(ns), [&](std::int64_t b, std::int64_t e) {
    Acc acc[Op::kStrip];
    for (std::int64_t j = b; j < e; ++j) {
      const std::int64_t c = j % g.chunks, strip = j / g.chunks % g.strips, o = j / g.chunks / g.strips;
      const AxisWalk at(p.k, p.kept - 1, o);
      const std::int64_t first = strip * g.width, cols = std::min(g.width, g.cols - first);
      reduce_strip(op, x + at.in + first * inner.in, p, g, c, cols, acc);
      for (std::int64_t i = 0; i < cols; ++i) {
        if (parts)
          parts[c * p.outputs + o * g.cols + first + i] = acc[i];
        else
          op.store(at.out + (first + i) * inner.out, acc[i]);
      }
    }
  });
  if (!parts) return;
  for (std::int64_t o = 0; o < others; ++o) {
    const AxisWalk at(p.k, p.kept - 1, o);
    for (std::int64_t i = 0; i < g.cols; ++i) {
      Acc acc = parts[o * g.cols + i];
      for (std::int64_t c = 1; c < g.chunks; ++c) op.combine(acc, parts[c * p.outputs + o * g.cols + i]);
      op.store(at.out + i * inner.out, acc);
    }
  }
}

// Reduces x over dims; results go where op.store puts them.
template <class Op>
void reduce(const Op& op, const TensorImpl& x, DimSet dims) {
  const auto* p = x.ptr<const typename Op::In>();
  const DimSet all = all_dims(x.shape);
  if (x.contiguous && (dims & all) == all && x.numel > 0 && x.numel <= kSplitAbove)
    return reduce_rows(op, p, 1, 0, x.numel, 0, 0);
  const ReducePlan plan = plan_reduction(x, dims);
  if (plan.outputs == 0) return;
  if (plan.per_output == 0) {
    for (std::int64_t i = 0; i < plan.outputs; ++i) op.store(i, op.identity());
    return;
  }
  if (plan.along_rows())
    reduce_along_rows(op, p, plan);
  else
    reduce_along_columns(op, p, plan);
}

}  // namespace xgrad::detail
