#include "kernels/distances.hpp"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include <xgrad/p_norm.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kColumns = 64;  // rows of y that are compared with a row of x at a time
constexpr std::int64_t kTerms = 32;    // squares added up before they are added to the rest

// The distances of one row to the columns of `turned` (size, kColumns).
template <class T>
void row_distances(const T* x, const T* turned, std::int64_t size, T* out) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    constexpr std::int64_t w = V::lanes;
    for (std::int64_t c = 0; c < kColumns; c += 4 * w) {
      V total[4] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};
      for (std::int64_t begin = 0; begin < size; begin += kTerms) {
        V a(T(0)), b(T(0)), d(T(0)), e(T(0));
        const std::int64_t end = begin + kTerms < size ? begin + kTerms : size;
        for (std::int64_t k = begin; k < end; ++k) {
          const T* y = turned + k * kColumns + c;
          const V v(x[k]), p = v - V::load(y), q = v - V::load(y + w), r = v - V::load(y + 2 * w),
                           s = v - V::load(y + 3 * w);
          a += p * p;
          b += q * q;
          d += r * r;
          e += s * s;
        }
        total[0] += a;
        total[1] += b;
        total[2] += d;
        total[3] += e;
      }
      for (int i = 0; i < 4; ++i) sqrt(total[i]).store(out + c + i * w);
    }
  });
}

// Between these no square that matters was lost.
template <class T>
constexpr T kLeast = std::is_same_v<T, float> ? T(1e-12) : T(1e-140);
template <class T>
constexpr T kMost = std::is_same_v<T, float> ? T(1e18) : T(1e150);

template <class T>
XGRAD_CLONES bool all_between(const T* x, std::int64_t n, T low, T high) {
  int bad = 0;
  for (std::int64_t i = 0; i < n; ++i) bad |= (x[i] > low) & (x[i] < high) ? 0 : 1;
  return bad == 0;
}

template <class T>
T careful_distance(const T* x, const T* y, std::int64_t size, T* room) {
  for (std::int64_t k = 0; k < size; ++k) room[k] = x[k] - y[k];
  return static_cast<T>(p_norm_of(room, size, 2));
}

template <class T>
void turn(const T* y, std::int64_t count, std::int64_t size, T* turned) {
  for (std::int64_t k = 0; k < size; ++k)
    for (std::int64_t j = 0; j < kColumns; ++j) turned[k * kColumns + j] = j < count ? y[j * size + k] : T(0);
}

// f = g / distance, 0 for a distance of 0; false where the quotient may not be a number that differences can be
// multiplied by.
template <class T>
XGRAD_CLONES bool quotients(const T* __restrict g, const T* __restrict distance, std::int64_t n, T* __restrict f) {
  int bad = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = distance[i];
    bad |= (d == 0) | ((d > T(1e-12)) & (d < T(1e12))) ? 0 : 1;
    const T q = g[i] / (d == 0 ? T(1) : d);
    bad |= q - q == 0 ? 0 : 1;  // not finite
    f[i] = d == 0 ? T(0) : q;
  }
  return bad == 0;
}

// to += sum over y of f (x - y), y by y; the differences of one row x.
template <class T>
XGRAD_CLONES void add_row(T* __restrict to, const T* __restrict x, const T* __restrict y, const T* __restrict f,
                          std::int64_t count, std::int64_t size) {
  for (std::int64_t j = 0; j < count; ++j)
    for (std::int64_t k = 0; k < size; ++k) to[k] += f[j] * (x[k] - y[j * size + k]);
}
// The same of many rows y to which one x adds: to[j] += f[j] (y[j] - x).
template <class T>
XGRAD_CLONES void add_to_rows(T* __restrict to, const T* __restrict x, const T* __restrict y, const T* __restrict f,
                              std::int64_t count, std::int64_t size) {
  for (std::int64_t j = 0; j < count; ++j)
    for (std::int64_t k = 0; k < size; ++k) to[j * size + k] += f[j] * (y[j * size + k] - x[k]);
}

// The quotient of the difference first: for distances of any size.
template <class T>
void add_pair(T* to, const T* x, const T* y, std::int64_t size, T g, T distance) {
  for (std::int64_t k = 0; k < size && distance != 0; ++k) to[k] += g * ((x[k] - y[k]) / distance);
}

}  // namespace

template <class T>
void distances_forward(const DistanceShape& s, const T* x, const T* y, T* out) {
  const double ns = static_cast<double>(s.columns) * (0.3 + 0.07 * static_cast<double>(s.size));
  parallel_for(s.batches * s.rows, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    const Tensor memory = make_tensor({(kColumns + 1) * s.size + kColumns}, dtype_of<T>);
    T *turned = data<T>(memory), *row = turned + kColumns * s.size, *room = row + kColumns;
    for (std::int64_t first = begin; first < end;) {  // the rows of one batch
      const std::int64_t batch = first / s.rows, last = std::min(end, (batch + 1) * s.rows);
      for (std::int64_t c = 0; c < s.columns; c += kColumns) {
        const std::int64_t count = std::min(kColumns, s.columns - c);
        const T* others = y + (batch * s.columns + c) * s.size;
        turn(others, count, s.size, turned);
        for (std::int64_t i = first; i < last; ++i) {
          row_distances(x + i * s.size, turned, s.size, row);
          if (!all_between(row, count, kLeast<T>, kMost<T>))
            for (std::int64_t j = 0; j < count; ++j)
              if (!(row[j] > kLeast<T> && row[j] < kMost<T>))
                row[j] = careful_distance(x + i * s.size, others + j * s.size, s.size, room);
          std::copy_n(row, count, out + i * s.columns + c);
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
  const double ns = static_cast<double>(s.columns) * (0.8 + 0.08 * static_cast<double>(s.size));
  if (dx)
    parallel_for(s.batches * s.rows, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
      std::fill_n(dx + begin * s.size, (end - begin) * s.size, T(0));
      for (std::int64_t i = begin; i < end; ++i) {
        const T* others = y + i / s.rows * s.columns * s.size;
        const std::int64_t first = i * s.columns;
        if (plain)
          add_row(dx + i * s.size, x + i * s.size, others, f + first, s.columns, s.size);
        else
          for (std::int64_t j = 0; j < s.columns; ++j)
            add_pair(dx + i * s.size, x + i * s.size, others + j * s.size, s.size, g[first + j], out[first + j]);
      }
    });
  if (!dy) return;
  // Threads share out blocks of the rows of y, to which all rows of x add in turn.
  const std::int64_t parts = (s.columns + kColumns - 1) / kColumns;
  const double part_ns = static_cast<double>(s.rows * kColumns) * (0.8 + 0.08 * static_cast<double>(s.size));
  parallel_for(s.batches * parts, grain_for(part_ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t batch = p / parts, c = p % parts * kColumns, count = std::min(kColumns, s.columns - c);
      const T* own = y + (batch * s.columns + c) * s.size;
      T* to = dy + (batch * s.columns + c) * s.size;
      std::fill_n(to, count * s.size, T(0));
      for (std::int64_t i = batch * s.rows; i < (batch + 1) * s.rows; ++i) {
        const std::int64_t first = i * s.columns + c;
        if (plain)
          add_to_rows(to, x + i * s.size, own, f + first, count, s.size);
        else
          for (std::int64_t j = 0; j < count; ++j)
            add_pair(to + j * s.size, own + j * s.size, x + i * s.size, s.size, g[first + j], out[first + j]);
      }
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
