// Three ways through memory: contiguous rows one by one; neighbouring rows a stride apart, a vector of them at a time;
// and short or scattered rows gathered into a small transposed tile, which then goes the second way.
#include "kernels/softmax.hpp"

#include "core/elementwise_loop.hpp"
#include "kernels/extremum.hpp"

namespace xgrad::detail {
namespace {

enum class Pass { softmax, log_softmax, softmax_backward, log_softmax_backward };
constexpr bool is_backward(Pass p) { return p == Pass::softmax_backward || p == Pass::log_softmax_backward; }

// The first k lanes, the rest 0.
template <class T>
XGRAD_INLINE Vec<T> first_lanes(Vec<T> v, int k) {
  T t[Vec<T>::lanes] = {};
  v.store(t, k);
  return Vec<T>::load(t);
}

// f(i, lanes) for each vector of n elements; and the sum of what it gives, in double from block to block.
template <class T, class F>
XGRAD_INLINE void each_vector(std::int64_t n, F f) {
  constexpr int w = Vec<T>::lanes;
  std::int64_t i = 0;
  for (; i + w <= n; i += w) f(i, w);
  if (i < n) f(i, static_cast<int>(n - i));
}
template <class T, class F>
XGRAD_INLINE double sum_vectors(std::int64_t n, F f) {
  using V = Vec<T>;
  constexpr int w = V::lanes;
  double total = 0;
  for (std::int64_t b = 0; b < n; b += kReduceBlock) {
    const std::int64_t end = std::min(n, b + kReduceBlock);
    V s(T(0)), t(T(0));
    std::int64_t i = b;
    for (; i + 2 * w <= end; i += 2 * w) {
      s += f(i, w);
      t += f(i + w, w);
    }
    for (; i + w <= end; i += w) s += f(i, w);
    if (i < end) t += first_lanes(f(i, static_cast<int>(end - i)), static_cast<int>(end - i));
    total += narrow_sum(widen_sum(s + t));
  }
  return total;
}

// a: the input, or the gradient with b = the result.
template <Pass P, class T>
XGRAD_INLINE void row_pass(const T* a, const T* b, T* out, std::int64_t n) {
  using V = Vec<T>;
  const auto at = [](const T* p, std::int64_t i, int k) { return k == V::lanes ? V::load(p + i) : V::load(p + i, k); };
  const auto put = [out](V v, std::int64_t i, int k) { k == V::lanes ? v.store(out + i) : v.store(out + i, k); };
  if constexpr (P == Pass::softmax) {
    const V m = extremum_of<true>(a, n);
    const double s = sum_vectors<T>(n, [&](std::int64_t i, int k) {
      const V e = exp(at(a, i, k) - m);
      put(e, i, k);
      return e;
    });
    const V scale = static_cast<T>(1 / s);
    each_vector<T>(n, [&](std::int64_t i, int k) { put(at(out, i, k) * scale, i, k); });
  } else if constexpr (P == Pass::log_softmax) {
    const V m = extremum_of<true>(a, n);
    const double s = sum_vectors<T>(n, [&](std::int64_t i, int k) { return exp(at(a, i, k) - m); });
    const V log_s = static_cast<T>(std::log(s));
    each_vector<T>(n, [&](std::int64_t i, int k) { put(at(a, i, k) - m - log_s, i, k); });
  } else if constexpr (P == Pass::softmax_backward) {
    const V s = static_cast<T>(sum_vectors<T>(n, [&](std::int64_t i, int k) { return at(a, i, k) * at(b, i, k); }));
    each_vector<T>(n, [&](std::int64_t i, int k) { put(at(b, i, k) * (at(a, i, k) - s), i, k); });
  } else {
    const V s = static_cast<T>(sum_vectors<T>(n, [&](std::int64_t i, int k) { return at(a, i, k); }));
    each_vector<T>(n, [&](std::int64_t i, int k) { put(at(a, i, k) - exp(at(b, i, k)) * s, i, k); });
  }
}

template <Pass P, class T>
XGRAD_CLONES void row_kernel(const T* a, const T* b, T* out, std::int64_t rows, std::int64_t n) {
  for (std::int64_t r = 0; r < rows; ++r) row_pass<P>(a + r * n, is_backward(P) ? b + r * n : b, out + r * n, n);
}

// Sum over n of f(i), in two levels.
template <class T, class F>
XGRAD_INLINE Vec<T> sum_down(std::int64_t n, F f) {
  Vec<T> total(T(0));
  for (std::int64_t b = 0; b < n; b += kRowBlock) {
    Vec<T> s(T(0));
    for (std::int64_t i = b; i < std::min(n, b + kRowBlock); ++i) s += f(i);
    total += s;
  }
  return total;
}

// `vectors` vectors of neighbouring rows, whose elements are `stride` apart.
template <Pass P, class T>
XGRAD_CLONES void column_kernel(const T* a, const T* b, T* out, std::int64_t vectors, std::int64_t n, std::int64_t stride) {
  using V = Vec<T>;
  for (; vectors > 0; --vectors, a += V::lanes, out += V::lanes, b += is_backward(P) ? V::lanes : 0) {
    const auto x = [&](std::int64_t i) { return V::load(a + i * stride); };
    const auto y = [&](std::int64_t i) { return V::load(b + i * stride); };
    if constexpr (is_backward(P)) {
      const V s = sum_down<T>(n, [&](std::int64_t i) { return P == Pass::softmax_backward ? x(i) * y(i) : x(i); });
      for (std::int64_t i = 0; i < n; ++i)
        (P == Pass::softmax_backward ? y(i) * (x(i) - s) : x(i) - exp(y(i)) * s).store(out + i * stride);
      continue;
    }
    V m = x(0);
    for (std::int64_t i = 1; i < n; ++i) m = further<true>(m, x(i));
    const V s = sum_down<T>(n, [&](std::int64_t i) {
      const V e = exp(x(i) - m);
      if (P == Pass::softmax) e.store(out + i * stride);
      return e;
    });
    const V last = P == Pass::softmax ? V(1) / s : log(s);
    for (std::int64_t i = 0; i < n; ++i)
      (P == Pass::softmax ? V::load(out + i * stride) * last : x(i) - m - last).store(out + i * stride);
  }
}

// A contiguous tensor as rows of n elements `inner` apart.
template <class T>
struct Problem {
  const T *a, *b;
  T* out;
  std::int64_t n, inner, rows;
  std::int64_t start(std::int64_t row) const { return row / inner * n * inner + row % inner; }
};

// Rows [begin, end), at most one vector of them, through a tile.
template <Pass P, class T>
void tile_pass(const Problem<T>& p, std::int64_t begin, std::int64_t end, T* tile) {
  constexpr std::int64_t w = Vec<T>::lanes;
  const std::int64_t size = p.n * w;
  const auto gather = [&](const T* from, T* to) {
    for (std::int64_t j = 0; j < w; ++j) {
      const T* row = from + p.start(std::min(begin + j, end - 1));  // the last row again fills up the vector
      for (std::int64_t i = 0; i < p.n; ++i) to[i * w + j] = row[i * p.inner];
    }
  };
  gather(p.a, tile);
  if (is_backward(P)) gather(p.b, tile + size);
  T* result = tile + 2 * size;
  column_kernel<P>(tile, tile + size, result, 1, p.n, w);
  for (std::int64_t j = 0; begin + j < end; ++j) {
    T* row = p.out + p.start(begin + j);
    for (std::int64_t i = 0; i < p.n; ++i) row[i * p.inner] = result[i * w + j];
  }
}

template <class T>
Tensor tile_memory(std::int64_t n) {
  return make_tensor({3 * n * Vec<T>::lanes}, dtype_of<T>);
}

template <Pass P, class T>
void run_tiles_of_rows(const Problem<T>& p, std::int64_t grain) {
  constexpr std::int64_t w = Vec<T>::lanes;
  parallel_for((p.rows + w - 1) / w, (grain + w - 1) / w, [&](std::int64_t b, std::int64_t e) {
    Tensor memory = tile_memory<T>(p.n);
    for (std::int64_t t = b; t < e; ++t) tile_pass<P>(p, t * w, std::min(p.rows, (t + 1) * w), data<T>(memory));
  });
}

template <Pass P, class T>
void run_columns(const Problem<T>& p, std::int64_t grain) {
  constexpr std::int64_t w = Vec<T>::lanes, kGroup = 4 * w;
  const std::int64_t groups = (p.inner + kGroup - 1) / kGroup;
  parallel_for(p.rows / p.inner * groups, (grain + kGroup - 1) / kGroup, [&](std::int64_t b, std::int64_t e) {
    Tensor memory;
    for (std::int64_t g = b; g < e; ++g) {
      const std::int64_t row = g / groups * p.inner + g % groups * kGroup;
      const std::int64_t count = std::min(kGroup, p.inner - g % groups * kGroup), at = p.start(row);
      column_kernel<P>(p.a + at, is_backward(P) ? p.b + at : nullptr, p.out + at, count / w, p.n, p.inner);
      if (count % w == 0) continue;
      if (!memory.defined()) memory = tile_memory<T>(p.n);
      tile_pass<P>(p, row + count / w * w, row + count, data<T>(memory));
    }
  });
}

template <Pass P, class T>
void run_pass(const Problem<T>& p) {
  const double ns = static_cast<double>(p.n) * (is_backward(P) ? 0.4 : std::is_same_v<T, float> ? 0.6 : 8);
  const std::int64_t grain = std::max<std::int64_t>(1, static_cast<std::int64_t>(3000 / ns));
  if (p.inner >= Vec<T>::lanes) return run_columns<P>(p, grain);
  if (p.inner > 1 || (p.n < 32 && p.rows >= 4)) return run_tiles_of_rows<P>(p, grain);
  parallel_for(p.rows, grain, [&](std::int64_t b, std::int64_t e) {
    const std::int64_t at = b * p.n;
    row_kernel<P>(p.a + at, is_backward(P) ? p.b + at : nullptr, p.out + at, e - b, p.n);
  });
}

template <Pass P>
Tensor run_softmax(const Tensor& first, const Tensor& second, int dim) {
  const Tensor a = contiguous_copy(first);
  const Tensor b = second.defined() ? contiguous_copy(second) : Tensor();
  const Shape& shape = impl(a).shape;
  Tensor out = make_tensor(shape, impl(a).dtype);
  if (impl(a).numel == 0) return out;
  const std::int64_t n = shape.rank() ? shape[dim] : 1;
  std::int64_t inner = 1;
  for (int d = dim + 1; d < shape.rank(); ++d) inner *= shape[d];
  dispatch_floating(impl(a).dtype, [&](auto zero) {
    using T = decltype(zero);
    run_pass<P, T>({data<const T>(a), b.defined() ? data<const T>(b) : nullptr, data<T>(out), n, inner, impl(a).numel / n});
  });
  return out;
}

}  // namespace

Tensor softmax_raw(const Tensor& x, int dim, SoftmaxKind kind) {
  return kind == SoftmaxKind::softmax ? run_softmax<Pass::softmax>(x, Tensor(), dim)
                                      : run_softmax<Pass::log_softmax>(x, Tensor(), dim);
}

Tensor softmax_backward_raw(const Tensor& g, const Tensor& y, int dim, SoftmaxKind kind) {
  return kind == SoftmaxKind::softmax ? run_softmax<Pass::softmax_backward>(g, y, dim)
                                      : run_softmax<Pass::log_softmax_backward>(g, y, dim);
}

}  // namespace xgrad::detail
