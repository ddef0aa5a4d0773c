#include "kernels/distances.hpp"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include <xgrad/p_norm.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/tensor_impl.hpp"
#include "kernels/normalize_loops.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kColumns = 64;  // rows of y that are compared with a row of x at a time
constexpr std::int64_t kTerms = 32;    // squares added up before they are added to the rest
constexpr int kRows = 2;               // rows of x that are compared at a time

// Between these no square that matters was lost.
template <class T>
constexpr T kLeast = std::is_same_v<T, float> ? T(1e-12) : T(1e-140);
template <class T>
constexpr T kMost = std::is_same_v<T, float> ? T(1e18) : T(1e150);

// The distances of R rows, which share what is read of the columns of `turned` (size, kColumns), to out[r * out_step].
// Whether all are between the limits.
template <int R, class T>
bool row_distances(const T* x, const T* turned, std::int64_t size, T* out, std::int64_t out_step) {
  bool ordinary = true;
  run_simd([=, &ordinary](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    constexpr std::int64_t w = V::lanes, together = 4;
    auto good = V(T(0)) == V(T(0));
    for (std::int64_t c = 0; c < kColumns; c += together * w) {
      V total[R][together];
      for (int r = 0; r < R; ++r)
        for (int i = 0; i < together; ++i) total[r][i] = V(T(0));
      for (std::int64_t begin = 0; begin < size; begin += kTerms) {
        V part[R][together];
        for (int r = 0; r < R; ++r)
          for (int i = 0; i < together; ++i) part[r][i] = V(T(0));
        const std::int64_t end = begin + kTerms < size ? begin + kTerms : size;
        for (std::int64_t k = begin; k < end; ++k) {
          V y[together];
          for (int i = 0; i < together; ++i) y[i] = V::load(turned + k * kColumns + c + i * w);
          for (int r = 0; r < R; ++r) {
            const V v(x[r * size + k]);
            for (int i = 0; i < together; ++i) {
              const V d = v - y[i];
              part[r][i] += d * d;
            }
          }
        }
        for (int r = 0; r < R; ++r)
          for (int i = 0; i < together; ++i) total[r][i] += part[r][i];
      }
      for (int r = 0; r < R; ++r)
        for (int i = 0; i < together; ++i) {
          const V d = sqrt(total[r][i]);
          good = good & (d > kLeast<T>)&(d < kMost<T>);
          d.store(out + r * out_step + c + i * w);
        }
    }
    ordinary = all(good);
  });
  return ordinary;
}

template <class T>
T careful_distance(const T* x, const T* y, std::int64_t size, T* room) {
  for (std::int64_t k = 0; k < size; ++k) room[k] = x[k] - y[k];
  return static_cast<T>(p_norm_of(room, size, 2));
}
// Of one row the distances that are not between the limits once more.
template <class T>
void mend_far(const T* x, const T* others, std::int64_t count, std::int64_t size, T* row, T* room) {
  for (std::int64_t j = 0; j < count; ++j)
    if (!(row[j] > kLeast<T> && row[j] < kMost<T>)) row[j] = careful_distance(x, others + j * size, size, room);
}

template <class T>
void turn(const T* y, std::int64_t count, std::int64_t size, T* turned) {
  for (std::int64_t k = 0; k < size; ++k)
    for (std::int64_t j = 0; j < kColumns; ++j) turned[k * kColumns + j] = j < count ? y[j * size + k] : T(0);
}

// f = g / distance, 0 for a distance of 0; false where the quotient may not be a number that differences can be
// multiplied by.
template <class T>
bool quotients(const T* g, const T* distance, std::int64_t n, T* f) {
  bool plain = true;
  run_simd([=, &plain](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    auto good = V(T(0)) == V(T(0));
    each_vector<V>(n, [&](std::int64_t i, int lanes) XGRAD_INLINED {
      const V d = get<V>(distance, i, lanes), q = get<V>(g, i, lanes) / where(d == V(T(0)), T(1), d);
      const auto none = d == V(T(0));
      good = good & (none | ((d > V(T(1e-12))) & (d < V(T(1e12))))) & (q - q == V(T(0)));  // finite
      put(where(none, T(0), q), f, i, lanes);
    });
    plain = all(good);
  });
  return plain;
}

// to[r] += f_r (own[r] - other), other by other, for R rows of `size` elements: to[r] waits for the other before, so
// that several rows go side by side. f_r of other j is f[r * f_row + j * f_other].
template <int R, class V, class T = typename V::value_type>
XGRAD_INLINE void add_differences(T* to, const T* own, const T* others, const T* f, std::int64_t f_row,
                                  std::int64_t f_other, std::int64_t count, std::int64_t size) {
  for (std::int64_t k = 0; k < size; k += V::lanes) {
    const int lanes = static_cast<int>(size - k < V::lanes ? size - k : V::lanes);
    const auto get = [lanes](const T* p) XGRAD_INLINED { return lanes == V::lanes ? V::load(p) : V::load(p, lanes); };
    V sum[R], mine[R];
    for (int r = 0; r < R; ++r) {
      sum[r] = get(to + r * size + k);
      mine[r] = get(own + r * size + k);
    }
    for (std::int64_t j = 0; j < count; ++j) {
      const V other = get(others + j * size + k);
      for (int r = 0; r < R; ++r) sum[r] += V(f[r * f_row + j * f_other]) * (mine[r] - other);
    }
    for (int r = 0; r < R; ++r)
      lanes == V::lanes ? sum[r].store(to + r * size + k) : sum[r].store(to + r * size + k, lanes);
  }
}

template <class T>
void add_all_differences(T* to, const T* own, std::int64_t rows, const T* others, const T* f, std::int64_t f_row,
                         std::int64_t f_other, std::int64_t count, std::int64_t size) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    constexpr int together = 8;
    std::int64_t r = 0;
    for (; r + together <= rows; r += together)
      add_differences<together, V>(to + r * size, own + r * size, others, f + r * f_row, f_row, f_other, count, size);
    for (; r < rows; ++r)
      add_differences<1, V>(to + r * size, own + r * size, others, f + r * f_row, f_row, f_other, count, size);
  });
}

// The quotient of the difference first: for distances of any size. Numbers that do not differ have no slope, also where
// the distance is NaN, as that of a row with an infinity to itself is.
template <class T>
void add_pair(T* to, const T* x, const T* y, std::int64_t size, T g, T distance) {
  for (std::int64_t k = 0; k < size && distance != 0; ++k) {
    const T d = x[k] - y[k];
    to[k] += g * (d == 0 ? T(0) : d / distance);
  }
}

struct RowRange {
  std::int64_t begin, end;
};

// The gradient of rows of x, all of one batch; f: g / distance, null where the quotient is taken of the difference.
template <class T>
void gradient_of_rows(const DistanceShape& s, const RowRange& rows, const T* x, const T* others, const T* f, const T* g,
                      const T* out, T* dx) {
  if (f)
    return add_all_differences(dx + rows.begin * s.size, x + rows.begin * s.size, rows.end - rows.begin, others,
                               f + rows.begin * s.columns, s.columns, 1, s.columns, s.size);
  for (std::int64_t i = rows.begin; i < rows.end; ++i)
    for (std::int64_t j = 0; j < s.columns; ++j)
      add_pair(dx + i * s.size, x + i * s.size, others + j * s.size, s.size, g[i * s.columns + j],
               out[i * s.columns + j]);
}

}  // namespace

template <class T>
void distances_forward(const DistanceShape& s, const T* x, const T* y, T* out) {
  const double ns = static_cast<double>(s.columns) * (0.3 + 0.07 * static_cast<double>(s.size));
  parallel_for(s.batches * s.rows, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    const Tensor memory = make_tensor({(kColumns + 1) * s.size + kRows * kColumns}, dtype_of<T>);
    T *turned = data<T>(memory), *room = turned + kColumns * s.size, *difference = room + kRows * kColumns;
    for (std::int64_t first = begin; first < end;) {  // the rows of one batch
      const std::int64_t batch = first / s.rows, last = std::min(end, (batch + 1) * s.rows);
      for (std::int64_t c = 0; c < s.columns; c += kColumns) {
        const std::int64_t count = std::min(kColumns, s.columns - c);
        const T* others = y + (batch * s.columns + c) * s.size;
        turn(others, count, s.size, turned);
        for (std::int64_t i = first; i < last; i += kRows) {
          const int n = static_cast<int>(std::min<std::int64_t>(kRows, last - i));
          T* to = out + i * s.columns + c;
          const bool whole = count == kColumns, several = n == kRows;
          T* rows = whole ? to : room;
          const std::int64_t step = whole ? s.columns : kColumns;
          const bool ordinary = several ? row_distances<kRows>(x + i * s.size, turned, s.size, rows, step)
                                        : row_distances<1>(x + i * s.size, turned, s.size, rows, step);
          for (int r = 0; r < n; ++r) {
            if (!ordinary) mend_far(x + (i + r) * s.size, others, count, s.size, rows + r * step, difference);
            if (!whole) std::copy_n(rows + r * step, count, to + r * s.columns);
          }
        }
      }
      first = last;
    }
  });
}

template <class T>
void distances_backward(const DistanceShape& s, const T* x, const T* y, const T* out, const T* g, T* dx, T* dy) {
  const std::int64_t pairs = s.batches * s.rows * s.columns;
  const Tensor memory = make_tensor({pairs}, dtype_of<T>);
  T* f = data<T>(memory);
  std::atomic<bool> plain{true};
  parallel_cost(pairs, 0.3, [&](std::int64_t begin, std::int64_t end) {
    if (!quotients(g + begin, out + begin, end - begin, f + begin)) plain = false;
  });
  const double ns = static_cast<double>(s.columns) * (0.2 + 0.03 * static_cast<double>(s.size));
  if (dx)
    parallel_for(s.batches * s.rows, std::max<std::int64_t>(8, grain_for(ns)),
                 [&](std::int64_t begin, std::int64_t end) {
                   std::fill_n(dx + begin * s.size, (end - begin) * s.size, T(0));
                   for (std::int64_t i = begin; i < end;) {  // the rows of one batch
                     const std::int64_t batch = i / s.rows, last = std::min(end, (batch + 1) * s.rows);
                     gradient_of_rows(s, {i, last}, x, y + batch * s.columns * s.size, plain ? f : nullptr, g, out, dx);
                     i = last;
                   }
                 });
  if (!dy) return;
  // Threads share out blocks of the rows of y, to which all rows of x add in turn.
  const std::int64_t parts = (s.columns + kColumns - 1) / kColumns;
  const double part_ns = static_cast<double>(s.rows * kColumns) * (0.2 + 0.03 * static_cast<double>(s.size));
  parallel_for(s.batches * parts, grain_for(part_ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t batch = p / parts, c = p % parts * kColumns, count = std::min(kColumns, s.columns - c);
      const std::int64_t first = batch * s.rows * s.columns + c;
      const T *own = y + (batch * s.columns + c) * s.size, *others = x + batch * s.rows * s.size;
      T* to = dy + (batch * s.columns + c) * s.size;
      std::fill_n(to, count * s.size, T(0));
      if (plain) {
        add_all_differences(to, own, count, others, f + first, 1, s.columns, s.rows, s.size);
        continue;
      }
      for (std::int64_t i = 0; i < s.rows; ++i)
        for (std::int64_t j = 0; j < count; ++j)
          add_pair(to + j * s.size, own + j * s.size, others + i * s.size, s.size, g[first + i * s.columns + j],
                   out[first + i * s.columns + j]);
    }
  });
}

#define XGRAD_INSTANTIATE(T)                                                     \
  template void distances_forward(const DistanceShape&, const T*, const T*, T*); \
  template void distances_backward(const DistanceShape&, const T*, const T*, const T*, const T*, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::detail
