// Reductions that pass over a block twice while it is in the cache: variance and log-sum-exp.
#include <limits>

#include "kernels/extremum.hpp"

namespace xgrad::detail {
namespace {

// f over the vectors of p[0..n), n <= kReduceBlock, summed; the lanes past the end are taken as `pad`, where f is to be
// 0.
template <int W, class T, class F>
XGRAD_INLINE double sum_of(const T* p, std::int64_t n, T pad, F f) {
  using V = Vec<T, W>;
  constexpr std::int64_t w = V::lanes;
  V a(T(0)), b(T(0)), c(T(0)), d(T(0));
  std::int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    a += f(V::load(p + i));
    b += f(V::load(p + i + w));
    c += f(V::load(p + i + 2 * w));
    d += f(V::load(p + i + 3 * w));
  }
  for (; i < n; i += w) a += f(i + w <= n ? V::load(p + i) : V::load(p + i, static_cast<int>(n - i), pad));
  T t[w];
  ((a + b) + (c + d)).store(t);
  double sum[w];
  for (int j = 0; j < w; ++j) sum[j] = t[j];
  return fold_lanes(sum, [](double x, double y) { return x + y; });
}

// ---- mean and variance ----
// The mean is one of the numbers plus `off`: added up, they would be rounded to a digit of the numbers.
struct Moment {
  double n, from, off, m2;  // m2: sum of squared deviations from the mean
};

// Squared deviations from the mean, of those from a point near it and what these sum up to. NaN stays, and so does what
// overflowed.
XGRAD_INLINE double about_mean(double squares, double left, double n) {
  const double m2 = squares - left * left / n;
  return squares > std::numeric_limits<double>::max() ? squares : m2 < 0 ? 0 : m2;
}

template <class T>
struct Spread {
  using In = T;
  using Acc = Moment;
  static constexpr std::int64_t kStrip = 256;
  static constexpr double kNs = 0.15;
  T *mean, *rest, *spread;
  double correction;
  bool root;

  XGRAD_INLINE Acc identity() const { return {0, 0, 0, 0}; }
  // T. Chan et al., Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979.
  XGRAD_INLINE void combine(Acc& a, const Acc& b) const {
    const double n = a.n + b.n, delta = (b.from - a.from) + (b.off - a.off);
    if (b.n == 0) return;
    a = a.n == 0 ? b : Acc{n, a.from, a.off + delta * (b.n / n), a.m2 + b.m2 + delta * delta * (a.n * b.n / n)};
  }
  // Deviations from the first element give the mean, deviations from that the rest and what rounding took from it:
  // equal elements give exactly 0.
  template <int W>
  XGRAD_INLINE Acc block(const T* p, std::int64_t n) const {
    const double count = static_cast<double>(n);
    const T first = p[0];
    const T about = static_cast<T>(first + sum_of<W>(p, n, first, [first](auto v) { return v - first; }) / count);
    const double left = sum_of<W>(p, n, about, [about](auto v) { return v - about; });
    const double squares = sum_of<W>(p, n, about, [about](auto v) { return (v - about) * (v - about); });
    return {count, static_cast<double>(about), left / count, about_mean(squares, left, count)};
  }
  template <int W>
  XGRAD_INLINE Acc run(const T* p, std::int64_t n) const {
    Acc acc = identity();
    for (std::int64_t i = 0; i < n; i += kReduceBlock) combine(acc, block<W>(p + i, std::min(kReduceBlock, n - i)));
    return acc;
  }
  template <int W>
  XGRAD_INLINE void run_columns(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols, Acc* acc) const {
    T about[kStrip], left[kStrip], squares[kStrip];
    const double n = static_cast<double>(rows);
    for (std::int64_t c = 0; c < cols; ++c) left[c] = squares[c] = about[c] = 0;
    for (std::int64_t r = 1; r < rows; ++r)
      for (std::int64_t c = 0; c < cols; ++c) about[c] += p[r * stride + c] - p[c];
    for (std::int64_t c = 0; c < cols; ++c) about[c] = static_cast<T>(p[c] + about[c] / n);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < cols; ++c) {
        const T d = p[r * stride + c] - about[c];
        left[c] += d;
        squares[c] += d * d;
      }
    for (std::int64_t c = 0; c < cols; ++c) {
      const double l = left[c];
      combine(acc[c], {n, static_cast<double>(about[c]), l / n, about_mean(squares[c], l, n)});
    }
  }
  XGRAD_INLINE void store(std::int64_t i, const Acc& a) const {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const double v = a.n == 0 ? none : a.m2 / std::max(0.0, a.n - correction);
    mean[i] = static_cast<T>(a.n == 0 ? none : a.from + a.off);
    rest[i] = static_cast<T>(a.from - static_cast<double>(mean[i]) + a.off);
    spread[i] = static_cast<T>(root ? std::sqrt(v) : v);
  }
};

// ---- log-sum-exp ----
struct ScaledSum {
  double m, s;  // s e^m; -inf, 0 for nothing
};

template <class T>
struct LogSumExp {
  using In = T;
  using Acc = ScaledSum;
  static constexpr std::int64_t kStrip = 256;
  static constexpr double kNs = std::is_same_v<T, float> ? 0.4 : 6;
  static constexpr T kInf = std::numeric_limits<T>::infinity();
  T *out, *rest;

  XGRAD_INLINE Acc identity() const { return {-INFINITY, 0}; }
  XGRAD_INLINE void combine(Acc& a, const Acc& b) const {
    if (b.m > a.m || b.m != b.m)
      a = {b.m, b.s + (a.s == 0 ? 0 : a.s * std::exp(a.m - b.m))};
    else if (b.s != 0)
      a.s += b.m == a.m ? b.s : b.s * std::exp(b.m - a.m);
  }
  template <int W>
  XGRAD_INLINE Acc run(const T* p, std::int64_t n) const {
    Acc acc = identity();
    for (std::int64_t i = 0; i < n; i += kReduceBlock) {
      const std::int64_t k = std::min(kReduceBlock, n - i);
      const T m = extremum_of<W, true>(p + i, k);
      if (m - m != 0)
        combine(acc, {m, m == -kInf ? 0.0 : 1.0});  // infinite or NaN: it alone decides
      else
        combine(acc, {m, sum_of<W>(p + i, k, -kInf, [m](auto v) { return exp(v - m); })});
    }
    return acc;
  }
  template <int W>
  XGRAD_INLINE void run_columns(const T* p, std::int64_t stride, std::int64_t rows, std::int64_t cols, Acc* acc) const {
    using V = Vec<T, W>;
    T column[kRowBlock * V::lanes];
    for (std::int64_t c = 0; c < cols; c += V::lanes) {
      const std::int64_t k = std::min<std::int64_t>(V::lanes, cols - c);
      const T* at = p + c;
      std::int64_t step = stride;
      if (k < V::lanes) {  // the last few columns, filled up to a vector
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t j = 0; j < V::lanes; ++j) column[r * V::lanes + j] = j < k ? p[r * stride + c + j] : 0;
        at = column;
        step = V::lanes;
      }
      V m = V::load(at), s(T(0));
      for (std::int64_t r = 1; r < rows; ++r) m = further<true>(m, V::load(at + r * step));
      const V shift = where(m - m == T(0), m, V(T(0)));
      for (std::int64_t r = 0; r < rows; ++r) s += exp(V::load(at + r * step) - shift);
      s = where(m - m == T(0), s, where(m == -kInf, V(T(0)), V(T(1))));
      for (std::int64_t j = 0; j < k; ++j) combine(acc[c + j], {m[static_cast<int>(j)], s[static_cast<int>(j)]});
    }
  }
  XGRAD_INLINE void store(std::int64_t i, const Acc& a) const {
    const double l = a.s == 0 ? 0 : std::log(a.s);
    out[i] = static_cast<T>(a.m + l);
    rest[i] = static_cast<T>(a.m - static_cast<double>(out[i]) + l);
  }
};

}  // namespace

Moments moments_raw(const Tensor& x, DimSet dims, double correction, bool root, bool keepdim) {
  const TensorImpl& t = impl(x);
  const Shape shape = reduced_shape(t.shape, dims, keepdim);
  Moments m{make_tensor(shape, t.dtype), make_tensor(shape, t.dtype), make_tensor(shape, t.dtype)};
  dispatch_floating(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    reduce(Spread<T>{data<T>(m.mean), data<T>(m.rest), data<T>(m.spread), correction, root}, t, dims);
  });
  return m;
}

LogSumExpParts logsumexp_raw(const Tensor& x, DimSet dims, bool keepdim) {
  const TensorImpl& t = impl(x);
  const Shape shape = reduced_shape(t.shape, dims, keepdim);
  LogSumExpParts y{make_tensor(shape, t.dtype), make_tensor(shape, t.dtype)};
  dispatch_floating(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    reduce(LogSumExp<T>{data<T>(y.value), data<T>(y.rest)}, t, dims);
  });
  return y;
}

}  // namespace xgrad::detail
