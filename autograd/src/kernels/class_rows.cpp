// Two layouts: with inner = 1 a row is contiguous and the vectors run along it; otherwise neighbouring rows lie side by
// side and each lane is a row of its own.
#include "kernels/class_rows.hpp"

#include <algorithm>
#include <limits>

#include <xgrad/vec.hpp>

#include "kernels/parallel.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kBlock = 4096;  // elements summed in T before double takes over
template <class T>
constexpr T kLow = -std::numeric_limits<T>::infinity();
// Rough cost of one exponential on one thread.
template <class T>
constexpr double kExpNs = sizeof(T) == 4 ? 0.4 : 8;

// The first n lanes from memory, the rest `rest`.
template <class T>
XGRAD_INLINE Vec<T> load_part(const T* p, int n, T rest) {
  T lane[Vec<T>::lanes];
  for (int i = 0; i < Vec<T>::lanes; ++i) lane[i] = static_cast<T>(i);
  return where(Vec<T>::load(lane) < static_cast<T>(n), Vec<T>::load(p, n), Vec<T>(rest));
}

template <class T>
XGRAD_INLINE Vec<T> larger(Vec<T> a, Vec<T> b) {
  return where(b > a, b, a);
}

template <class T>
XGRAD_INLINE T largest_lane(Vec<T> v) {
  T lane[Vec<T>::lanes];
  v.store(lane);
  for (int step = Vec<T>::lanes / 2; step; step /= 2)
    for (int i = 0; i < step; ++i) lane[i] = lane[i + step] > lane[i] ? lane[i + step] : lane[i];
  return lane[0];
}

template <class T>
XGRAD_INLINE T sum_lanes(Vec<T> v) {
  T lane[Vec<T>::lanes];
  v.store(lane);
  for (int step = Vec<T>::lanes / 2; step; step /= 2)
    for (int i = 0; i < step; ++i) lane[i] += lane[i + step];
  return lane[0];
}

// Largest score (NaN passed over: the sum below has it), and the sum of exp(score - largest).
template <class T>
XGRAD_INLINE void row_stats(const T* x, std::int64_t n, T& top, T& sum) {
  using V = Vec<T>;
  constexpr int w = V::lanes;
  V m(kLow<T>), tail(kLow<T>);
  const std::int64_t whole = n / w * w;
  for (std::int64_t i = 0; i < whole; i += w) m = larger(m, V::load(x + i));
  if (whole < n) {
    tail = load_part(x + whole, static_cast<int>(n - whole), kLow<T>);
    m = larger(m, tail);
  }
  top = largest_lane(m);
  if (n <= w) {
    sum = sum_lanes(exp((whole == n ? V::load(x) : tail) - top));
    return;
  }
  double total = 0;
  for (std::int64_t i = 0; i < whole;) {
    const std::int64_t stop = std::min(whole, i + kBlock);
    V s(0);
    for (; i < stop; i += w) s += exp(V::load(x + i) - top);
    total += static_cast<double>(sum_lanes(s));
  }
  if (whole < n) total += static_cast<double>(sum_lanes(exp(tail - top)));
  sum = static_cast<T>(total);
}

template <class T>
XGRAD_CLONES void logsumexp_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x, T* lse) {
  using V = Vec<T>;
  constexpr int w = V::lanes;
  for (std::int64_t r = begin; r < end; r += w) {
    const int n = static_cast<int>(std::min<std::int64_t>(w, end - r));
    T top[w] = {}, sum[w] = {};
    for (int i = 0; i < n; ++i) row_stats(x + (r + i) * classes, classes, top[i], sum[i]);
    (V::load(top) + log(V::load(sum))).store(lse + r, n);
  }
}

// Calls f(first row, number of rows, offset of class 0) for groups of rows that fill one vector.
template <class T, class F>
XGRAD_INLINE void for_lanes(const ClassGrid& grid, std::int64_t begin, std::int64_t end, F&& f) {
  constexpr std::int64_t w = Vec<T>::lanes;
  const std::int64_t groups = (grid.inner + w - 1) / w;
  for (std::int64_t g = begin; g < end; ++g) {
    const std::int64_t o = g / groups, i = g % groups * w;
    f(o * grid.inner + i, static_cast<int>(std::min(w, grid.inner - i)), o * grid.classes * grid.inner + i);
  }
}

template <class T>
XGRAD_CLONES void logsumexp_lanes(const ClassGrid& grid, std::int64_t begin, std::int64_t end, const T* x, T* lse) {
  using V = Vec<T>;
  for_lanes<T>(grid, begin, end, [&](std::int64_t row, int n, std::int64_t at) __attribute__((always_inline)) {
    V m(kLow<T>), s(0);
    for (std::int64_t c = 0; c < grid.classes; ++c) m = larger(m, V::load(x + at + c * grid.inner, n));
    for (std::int64_t c = 0; c < grid.classes; ++c) s += exp(V::load(x + at + c * grid.inner, n) - m);
    (m + log(s)).store(lse + row, n);
  });
}

template <class T>
XGRAD_CLONES void uniform_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x, const T* lse, const T* w, T* out) {
  using V = Vec<T>;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* row = x + r * classes;
    V s(0);
    std::int64_t c = 0;
    for (; c + V::lanes <= classes; c += V::lanes) s += (w ? V::load(w + c) : V(1)) * (lse[r] - V::load(row + c));
    double total = static_cast<double>(sum_lanes(s));
    for (; c < classes; ++c) total += static_cast<double>((w ? w[c] : T(1)) * (lse[r] - row[c]));
    out[r] = static_cast<T>(total);
  }
}

template <class T>
XGRAD_CLONES void uniform_lanes(const ClassGrid& grid, std::int64_t begin, std::int64_t end, const T* x, const T* lse, const T* w, T* out) {
  using V = Vec<T>;
  for_lanes<T>(grid, begin, end, [&](std::int64_t row, int n, std::int64_t at) __attribute__((always_inline)) {
    const V l = V::load(lse + row, n);
    V s(0);
    for (std::int64_t c = 0; c < grid.classes; ++c) s += (w ? w[c] : T(1)) * (l - V::load(x + at + c * grid.inner, n));
    s.store(out + row, n);
  });
}

template <class T>
XGRAD_CLONES void softmax_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x, const T* lse, const T* scale,
                               const T* uniform, const T* w, T* dx) {
  using V = Vec<T>;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* row = x + r * classes;
    T* to = dx + r * classes;
    if (scale[r] == T(0)) {
      std::fill_n(to, classes, T(0));
      continue;
    }
    const T a = scale[r], l = lse[r], u = uniform ? uniform[r] : T(0);
    for (std::int64_t c = 0; c < classes; c += V::lanes) {
      const int n = static_cast<int>(std::min<std::int64_t>(V::lanes, classes - c));
      const bool full = n == V::lanes;
      V v = exp((full ? V::load(row + c) : V::load(row + c, n)) - l) * a;
      if (uniform) v -= (!w ? V(1) : full ? V::load(w + c) : V::load(w + c, n)) * u;
      full ? v.store(to + c) : v.store(to + c, n);
    }
  }
}

template <class T>
XGRAD_CLONES void softmax_lanes(const ClassGrid& grid, std::int64_t begin, std::int64_t end, const T* x, const T* lse, const T* scale,
                                const T* uniform, const T* w, T* dx) {
  using V = Vec<T>;
  for_lanes<T>(grid, begin, end, [&](std::int64_t row, int n, std::int64_t at) __attribute__((always_inline)) {
    const V a = V::load(scale + row, n), l = V::load(lse + row, n), u = uniform ? V::load(uniform + row, n) : V(0);
    for (std::int64_t c = 0; c < grid.classes; ++c) {
      const std::int64_t p = at + c * grid.inner;
      V v = exp(V::load(x + p, n) - l) * a;
      if (uniform) v -= u * (w ? w[c] : T(1));
      where(a == V(0), V(0), v).store(dx + p, n);
    }
  });
}

// Splits rows, or groups of lanes, over threads.
template <class T, class R, class L>
void over_grid(const ClassGrid& grid, double ns, const R& rows, const L& lanes) {
  const std::int64_t groups = grid.inner == 1 ? 0 : grid.outer * ((grid.inner + Vec<T>::lanes - 1) / Vec<T>::lanes);
  const double row_ns = ns * static_cast<double>(std::max<std::int64_t>(grid.classes, 1));
  if (grid.inner == 1) return parallel_cost(grid.outer, row_ns, rows);
  parallel_for(groups, std::max<std::int64_t>(1, static_cast<std::int64_t>(3000 / (row_ns * Vec<T>::lanes))), lanes);
}

}  // namespace

template <class T>
void class_logsumexp(const ClassGrid& grid, const T* x, T* lse) {
  over_grid<T>(grid, kExpNs<T>,
               [&](std::int64_t b, std::int64_t e) { logsumexp_rows(b, e, grid.classes, x, lse); },
               [&](std::int64_t b, std::int64_t e) { logsumexp_lanes(grid, b, e, x, lse); });
}

template <class T>
void class_uniform_loss(const ClassGrid& grid, const T* x, const T* lse, const T* w, T* out) {
  over_grid<T>(grid, 0.2,
               [&](std::int64_t b, std::int64_t e) { uniform_rows(b, e, grid.classes, x, lse, w, out); },
               [&](std::int64_t b, std::int64_t e) { uniform_lanes(grid, b, e, x, lse, w, out); });
}

template <class T>
void class_softmax_scaled(const ClassGrid& grid, const T* x, const T* lse, const T* scale, const T* uniform, const T* w, T* dx) {
  over_grid<T>(grid, kExpNs<T>,
               [&](std::int64_t b, std::int64_t e) { softmax_rows(b, e, grid.classes, x, lse, scale, uniform, w, dx); },
               [&](std::int64_t b, std::int64_t e) { softmax_lanes(grid, b, e, x, lse, scale, uniform, w, dx); });
}

template void class_logsumexp<float>(const ClassGrid&, const float*, float*);
template void class_logsumexp<double>(const ClassGrid&, const double*, double*);
template void class_uniform_loss<float>(const ClassGrid&, const float*, const float*, const float*, float*);
template void class_uniform_loss<double>(const ClassGrid&, const double*, const double*, const double*, double*);
template void class_softmax_scaled<float>(const ClassGrid&, const float*, const float*, const float*, const float*, const float*, float*);
template void class_softmax_scaled<double>(const ClassGrid&, const double*, const double*, const double*, const double*, const double*, double*);

}  // namespace xgrad::detail
