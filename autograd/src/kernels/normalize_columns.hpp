// Sums over the rows of a matrix, for normalize.cpp and normalize_blocked.cpp.
#pragma once

#include "kernels/normalize_loops.hpp"

namespace xgrad::detail {

inline constexpr std::int64_t kNormRows = 64;    // rows summed in the type of the data before double takes over
inline constexpr std::int64_t kNormWide = 1024;  // columns whose sums stay in the cache

// The spread of K vectors of columns from c on, joined to out; l: lanes of the last one.
template <class V, int K, class T>
XGRAD_INLINE void spread_columns(const T* x, std::int64_t rows, std::int64_t width, std::int64_t c, int l,
                                 Spread* out) {
  constexpr int w = V::lanes;
  const auto lanes = [l](int u) { return u + 1 < K ? w : l; };
  for (std::int64_t start = 0; start < rows; start += kNormRows) {
    const std::int64_t end = std::min(rows, start + kNormRows);
    const auto at = [=](std::int64_t r, int u) { return get<V>(x, r * width + c + u * w, lanes(u)); };
    const double count = static_cast<double>(end - start);
    V about[K], dev[K] = {}, squares[K] = {};
    for (int u = 0; u < K; ++u) {
      const V first = at(start, u);
      V sum(T(0));
      for (std::int64_t r = start + 1; r < end; ++r) sum += at(r, u) - first;
      about[u] = first + sum * static_cast<T>(1 / count);
    }
    for (std::int64_t r = start; r < end; ++r)
      for (int u = 0; u < K; ++u) {
        const V d = at(r, u) - about[u];
        dev[u] += d;
        squares[u] += d * d;
      }
    for (int u = 0; u < K; ++u)
      for (int i = 0; i < lanes(u); ++i) {
        const double d = static_cast<double>(dev[u][i]);
        join(out[c + u * w + i], count, static_cast<double>(about[u][i]) + d / count,
             static_cast<double>(squares[u][i]) - d * d / count);
      }
  }
}

// Adds rows [begin, end) to columns [first, first + n), n <= kNormWide: sum g and sum g (x - mean), kNormRows rows at a
// time before double.
template <class V, class T>
XGRAD_INLINE void add_columns(const T* all_g, const T* all_x, std::int64_t width, const T* mean, std::int64_t begin,
                              std::int64_t end, std::int64_t first, std::int64_t n, double* by_bias,
                              double* by_weight) {
  T a[kNormWide], b[kNormWide];
  for (std::int64_t start = begin; start < end; start += kNormRows) {
    std::fill_n(a, n, T(0));
    std::fill_n(b, n, T(0));
    T *pa = a, *pb = b;
    for (std::int64_t r = start; r < std::min(end, start + kNormRows); ++r) {
      const T *g = all_g + r * width + first, *x = all_x + r * width + first, *m = mean + first;
      each_vector<V>(n, [=](std::int64_t i, int l) {
        const V v = get<V>(g, i, l);
        put(get<V>(pa, i, l) + v, pa, i, l);
        put(get<V>(pb, i, l) + v * (get<V>(x, i, l) - get<V>(m, i, l)), pb, i, l);
      });
    }
    for (std::int64_t i = 0; i < n; ++i) {
      by_bias[first + i] += static_cast<double>(a[i]);
      by_weight[first + i] += static_cast<double>(b[i]);
    }
  }
}

}  // namespace xgrad::detail
