// Short rows, for normalize.cpp: as many as there are elements in a line of the cache are turned, so that each lane has
// a row of its own. Along a row, adding up lanes and a square root would cost more than the work itself.
#pragma once

#include <cmath>

#include "core/transpose.hpp"
#include "kernels/normalize_loops.hpp"

namespace xgrad::detail {

inline constexpr std::int64_t kNarrowRow = 64;  // elements; from there on a row is many vectors

template <class T>
struct NarrowRows {
  std::int64_t n;
  const T *x, *g;
  T* out;
  T *mean, *rstd, *rest;
  const T *weight, *bias;  // per element
  double eps;
};

template <class V>
struct Turned {
  using T = typename V::value_type;
  static constexpr int rows = 64 / sizeof(T), vectors = rows / V::lanes;
};

// Sums of two functions of the elements of each row: f(k, u, a, b) adds to both for element k and vector u of rows.
template <class V, class F>
XGRAD_INLINE void sum_turned(std::int64_t n, typename V::value_type* first, typename V::value_type* second, F f) {
  constexpr int vectors = Turned<V>::vectors;
  V a[vectors] = {}, b[vectors] = {};
  for (std::int64_t k = 0; k < n; ++k)
    for (int u = 0; u < vectors; ++u) f(k, u, a[u], b[u]);
  for (int u = 0; u < vectors; ++u) {
    a[u].store(first + u * V::lanes);
    b[u].store(second + u * V::lanes);
  }
}

// Rows [begin, end). tile: room for n elements of a line of rows, without NaN where no rows are.
template <class V, class T = typename V::value_type>
XGRAD_INLINE void narrow_forward(const NarrowRows<T>& j, std::int64_t begin, std::int64_t end, T* tile) {
  constexpr std::int64_t lanes = V::lanes, rows = Turned<V>::rows;
  const double share = 1 / static_cast<double>(j.n);
  const auto at = [tile](std::int64_t k, int u) XGRAD_INLINED { return V::load(tile + k * rows + u * lanes); };
  for (std::int64_t r = begin; r < end; r += rows) {
    const std::int64_t count = std::min(rows, end - r);
    transpose_copy(sizeof(T), count, j.n, j.x + r * j.n, j.n, tile, rows);
    alignas(64) T about[rows], dev[rows], squares[rows], rstd[rows], shift[rows];
    sum_turned<V>(j.n, about, dev, [=](std::int64_t k, int u, V& a, V&) XGRAD_INLINED { a += at(k, u) - at(0, u); });
    for (int u = 0; u < Turned<V>::vectors; ++u)
      (at(0, u) + V::load(about + u * lanes) * V(static_cast<T>(share))).store(about + u * lanes);
    const T* middle = about;
    sum_turned<V>(j.n, dev, squares, [=](std::int64_t k, int u, V& a, V& b) XGRAD_INLINED {
      const V d = at(k, u) - V::load(middle + u * lanes);
      a += d;
      b += d * d;
    });
    for (std::int64_t l = 0; l < rows; ++l) {
      Spread s;
      const double off = static_cast<double>(dev[l]) * share;
      join(s, static_cast<double>(j.n), static_cast<double>(about[l]), off,
           static_cast<double>(squares[l]) - static_cast<double>(dev[l]) * off);
      const T mean = static_cast<T>(s.mean()), rest = static_cast<T>(s.rest(static_cast<double>(mean)));
      about[l] = mean;
      rstd[l] = static_cast<T>(1 / std::sqrt(s.variance() + j.eps));
      shift[l] = -rest * rstd[l];
      if (l >= count) continue;
      j.mean[r + l] = mean;
      j.rstd[r + l] = rstd[l];
      j.rest[r + l] = rest;
    }
    for (std::int64_t k = 0; k < j.n; ++k) {
      const V w(j.weight[k]), b(j.bias[k]);
      for (int u = 0; u < Turned<V>::vectors; ++u) {
        const std::int64_t i = u * lanes;
        (((at(k, u) - V::load(about + i)) * V::load(rstd + i) + V::load(shift + i)) * w + b).store(tile + k * rows + i);
      }
    }
    transpose_copy(sizeof(T), j.n, count, tile, rows, j.out + r * j.n, j.n);
  }
}

// Rows [begin, end); what they give to the gradients of bias and weight is added to acc_b and acc_w, each for n
// elements of a line of rows. tiles: room for two of those.
template <class V, class T = typename V::value_type>
XGRAD_INLINE void narrow_backward(const NarrowRows<T>& j, std::int64_t begin, std::int64_t end, T* tiles, T* acc_b,
                                  T* acc_w) {
  constexpr std::int64_t lanes = V::lanes, rows = Turned<V>::rows;
  const double count = static_cast<double>(j.n);
  T* const gt = tiles + j.n * rows;
  const auto x = [tiles](std::int64_t k, int u) XGRAD_INLINED { return V::load(tiles + k * rows + u * lanes); };
  const auto g = [gt](std::int64_t k, int u) XGRAD_INLINED { return V::load(gt + k * rows + u * lanes); };
  for (std::int64_t r = begin; r < end; r += rows) {
    const std::int64_t some = std::min(rows, end - r);
    if (some < rows) std::fill_n(tiles, 2 * j.n * rows, T(0));  // no rows add nothing
    transpose_copy(sizeof(T), some, j.n, j.x + r * j.n, j.n, tiles, rows);
    transpose_copy(sizeof(T), some, j.n, j.g + r * j.n, j.n, gt, rows);
    alignas(64) T mean[rows] = {}, rstd[rows] = {}, shift[rows] = {}, a[rows], b[rows];
    std::copy_n(j.mean + r, some, mean);
    std::copy_n(j.rstd + r, some, rstd);
    const T *m = mean, *w = j.weight;
    sum_turned<V>(j.n, a, b, [=](std::int64_t k, int u, V& by_bias, V& by_weight) XGRAD_INLINED {
      const V v = g(k, u) * V(w[k]);
      by_bias += v;
      by_weight += v * (x(k, u) - V::load(m + u * lanes));
    });
    for (std::int64_t l = 0; l < some; ++l) {
      const double rd = static_cast<double>(rstd[l]), rest = static_cast<double>(j.rest[r + l]);
      const double sum = static_cast<double>(a[l]);
      const double slope = rd * rd * rd * (static_cast<double>(b[l]) - sum * rest) / count;
      a[l] = static_cast<T>(rd * sum / count - slope * rest);
      b[l] = static_cast<T>(slope);
      shift[l] = static_cast<T>(-rest * rd);
    }
    for (std::int64_t k = 0; k < j.n; ++k)
      for (int u = 0; u < Turned<V>::vectors; ++u) {
        const std::int64_t i = u * lanes, at = k * rows + i;
        const V v = g(k, u), d = x(k, u) - V::load(mean + i), s = V::load(rstd + i);
        (V::load(acc_b + at) + v).store(acc_b + at);
        (V::load(acc_w + at) + v * (d * s + V::load(shift + i))).store(acc_w + at);
        (v * V(w[k]) * s - V::load(a + i) - d * V::load(b + i)).store(gt + at);
      }
    transpose_copy(sizeof(T), j.n, some, gt, rows, j.out + r * j.n, j.n);
  }
}

}  // namespace xgrad::detail
