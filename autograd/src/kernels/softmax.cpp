// Three ways through memory: contiguous rows one by one; neighbouring rows a stride apart, a line of them at a time;
// and short or scattered rows gathered into a small transposed tile, which then goes the second way.
#include "kernels/softmax.hpp"

#include "core/elementwise_loop.hpp"
#include "core/transpose.hpp"
#include "kernels/extremum.hpp"
#include "kernels/normalize_loops.hpp"

namespace xgrad::detail {
namespace {

enum class Pass { softmax, log_softmax, softmax_backward, log_softmax_backward };
constexpr bool is_backward(Pass p) { return p == Pass::softmax_backward || p == Pass::log_softmax_backward; }

// The sum of what f gives for each vector of n elements; in double from block to block. Lanes past the end are to be 0.
template <class V, class F>
XGRAD_INLINE double sum_vectors(std::int64_t n, F f) {
  using T = typename V::value_type;
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
    for (; i < end; i += w) s += f(i, i + w <= end ? w : static_cast<int>(end - i));
    total += static_cast<double>(lane_sum(s + t));
  }
  return total;
}

// The largest element; a NaN may be passed over, as it makes the sum NaN anyway.
template <class V, class T>
XGRAD_INLINE T row_maximum(const T* a, std::int64_t n) {
  constexpr T kLeast = -std::numeric_limits<T>::infinity();
  const auto larger = [](auto x, auto y) XGRAD_INLINED { return where(y > x, y, x); };
  V m(kLeast);
  each_vector<V>(n, [&](std::int64_t i, int k) { m = larger(m, get<V>(a, i, k, kLeast)); });
  return fold_vector(m, larger);
}

// y (g - sum(g y)) adds up to 0, as y adds up to 1. Where g has a large common offset, sum(g y) is rounded to a digit
// of that. What the results then add up to is taken from them in proportion to y, if it is more than the rounding of
// results of their size, which add up to `size`.
template <class T>
constexpr T kEven = 8 * std::numeric_limits<T>::epsilon();
template <class V>
XGRAD_INLINE V uneven(const V& left, const V& size) {
  using T = typename V::value_type;
  return where(abs(left) > size * kEven<T>, left, V(T(0)));
}

template <class V, class T>
XGRAD_INLINE void softmax_backward_row(const T* g, const T* y, T* out, std::int64_t n) {
  const auto sum = static_cast<T>(
      sum_vectors<V>(n, [=](std::int64_t i, int k) XGRAD_INLINED { return get<V>(g, i, k) * get<V>(y, i, k); }));
  const V s(sum);
  // Two elements of another size show that there is no offset to speak of.
  const auto apart = [sum](T v) { return 64 * std::fabs(v - sum) >= std::fabs(sum); };
  if (apart(g[0]) && apart(g[n - 1]))
    return each_vector<V>(
        n, [=](std::int64_t i, int k) XGRAD_INLINED { put(get<V>(y, i, k) * (get<V>(g, i, k) - s), out, i, k); });
  V left(T(0)), size(T(0));
  each_vector<V>(n, [&](std::int64_t i, int k) XGRAD_INLINED {
    const V d = get<V>(y, i, k) * (get<V>(g, i, k) - s);
    put(d, out, i, k);
    left += d;
    size += abs(d);
  });
  const V off = uneven(V(lane_sum(left)), V(lane_sum(size)));
  if (off[0] == T(0)) return;
  each_vector<V>(
      n, [=](std::int64_t i, int k) XGRAD_INLINED { put(get<V>(out, i, k) - get<V>(y, i, k) * off, out, i, k); });
}

// a: the input, or the gradient with b = the result.
template <Pass P, class V, class T>
XGRAD_INLINE void row_pass(const T* a, const T* b, T* out, std::int64_t n) {
  constexpr T kOff = -std::numeric_limits<T>::infinity();  // its exponential is 0
  const auto at = [](const T* p, std::int64_t i, int k, T fill) {
    return k == V::lanes ? V::load(p + i) : V::load(p + i, k, fill);
  };
  const auto put = [out](const V& v, std::int64_t i, int k) { k == V::lanes ? v.store(out + i) : v.store(out + i, k); };
  if constexpr (P == Pass::softmax_backward) return softmax_backward_row<V>(a, b, out, n);
  if constexpr (P == Pass::log_softmax_backward) {
    const V s = static_cast<T>(sum_vectors<V>(n, [=](std::int64_t i, int k) { return at(a, i, k, 0); }));
    each_vector<V>(n, [=](std::int64_t i, int k) { put(at(a, i, k, 0) - exp(at(b, i, k, 0)) * s, i, k); });
    return;
  }
  const V m = row_maximum<V>(a, n);
  const double s = sum_vectors<V>(n, [=](std::int64_t i, int k) {
    const V e = exp(at(a, i, k, kOff) - m);
    if constexpr (P == Pass::softmax) put(e, i, k);
    return e;
  });
  const V last = static_cast<T>(P == Pass::softmax ? 1 / s : std::log(s));
  each_vector<V>(n, [=](std::int64_t i, int k) {
    put(P == Pass::softmax ? at(out, i, k, 0) * last : at(a, i, k, 0) - m - last, i, k);
  });
}

template <Pass P, class T>
void row_kernel(const T* a, const T* b, T* out, std::int64_t rows, std::int64_t n) {
  run_simd([=](auto w) {
    for (std::int64_t r = 0; r < rows; ++r)
      row_pass<P, Vec<T, w>>(a + r * n, is_backward(P) ? b + r * n : b, out + r * n, n);
  });
}

constexpr int kMostLines = 16;  // of 64 bytes, in which neighbouring rows are taken together

// Neighbouring rows, `count` vectors side by side, whose elements are `stride` apart: memory is read along the lines.
// Count: std::integral_constant where the number is known, so that sums stay in registers.
template <Pass P, class V, class Count>
struct Columns {
  using T = typename V::value_type;
  static constexpr bool kOneLine = !std::is_same_v<Count, int>;
  static constexpr int kMost = (kOneLine ? 1 : kMostLines) * kLine<T> / V::lanes;
  const T *a, *b;
  T* out;
  std::int64_t n, stride;
  Count count;

  XGRAD_INLINE V x(std::int64_t i, int k) const { return V::load(a + i * stride + k * V::lanes); }
  XGRAD_INLINE V y(std::int64_t i, int k) const { return V::load(b + i * stride + k * V::lanes); }
  XGRAD_INLINE T* to(std::int64_t i, int k) const { return out + i * stride + k * V::lanes; }

  // Sums over n of f(i, k), in two levels.
  template <class F>
  XGRAD_INLINE void sum_down(V* total, F f) const {
    for (int k = 0; k < count; ++k) total[k] = V(0);
    for (std::int64_t block = 0; block < n; block += kRowBlock) {
      V s[kMost];
      for (int k = 0; k < count; ++k) s[k] = V(0);
      for (std::int64_t i = block; i < std::min(n, block + kRowBlock); ++i)
        for (int k = 0; k < count; ++k) s[k] += f(i, k);
      for (int k = 0; k < count; ++k) total[k] += s[k];
    }
  }

  XGRAD_INLINE void backward() const {
    V s[kMost];
    sum_down(s, [this](std::int64_t i, int k)
                    XGRAD_INLINED { return P == Pass::softmax_backward ? x(i, k) * y(i, k) : x(i, k); });
    if constexpr (P == Pass::log_softmax_backward) {
      for (std::int64_t i = 0; i < n; ++i)
        for (int k = 0; k < count; ++k) (x(i, k) - exp(y(i, k)) * s[k]).store(to(i, k));
      return;
    }
    V left[kMost], size[kMost];
    for (int k = 0; k < count; ++k) left[k] = size[k] = V(T(0));
    for (std::int64_t i = 0; i < n; ++i)
      for (int k = 0; k < count; ++k) {
        const V d = y(i, k) * (x(i, k) - s[k]);
        d.store(to(i, k));
        left[k] += d, size[k] += abs(d);
      }
    bool exact = true;
    for (int k = 0; k < count; ++k) {
      left[k] = uneven(left[k], size[k]);
      exact &= !any(left[k] != V(T(0)));
    }
    if (exact) return;
    for (std::int64_t i = 0; i < n; ++i)
      for (int k = 0; k < count; ++k) (V::load(to(i, k)) - y(i, k) * left[k]).store(to(i, k));
  }

  XGRAD_INLINE void forward() const {
    V m[kMost], s[kMost];
    for (int k = 0; k < count; ++k) m[k] = x(0, k);
    for (std::int64_t i = 1; i < n; ++i)
      for (int k = 0; k < count; ++k) m[k] = further<true>(m[k], x(i, k));
    sum_down(s, [this, &m](std::int64_t i, int k) XGRAD_INLINED {
      const V e = exp(x(i, k) - m[k]);
      if (P == Pass::softmax) e.store(to(i, k));
      return e;
    });
    for (int k = 0; k < count; ++k) s[k] = P == Pass::softmax ? 1 / s[k] : log(s[k]);
    for (std::int64_t i = 0; i < n; ++i)
      for (int k = 0; k < count; ++k)
        (P == Pass::softmax ? V::load(to(i, k)) * s[k] : x(i, k) - m[k] - s[k]).store(to(i, k));
  }
};

// `lines` times 64 bytes of neighbouring rows, kMostLines at most.
template <Pass P, class T>
void column_kernel(const T* a, const T* b, T* out, std::int64_t lines, std::int64_t n, std::int64_t stride) {
  run_simd([=](auto w) {
    using V = Vec<T, w>;
    const auto run = [](const auto& columns) XGRAD_INLINED {
      if constexpr (is_backward(P))
        columns.backward();
      else
        columns.forward();
    };
    constexpr int kOfLine = static_cast<int>(kLine<T> / V::lanes);
    using One = std::integral_constant<int, kOfLine>;
    if (lines == 1)
      run(Columns<P, V, One>{a, b, out, n, stride, One()});
    else
      run(Columns<P, V, int>{a, b, out, n, stride, static_cast<int>(lines) * kOfLine});
  });
}

// A contiguous tensor as rows of n elements `inner` apart.
template <class T>
struct Problem {
  const T *a, *b;
  T* out;
  std::int64_t n, inner, rows;
  std::int64_t start(std::int64_t row) const { return row / inner * n * inner + row % inner; }
};

// Rows [begin, end), at most one line of them, through a tile.
template <Pass P, class T>
void tile_pass(const Problem<T>& p, std::int64_t begin, std::int64_t end, T* tile) {
  constexpr std::int64_t w = kLine<T>;
  const std::int64_t size = p.n * w;
  const auto gather = [&](const T* from, T* to) {
    if (p.inner == 1 && end - begin == w) return transpose_copy(sizeof(T), w, p.n, from + begin * p.n, p.n, to, w);
    for (std::int64_t j = 0; j < w; ++j) {
      const T* row = from + p.start(std::min(begin + j, end - 1));  // the last row again fills up the line
      for (std::int64_t i = 0; i < p.n; ++i) to[i * w + j] = row[i * p.inner];
    }
  };
  gather(p.a, tile);
  if (is_backward(P)) gather(p.b, tile + size);
  T* result = tile + 2 * size;
  column_kernel<P>(tile, tile + size, result, 1, p.n, w);
  if (p.inner == 1) return transpose_copy(sizeof(T), p.n, end - begin, result, w, p.out + begin * p.n, p.n);
  for (std::int64_t j = 0; begin + j < end; ++j) {
    T* row = p.out + p.start(begin + j);
    for (std::int64_t i = 0; i < p.n; ++i) row[i * p.inner] = result[i * w + j];
  }
}

template <class T>
Tensor tile_memory(std::int64_t n) {
  return make_tensor({3 * n * kLine<T>}, dtype_of<T>);
}

template <Pass P, class T>
void run_tiles_of_rows(const Problem<T>& p, std::int64_t grain) {
  constexpr std::int64_t w = kLine<T>;
  parallel_for((p.rows + w - 1) / w, (grain + w - 1) / w, [&](std::int64_t b, std::int64_t e) {
    Tensor memory = tile_memory<T>(p.n);
    for (std::int64_t t = b; t < e; ++t) tile_pass<P>(p, t * w, std::min(p.rows, (t + 1) * w), data<T>(memory));
  });
}

template <Pass P, class T>
void run_columns(const Problem<T>& p, std::int64_t grain) {
  constexpr std::int64_t w = kLine<T>;
  // Wide groups read whole pages, but each thread wants one.
  const std::int64_t wanted = p.rows / (4 * w * usable_threads()) * w,
                     group = std::clamp(wanted, 4 * w, kMostLines * w);
  const std::int64_t groups = (p.inner + group - 1) / group;
  parallel_for(p.rows / p.inner * groups, (grain + group - 1) / group, [&](std::int64_t b, std::int64_t e) {
    Tensor memory;
    for (std::int64_t g = b; g < e; ++g) {
      const std::int64_t row = g / groups * p.inner + g % groups * group;
      const std::int64_t count = std::min(group, p.inner - g % groups * group), at = p.start(row);
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
  const std::int64_t grain = grain_for(ns);
  if (p.inner >= kLine<T>) return run_columns<P>(p, grain);
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
    run_pass<P, T>({data<const T>(a), data_or_null<const T>(b), data<T>(out), n, inner, impl(a).numel / n});
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
