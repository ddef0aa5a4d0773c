// Two layouts: with inner = 1 a row is contiguous and the vectors run along it;
// otherwise neighbouring rows lie side by side and each lane is a row of its
// own.
#include "kernels/class_rows.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/transpose.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kBlock = 4096;  // elements summed in T before double takes over
constexpr std::int64_t kSlice = 64;    // neighbouring rows handed out together
// Rows of at most so many classes are turned: a vector takes one class of many
// rows.
constexpr std::int64_t kNarrow = 64, kNarrowGradient = 32;
template <class T>
constexpr T kLow = -std::numeric_limits<T>::infinity();
// Rough cost of one exponential on one thread.
template <class T>
constexpr double kExpNs = sizeof(T) == 4 ? 0.4 : 8;

template <class V>
XGRAD_INLINE V larger(const V& a, const V& b) {
  return where(b > a, b, a);
}

template <class V>
XGRAD_INLINE auto largest_lane(const V& v) {
  typename V::value_type lane[V::lanes];
  v.store(lane);
  for (int step = V::lanes / 2; step; step /= 2)
    for (int i = 0; i < step; ++i) lane[i] = lane[i + step] > lane[i] ? lane[i + step] : lane[i];
  return lane[0];
}

template <class V>
XGRAD_INLINE auto sum_lanes(const V& v) {
  typename V::value_type lane[V::lanes];
  v.store(lane);
  for (int step = V::lanes / 2; step; step /= 2)
    for (int i = 0; i < step; ++i) lane[i] += lane[i + step];
  return lane[0];
}

// Elements [i, i + lanes) of n; those past the end are `fill`.
template <class V>
XGRAD_INLINE V load_at(const typename V::value_type* x, std::int64_t i, std::int64_t n, typename V::value_type fill) {
  return i + V::lanes <= n ? V::load(x + i) : V::load(x + i, static_cast<int>(n - i), fill);
}

// v with zeros in the lanes before `first`.
template <class V>
XGRAD_INLINE V keep_from(const V& v, std::int64_t first) {
  typename V::value_type lane[V::lanes];
  for (int i = 0; i < V::lanes; ++i) lane[i] = static_cast<typename V::value_type>(i);
  return where(V::load(lane) < V(first), V(0), v);
}

// Largest score (NaN passed over: the sum below has it), and the sum of
// exp(score - largest), of a row of at least one vector. The last vector
// overlaps the one before it instead of being incomplete.
template <class V, class T = typename V::value_type>
XGRAD_INLINE void row_stats(const T* x, std::int64_t n, T& top, T& sum) {
  constexpr std::int64_t w = V::lanes;
  const std::int64_t whole = n / w * w;
  V m = V::load(x + n - w);
  for (std::int64_t i = 0; i < whole; i += w) m = larger(m, V::load(x + i));
  top = largest_lane(m);
  double total = 0;
  for (std::int64_t i = 0; i < whole;) {
    const std::int64_t stop = std::min(whole, i + kBlock);
    V s(0);
    for (; i < stop; i += w) s += exp(V::load(x + i) - V(top));
    if (i == whole && whole < n) s += keep_from(exp(V::load(x + n - w) - V(top)), w - (n - whole));
    total += static_cast<double>(sum_lanes(s));
  }
  sum = static_cast<T>(total);
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void normaliser_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                                  const RowNormaliser<T>& z) {
  for (std::int64_t r = begin; r < end; r += V::lanes) {
    const int n = static_cast<int>(std::min<std::int64_t>(V::lanes, end - r));
    T top[V::lanes] = {}, sum[V::lanes] = {};
    for (int i = 0; i < n; ++i) row_stats<V>(x + (r + i) * classes, classes, top[i], sum[i]);
    V::load(top).store(z.top + r, n);
    log(V::load(sum)).store(z.log_sum + r, n);
  }
}

// n neighbouring rows, one per lane, from `row` on; class 0 of the first is
// element `at`.
template <class V>
struct Lanes {
  std::int64_t row, at;
  int n;
  XGRAD_INLINE static Lanes of(const ClassGrid& grid, std::int64_t o, std::int64_t i) {
    const auto n = static_cast<int>(std::min<std::int64_t>(V::lanes, grid.inner - i));
    return {o * grid.inner + i, o * grid.classes * grid.inner + i, n};
  }
  template <class T>
  XGRAD_INLINE V load(const T* p) const {
    return n == V::lanes ? V::load(p) : V::load(p, n);
  }
};

template <class V, class T = typename V::value_type>
XGRAD_INLINE void normaliser_lanes(const ClassGrid& grid, const Lanes<V>& lanes, const T* x,
                                   const RowNormaliser<T>& z) {
  V m(kLow<T>), s(0);
  for (std::int64_t c = 0; c < grid.classes; ++c) m = larger(m, lanes.load(x + lanes.at + c * grid.inner));
  for (std::int64_t c = 0; c < grid.classes; ++c) s += exp(lanes.load(x + lanes.at + c * grid.inner) - m);
  m.store(z.top + lanes.row, lanes.n);
  log(s).store(z.log_sum + lanes.row, lanes.n);
}

// A whole slice of neighbouring rows: a class of all of them is read in one go.
template <class V>
inline constexpr int kVectors = static_cast<int>(kSlice / V::lanes);

template <class V, class T = typename V::value_type>
XGRAD_INLINE void normaliser_slice(const ClassGrid& grid, std::int64_t row, std::int64_t at, const T* x,
                                   const RowNormaliser<T>& z) {
  V m[kVectors<V>], s[kVectors<V>] = {};
  for (V& v : m) v = V(kLow<T>);
  const auto score = [=](std::int64_t c, int k)
                         XGRAD_INLINED { return V::load(x + at + c * grid.inner + k * V::lanes); };
  for (std::int64_t c = 0; c < grid.classes; ++c)
    for (int k = 0; k < kVectors<V>; ++k) m[k] = larger(m[k], score(c, k));
  for (std::int64_t c = 0; c < grid.classes; ++c)
    for (int k = 0; k < kVectors<V>; ++k) s[k] += exp(score(c, k) - m[k]);
  for (int k = 0; k < kVectors<V>; ++k) {
    m[k].store(z.top + row + k * V::lanes);
    log(s[k]).store(z.log_sum + row + k * V::lanes);
  }
}

// Halves of the scores are subtracted, and the factor u is in the terms: neither the difference of two finite scores
// nor the sum over the classes overflows unless the result does.
template <class V, class T = typename V::value_type>
XGRAD_INLINE void uniform_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                               const RowNormaliser<T>& z, T u, const T* w, T total, T* out) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T top = z.top[r];
    const V half(top * T(0.5)), twice(u * 2);
    V s(0);
    for (std::int64_t c = 0; c < classes; c += V::lanes) {
      const V d = half - load_at<V>(x + r * classes, c, classes, top) * T(0.5);  // nothing past the end
      s += d * (w ? twice * load_at<V>(w, c, classes, T(0)) : twice);
    }
    out[r] = total * z.log_sum[r] + sum_lanes(s);
  }
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void uniform_lanes(const ClassGrid& grid, const Lanes<V>& lanes, const T* x, const RowNormaliser<T>& z,
                                T u, const T* w, T total, T* out) {
  const V half = lanes.load(z.top + lanes.row) * T(0.5), l = lanes.load(z.log_sum + lanes.row);
  V s(0);
  for (std::int64_t c = 0; c < grid.classes; ++c)
    s += (half - lanes.load(x + lanes.at + c * grid.inner) * T(0.5)) * V(u * 2 * (w ? w[c] : T(1)));
  (l * total + s).store(out + lanes.row, lanes.n);
}

// The same with factors of each row and class.
template <class V, class T = typename V::value_type>
XGRAD_INLINE void target_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                              const RowNormaliser<T>& z, const T* q, T* out) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T top = z.top[r];
    const V half(top * T(0.5));
    V s(0), total(0);
    for (std::int64_t c = 0; c < classes; c += V::lanes) {
      const V share = load_at<V>(q + r * classes, c, classes, T(0));
      s += (half - load_at<V>(x + r * classes, c, classes, top) * T(0.5)) * (share * 2);
      total += share;
    }
    out[r] = sum_lanes(total) * z.log_sum[r] + sum_lanes(s);
  }
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void target_lanes(const ClassGrid& grid, const Lanes<V>& lanes, const T* x, const RowNormaliser<T>& z,
                               const T* q, T* out) {
  const V half = lanes.load(z.top + lanes.row) * T(0.5);
  V s(0), total(0);
  for (std::int64_t c = 0; c < grid.classes; ++c) {
    const std::int64_t p = lanes.at + c * grid.inner;
    const V share = lanes.load(q + p);
    s += (half - lanes.load(x + p) * T(0.5)) * (share * 2);
    total += share;
  }
  (total * lanes.load(z.log_sum + lanes.row) + s).store(out + lanes.row, lanes.n);
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void softmax_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                               const RowNormaliser<T>& z, const T* scale, const T* uniform, const T* w, T* dx) {
  for (std::int64_t r = begin; r < end; ++r) {
    const T* row = x + r * classes;
    T* to = dx + r * classes;
    if (scale[r] == T(0)) {
      std::fill_n(to, classes, T(0));
      continue;
    }
    const V a(scale[r]), m(z.top[r]), l(z.log_sum[r]), u(uniform ? uniform[r] : T(0));
    for (std::int64_t i = 0; i < classes; i += V::lanes) {
      const std::int64_t c = std::min(i, classes - V::lanes);  // the last vector overlaps the one before it
      V v = exp(V::load(row + c) - m - l) * a;
      if (uniform) v -= w ? u * V::load(w + c) : u;
      v.store(to + c);
    }
  }
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void softmax_lanes(const ClassGrid& grid, const Lanes<V>& lanes, const T* x, const RowNormaliser<T>& z,
                                const T* scale, const T* uniform, const T* w, T* dx) {
  const V a = lanes.load(scale + lanes.row), m = lanes.load(z.top + lanes.row), l = lanes.load(z.log_sum + lanes.row);
  const V u = uniform ? lanes.load(uniform + lanes.row) : V(0);
  for (std::int64_t c = 0; c < grid.classes; ++c) {
    const std::int64_t p = lanes.at + c * grid.inner;
    V v = exp(lanes.load(x + p) - m - l) * a;
    if (uniform) v -= u * V(w ? w[c] : T(1));
    where(a == V(0), V(0), v).store(dx + p, lanes.n);
  }
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void softmax_slice(const ClassGrid& grid, std::int64_t row, std::int64_t at, const T* x,
                                const RowNormaliser<T>& z, const T* scale, T* dx) {
  const auto of = [=](const T* p, int k) XGRAD_INLINED { return V::load(p + row + k * V::lanes); };
  for (std::int64_t c = 0; c < grid.classes; ++c)
    for (int k = 0; k < kVectors<V>; ++k) {
      const std::int64_t p = at + c * grid.inner + k * V::lanes;
      const V a = of(scale, k), v = exp(V::load(x + p) - of(z.top, k) - of(z.log_sum, k)) * a;
      where(a == V(0), V(0), v).store(dx + p);
    }
}

// Contiguous rows of few classes: along a row, loading an incomplete vector and
// adding up its lanes would cost more than the work itself.
template <class V, class T = typename V::value_type>
XGRAD_INLINE void turn(const T* rows, int n, std::int64_t classes, T* turned) {
  transpose_copy(sizeof(T), n, classes, rows, classes, turned, V::lanes);
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void normaliser_narrow(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                                    const RowNormaliser<T>& z) {
  alignas(64) T turned[kNarrow * V::lanes] = {};
  for (std::int64_t r = begin; r < end; r += V::lanes) {
    const Lanes<V> lanes{r, 0, static_cast<int>(std::min<std::int64_t>(V::lanes, end - r))};
    turn<V>(x + r * classes, lanes.n, classes, turned);
    normaliser_lanes<V>({1, classes, V::lanes}, lanes, turned, z);
  }
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void target_narrow(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                                const RowNormaliser<T>& z, const T* q, T* out) {
  alignas(64) T scores[kNarrow * V::lanes] = {}, shares[kNarrow * V::lanes] = {};
  for (std::int64_t r = begin; r < end; r += V::lanes) {
    const Lanes<V> lanes{r, 0, static_cast<int>(std::min<std::int64_t>(V::lanes, end - r))};
    turn<V>(x + r * classes, lanes.n, classes, scores);
    turn<V>(q + r * classes, lanes.n, classes, shares);
    target_lanes<V>({1, classes, V::lanes}, lanes, scores, z, shares, out);
  }
}

template <class V, class T = typename V::value_type>
XGRAD_INLINE void softmax_narrow(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* x,
                                 const RowNormaliser<T>& z, const T* scale, const T* uniform, const T* w, T* dx) {
  alignas(64) T turned[kNarrowGradient * V::lanes] = {};
  for (std::int64_t r = begin; r < end; r += V::lanes) {
    const Lanes<V> lanes{r, 0, static_cast<int>(std::min<std::int64_t>(V::lanes, end - r))};
    turn<V>(x + r * classes, lanes.n, classes, turned);
    softmax_lanes<V>({1, classes, V::lanes}, lanes, turned, z, scale, uniform, w, turned);
    transpose_copy(sizeof(T), classes, lanes.n, turned, V::lanes, dx + r * classes, classes);
  }
}

struct NoSlices {};  // slices go vector by vector

// rows(v, begin, end) for contiguous rows, or lanes(v, outer, inner) for one vector of neighbouring rows and
// slice(v, first row, element of class 0) for kSlice of them, over all rows and threads; v is a vector of the kind to
// use.
template <class T, class R, class L, class S = NoSlices>
void over_grid(const ClassGrid& grid, double ns, const R& rows, const L& lanes, const S& slice = S()) {
  const double row_ns = ns * static_cast<double>(std::max<std::int64_t>(grid.classes, 1));
  if (grid.inner == 1)
    return parallel_cost(grid.outer, row_ns, [&](std::int64_t begin, std::int64_t end) {
      run_simd([rows, begin, end](auto bytes) { rows(Vec<T, bytes>(), begin, end); });
    });
  const std::int64_t inner = grid.inner, slices = (inner + kSlice - 1) / kSlice;
  parallel_for(grid.outer * slices, grain_for(row_ns * kSlice), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t s = begin; s < end; ++s) {
        const std::int64_t first = s % slices * kSlice, stop = std::min(inner, first + kSlice);
        if constexpr (!std::is_same_v<S, NoSlices>) {
          if (stop - first == kSlice) {
            const std::int64_t o = s / slices;
            slice(V(), o * inner + first, o * grid.classes * inner + first);
            continue;
          }
        }
        for (std::int64_t i = first; i < stop; i += V::lanes) lanes(V(), s / slices, i);
      }
    });
  });
}

}  // namespace

template <class T>
void class_normaliser(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z) {
  over_grid<T>(
      grid, kExpNs<T>,
      [=](auto v, std::int64_t begin, std::int64_t end) {
        if (grid.classes <= kNarrow)
          normaliser_narrow<decltype(v)>(begin, end, grid.classes, x, z);
        else
          normaliser_rows<decltype(v)>(begin, end, grid.classes, x, z);
      },
      [=](auto v, std::int64_t o, std::int64_t i) {
        normaliser_lanes<decltype(v)>(grid, Lanes<decltype(v)>::of(grid, o, i), x, z);
      },
      [=](auto v, std::int64_t row, std::int64_t at) { normaliser_slice<decltype(v)>(grid, row, at, x, z); });
}

template <class T>
void class_uniform_loss(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z, T u, const T* w, T total,
                        T* out) {
  over_grid<T>(
      grid, 0.2,
      [=](auto v, std::int64_t begin, std::int64_t end) {
        uniform_rows<decltype(v)>(begin, end, grid.classes, x, z, u, w, total, out);
      },
      [=](auto v, std::int64_t o, std::int64_t i) {
        uniform_lanes<decltype(v)>(grid, Lanes<decltype(v)>::of(grid, o, i), x, z, u, w, total, out);
      });
}

template <class T>
void class_target_loss(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z, const T* q, T* out) {
  over_grid<T>(
      grid, 0.3,
      [=](auto v, std::int64_t begin, std::int64_t end) {
        if (grid.classes <= kNarrow)
          target_narrow<decltype(v)>(begin, end, grid.classes, x, z, q, out);
        else
          target_rows<decltype(v)>(begin, end, grid.classes, x, z, q, out);
      },
      [=](auto v, std::int64_t o, std::int64_t i) {
        target_lanes<decltype(v)>(grid, Lanes<decltype(v)>::of(grid, o, i), x, z, q, out);
      });
}

template <class T>
void class_softmax_scaled(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z, const T* scale,
                          const T* uniform, const T* w, T* dx) {
  const auto rows = [=](auto v, std::int64_t begin, std::int64_t end) {
    if (grid.classes <= kNarrowGradient)
      softmax_narrow<decltype(v)>(begin, end, grid.classes, x, z, scale, uniform, w, dx);
    else
      softmax_rows<decltype(v)>(begin, end, grid.classes, x, z, scale, uniform, w, dx);
  };
  const auto lanes = [=](auto v, std::int64_t o, std::int64_t i) {
    softmax_lanes<decltype(v)>(grid, Lanes<decltype(v)>::of(grid, o, i), x, z, scale, uniform, w, dx);
  };
  if (uniform) return over_grid<T>(grid, kExpNs<T>, rows, lanes);
  over_grid<T>(grid, kExpNs<T>, rows, lanes, [=](auto v, std::int64_t row, std::int64_t at) {
    softmax_slice<decltype(v)>(grid, row, at, x, z, scale, dx);
  });
}

template void class_normaliser<float>(const ClassGrid&, const float*, const RowNormaliser<float>&);
template void class_normaliser<double>(const ClassGrid&, const double*, const RowNormaliser<double>&);
template void class_uniform_loss<float>(const ClassGrid&, const float*, const RowNormaliser<float>&, float,
                                        const float*, float, float*);
template void class_uniform_loss<double>(const ClassGrid&, const double*, const RowNormaliser<double>&, double,
                                         const double*, double, double*);
template void class_target_loss<float>(const ClassGrid&, const float*, const RowNormaliser<float>&, const float*,
                                       float*);
template void class_target_loss<double>(const ClassGrid&, const double*, const RowNormaliser<double>&, const double*,
                                        double*);
template void class_softmax_scaled<float>(const ClassGrid&, const float*, const RowNormaliser<float>&, const float*,
                                          const float*, const float*, float*);
template void class_softmax_scaled<double>(const ClassGrid&, const double*, const RowNormaliser<double>&, const double*,
                                           const double*, const double*, double*);

}  // namespace xgrad::detail
