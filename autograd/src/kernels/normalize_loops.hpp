// Vector loops over one run of neighbouring elements, for normalize.cpp and softmax.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <xgrad/vec.hpp>

namespace xgrad::detail {

inline constexpr std::int64_t kNormBlock = 4096;  // elements summed in the type of the data before double takes over

// f over the lanes, in halves; f takes vectors and numbers.
template <class T, int Bytes, class F>
XGRAD_INLINE T fold_vector(const Vec<T, Bytes>& v, F f) {
  if constexpr (Bytes > 16) {
    Vec<T, Bytes / 2> half[2];
    std::memcpy(&half, &v.v, Bytes);
    return fold_vector(f(half[0], half[1]), f);
  } else if constexpr (sizeof(T) == 4) {
    return f(f(v[0], v[2]), f(v[1], v[3]));
  } else {
    return f(v[0], v[1]);
  }
}
template <class T, int Bytes>
XGRAD_INLINE T lane_sum(const Vec<T, Bytes>& v) {
  return fold_vector(v, [](auto a, auto b) XGRAD_INLINED { return a + b; });
}

// Sums of two functions of the elements, f(i, lanes, a, b) adding to both; lanes past the end must add 0.
struct NormSums {
  double a = 0, b = 0;
};
template <class V, class F>
XGRAD_INLINE NormSums sum_two(std::int64_t n, F f) {
  using T = typename V::value_type;
  constexpr int w = V::lanes;
  NormSums total;
  for (std::int64_t start = 0; start < n; start += kNormBlock) {
    const std::int64_t end = std::min(n, start + kNormBlock);
    V a(T(0)), b(T(0)), c(T(0)), d(T(0));
    std::int64_t i = start;
    for (; i + 2 * w <= end; i += 2 * w) {
      f(i, w, a, b);
      f(i + w, w, c, d);
    }
    for (; i < end; i += w) f(i, static_cast<int>(std::min<std::int64_t>(w, end - i)), a, b);
    total.a += static_cast<double>(lane_sum(a + c));
    total.b += static_cast<double>(lane_sum(b + d));
  }
  return total;
}
template <class V, class F>
XGRAD_INLINE double sum_block(std::int64_t n, F f) {  // of one block
  using T = typename V::value_type;
  constexpr int w = V::lanes;
  V a(T(0)), b(T(0));
  std::int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    a += f(i, w);
    b += f(i + w, w);
  }
  for (; i < n; i += w) a += f(i, static_cast<int>(std::min<std::int64_t>(w, n - i)));
  return static_cast<double>(lane_sum(a + b));
}

template <class V, class T>
XGRAD_INLINE V get(const T* p, std::int64_t i, int lanes, T fill = T(0)) {
  return lanes == V::lanes ? V::load(p + i) : V::load(p + i, lanes, fill);
}
template <class V, class T>
XGRAD_INLINE void put(const V& v, T* p, std::int64_t i, int lanes) {
  lanes == V::lanes ? v.store(p + i) : v.store(p + i, lanes);
}
template <class V, class F>
XGRAD_INLINE void each_vector(std::int64_t n, F f) {
  std::int64_t i = 0;
  for (; i + V::lanes <= n; i += V::lanes) f(i, V::lanes);
  if (i < n) f(i, static_cast<int>(n - i));
}
// For a map from one memory to another: the last vector may do some elements again.
template <class V, class F>
XGRAD_INLINE void map_vectors(std::int64_t n, F f) {
  if (n < V::lanes) return each_vector<V>(n, f);
  std::int64_t i = 0;
  for (; i + V::lanes <= n; i += V::lanes) f(i, V::lanes);
  if (i < n) f(n - V::lanes, V::lanes);
}

// The mean is one of the numbers plus `off`: added up, they would be rounded to a digit of the numbers.
struct Spread {
  double count = 0, from = 0, off = 0, squares = 0;  // squares of deviations from the mean
  double variance() const { return squares / count; }
  double mean() const { return from + off; }
  double rest(double rounded) const { return from - rounded + off; }  // of the mean
};
// T. Chan et al., Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979.
XGRAD_INLINE void join(Spread& s, double count, double from, double off, double squares) {
  squares = squares < 0 ? 0 : squares;  // NaN stays
  if (s.count == 0) {
    s = {count, from, off, squares};
    return;
  }
  const double total = s.count + count, delta = (from - s.from) + (off - s.off);
  s.squares += squares + delta * delta * (s.count * count / total);
  s.off += delta * (count / total);
  s.count = total;
}
XGRAD_INLINE void join(Spread& s, const Spread& o) { join(s, o.count, o.from, o.off, o.squares); }

// Deviations from the first element give the mean of a block, deviations from that the squares and what rounding took
// from it.
template <class V, class T>
XGRAD_INLINE Spread spread_of(const T* p, std::int64_t n) {
  Spread s;
  for (std::int64_t start = 0; start < n; start += kNormBlock) {
    const std::int64_t k = std::min(kNormBlock, n - start);
    const T* q = p + start;
    const T first = q[0];
    const double count = static_cast<double>(k), share = 1 / count;
    const V from(first);
    const double sum =
        sum_block<V>(k, [q, from, first](std::int64_t i, int l) { return get<V>(q, i, l, first) - from; });
    const T about = static_cast<T>(first + sum * share);
    const V middle(about);
    const NormSums dev = sum_two<V>(k, [q, middle, about](std::int64_t i, int l, V& a, V& b) {
      const V d = get<V>(q, i, l, about) - middle;
      a += d;
      b += d * d;
    });
    join(s, count, static_cast<double>(about), dev.a * share, dev.b - dev.a * dev.a * share);
  }
  return s;
}

// y = (x - m) a + b
template <class V, class T>
XGRAD_INLINE void map_run(const T* x, T* y, std::int64_t n, T m, T a, T b) {
  const V vm(m), va(a), vb(b);
  map_vectors<V>(n, [=](std::int64_t i, int l) { put((get<V>(x, i, l) - vm) * va + vb, y, i, l); });
}
// gx = g a - c - (x - m) k
template <class V, class T>
XGRAD_INLINE void map_gradient(const T* g, const T* x, T* gx, std::int64_t n, T m, T a, T c, T k) {
  const V vm(m), va(a), vc(c), vk(k);
  map_vectors<V>(
      n, [=](std::int64_t i, int l) { put(get<V>(g, i, l) * va - vc - (get<V>(x, i, l) - vm) * vk, gx, i, l); });
}
// sum g and sum g (x - m)
template <class V, class T>
XGRAD_INLINE NormSums gradient_sums(const T* g, const T* x, std::int64_t n, T m) {
  const V vm(m);
  return sum_two<V>(n, [=](std::int64_t i, int l, V& a, V& b) {
    const V v = get<V>(g, i, l);
    a += v;
    b += v * (get<V>(x, i, l) - vm);  // g is 0 past the end
  });
}

}  // namespace xgrad::detail
