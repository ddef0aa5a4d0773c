// Two ways through memory. Where a channel has a run of at least kRun neighbouring elements, a run is one vector loop
// with its constants in registers. Otherwise weights and statistics are laid out per element and loops run over whole
// rows. Sums are made of blocks that do not depend on the number of threads and are combined in double.
#include "kernels/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "kernels/reduce_lanes.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kRun = 16;      // shorter runs are not worth a loop of their own
constexpr std::int64_t kBlock = 4096;  // elements summed in the type of the data before double takes over
constexpr std::int64_t kRows = 64;     // rows added up likewise
constexpr std::int64_t kParts = 32;

std::int64_t grain(double ns_per_item) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(3000 / std::max(ns_per_item, 1e-3)));
}

// ---- vector loops over one run ----
// Sums of two functions of the elements, f(i, lanes, a, b) adding to both; lanes past the end must add 0.
struct Two {
  double a = 0, b = 0;
};
template <class V, class F>
XGRAD_INLINE Two sum_two(std::int64_t n, F f) {
  using T = typename V::value_type;
  constexpr int w = V::lanes;
  Two total;
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t end = std::min(n, start + kBlock);
    V a(T(0)), b(T(0)), c(T(0)), d(T(0));
    std::int64_t i = start;
    for (; i + 2 * w <= end; i += 2 * w) {
      f(i, w, a, b);
      f(i + w, w, c, d);
    }
    for (; i < end; i += w) f(i, static_cast<int>(std::min<std::int64_t>(w, end - i)), a, b);
    T x[w], y[w];
    (a + c).store(x);
    (b + d).store(y);
    total.a += fold_lanes(x, [](T u, T v) { return u + v; });
    total.b += fold_lanes(y, [](T u, T v) { return u + v; });
  }
  return total;
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

struct Spread {
  double mean, variance;
};
// Deviations from the first element give the mean of a block, deviations from that the squares and what rounding took
// from it. Blocks are joined after T. Chan et al., Updating Formulae and a Pairwise Algorithm for Computing Sample
// Variances, 1979.
template <class V, class T>
XGRAD_INLINE Spread spread_of(const T* p, std::int64_t n) {
  double mean = 0, squares = 0, seen = 0;
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t k = std::min(kBlock, n - start);
    const T* q = p + start;
    const T first = q[0];
    const double count = static_cast<double>(k);
    const Two sum =
        sum_two<V>(k, [q, first](std::int64_t i, int l, V& a, V&) { a += get<V>(q, i, l, first) - V(first); });
    const T about = static_cast<T>(first + sum.a / count);
    const Two dev = sum_two<V>(k, [q, about](std::int64_t i, int l, V& a, V& b) {
      const V d = get<V>(q, i, l, about) - V(about);
      a += d;
      b += d * d;
    });
    const double block_mean = about + dev.a / count, rest = dev.b - dev.a * dev.a / count;
    const double total = seen + count, delta = block_mean - mean;
    squares += (rest < 0 ? 0 : rest) + delta * delta * (seen * count / total);  // NaN stays
    mean += delta * (count / total);
    seen = total;
  }
  return {mean, squares / seen};
}

// y = (x - m) a + b
template <class V, class T>
XGRAD_INLINE void map_run(const T* x, T* y, std::int64_t n, T m, T a, T b) {
  const V vm(m), va(a), vb(b);
  each_vector<V>(n, [=](std::int64_t i, int l) { put((get<V>(x, i, l) - vm) * va + vb, y, i, l); });
}
// gx = g a - c - (x - m) k
template <class V, class T>
XGRAD_INLINE void map_gradient(const T* g, const T* x, T* gx, std::int64_t n, T m, T a, T c, T k) {
  const V vm(m), va(a), vc(c), vk(k);
  each_vector<V>(
      n, [=](std::int64_t i, int l) { put(get<V>(g, i, l) * va - vc - (get<V>(x, i, l) - vm) * vk, gx, i, l); });
}
// sum g and sum g (x - m)
template <class V, class T>
XGRAD_INLINE Two gradient_sums(const T* g, const T* x, std::int64_t n, T m) {
  const V vm(m);
  return sum_two<V>(n, [=](std::int64_t i, int l, V& a, V& b) {
    const V v = get<V>(g, i, l);
    a += v;
    b += v * (get<V>(x, i, l) - vm);  // g is 0 past the end
  });
}

// ---- what one call works on ----
template <class T>
struct Job {
  NormGrid grid;
  const T *x, *g;
  T* out;
  T *mean, *rstd;
  const T *weight, *bias;  // per channel, or per element of (channel, inner) where runs are short
  double eps;
};

// A per-channel tensor repeated for every element of a channel; `fill` where undefined.
template <class T>
Tensor spread_out(const Tensor& t, std::int64_t channels, std::int64_t inner, T fill) {
  if (t.defined() && inner == 1) return t;
  Tensor out = make_tensor({channels * inner}, dtype_of<T>);
  T* p = data<T>(out);
  for (std::int64_t c = 0; c < channels; ++c) std::fill_n(p + c * inner, inner, t.defined() ? data<T>(t)[c] : fill);
  return out;
}

// ---- forward ----
template <class T>
void rows_forward(const Job<T>& j, bool runs) {
  const NormGrid& g = j.grid;
  const std::int64_t n = g.count();
  parallel_for(g.statistics(), grain(0.4 * static_cast<double>(n) + 20), [&](std::int64_t begin, std::int64_t end) {
    run_simd([begin, end, n, runs, j](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r) {
        const T* x = j.x + r * n;
        T* y = j.out + r * n;
        const Spread s = spread_of<V>(x, n);
        const T m = static_cast<T>(s.mean), rstd = static_cast<T>(1 / std::sqrt(s.variance + j.eps));
        j.mean[r] = m;
        j.rstd[r] = rstd;
        const std::int64_t group = r % j.grid.groups;
        if (runs) {
          for (std::int64_t k = 0; k < j.grid.per_group; ++k) {
            const std::int64_t c = group * j.grid.per_group + k, at = k * j.grid.inner;
            map_run<V>(x + at, y + at, j.grid.inner, m, rstd * j.weight[c], j.bias[c]);
          }
          continue;
        }
        const T *w = j.weight + group * n, *b = j.bias + group * n;
        const V vm(m), vr(rstd);
        each_vector<V>(n, [=](std::int64_t i, int l) {
          put((get<V>(x, i, l) - vm) * vr * get<V>(w, i, l) + get<V>(b, i, l), y, i, l);
        });
      }
    });
  });
}

// Runs of one channel in one sample.
template <class T>
void channel_runs_forward(const Job<T>& j) {
  const std::int64_t inner = j.grid.inner, channels = j.grid.channels();
  parallel_for(j.grid.n * channels, grain(0.2 * static_cast<double>(inner)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t c = r % channels;
        map_run<Vec<T, bytes>>(j.x + r * inner, j.out + r * inner, inner, j.mean[c], j.rstd[c] * j.weight[c],
                               j.bias[c]);
      }
    });
  });
}

// Whole samples, with everything per element.
template <class T>
void channel_rows_forward(const Job<T>& j, const T* mean, const T* scale) {
  const std::int64_t width = j.grid.channels() * j.grid.inner;
  parallel_for(j.grid.n, grain(0.2 * static_cast<double>(width)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r) {
        const T* x = j.x + r * width;
        T* y = j.out + r * width;
        each_vector<V>(width, [=](std::int64_t i, int l) {
          put((get<V>(x, i, l) - get<V>(mean, i, l)) * get<V>(scale, i, l) + get<V>(j.bias, i, l), y, i, l);
        });
      }
    });
  });
}

// ---- backward ----
// The sums over a channel: sum g and sum g (x - mean) rstd, which are the gradients of bias and weight.
struct ChannelSums {
  Tensor memory;  // float64, (2, channels)
  double *bias, *weight;
  explicit ChannelSums(std::int64_t channels) : memory(make_tensor({2 * channels}, DType::float64)) {
    bias = data<double>(memory);
    weight = bias + channels;
    std::fill_n(bias, 2 * channels, 0.0);
  }
};

template <class T>
void batch_runs_backward(const Job<T>& j, bool constant, ChannelSums& sums) {
  const std::int64_t inner = j.grid.inner, channels = j.grid.channels(), runs = j.grid.n * channels;
  Tensor memory = make_tensor({2 * runs}, DType::float64);
  double *by_bias = data<double>(memory), *by_weight = by_bias + runs;
  parallel_for(runs, grain(0.2 * static_cast<double>(inner)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) {
        const Two s = gradient_sums<Vec<T, bytes>>(j.g + r * inner, j.x + r * inner, inner, j.mean[r % channels]);
        by_bias[r] = s.a;
        by_weight[r] = s.b;
      }
    });
  });
  for (std::int64_t r = 0; r < runs; ++r) {
    sums.bias[r % channels] += by_bias[r];
    sums.weight[r % channels] += by_weight[r] * static_cast<double>(j.rstd[r % channels]);
  }
  const double scale = constant ? 0 : 1 / static_cast<double>(j.grid.count());
  const double *all_bias = sums.bias, *all_weight = sums.weight;
  parallel_for(runs, grain(0.3 * static_cast<double>(inner)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t c = r % channels, at = r * inner;
        const double a = static_cast<double>(j.rstd[c]) * static_cast<double>(j.weight[c]);
        map_gradient<Vec<T, bytes>>(j.g + at, j.x + at, j.out + at, inner, j.mean[c], static_cast<T>(a),
                                    static_cast<T>(a * all_bias[c] * scale),
                                    static_cast<T>(a * static_cast<double>(j.rstd[c]) * all_weight[c] * scale));
      }
    });
  });
}

// Adds K vectors of columns from c on of all samples: sum g and sum g (x - mean), kRows rows at a time before double.
// l: lanes of the last vector.
template <class V, int K, class T>
XGRAD_INLINE void add_columns(const Job<T>& j, const T* mean, std::int64_t width, std::int64_t c, int l,
                              double* by_bias, double* by_weight) {
  constexpr int w = V::lanes;
  const auto lanes = [l](int u) { return u + 1 < K ? w : l; };
  V m[K];
  for (int u = 0; u < K; ++u) m[u] = get<V>(mean, c + u * w, lanes(u));
  for (std::int64_t start = 0; start < j.grid.n; start += kRows) {
    V a[K] = {}, b[K] = {};
    for (std::int64_t r = start; r < std::min(j.grid.n, start + kRows); ++r)
      for (int u = 0; u < K; ++u) {
        const std::int64_t at = r * width + c + u * w;
        const V g = get<V>(j.g, at, lanes(u));
        a[u] += g;
        b[u] += g * (get<V>(j.x, at, lanes(u)) - m[u]);
      }
    for (int u = 0; u < K; ++u)
      for (int k = 0; k < lanes(u); ++k) {
        by_bias[c + u * w + k] += static_cast<double>(a[u][k]);
        by_weight[c + u * w + k] += static_cast<double>(b[u][k]);
      }
  }
}

template <class V, class T>
XGRAD_INLINE void column_sums(const Job<T>& j, const T* mean, std::int64_t width, std::int64_t begin, std::int64_t end,
                              double* by_bias, double* by_weight) {
  constexpr int w = V::lanes;
  std::int64_t c = begin;
  for (; c + 4 * w <= end; c += 4 * w) add_columns<V, 4>(j, mean, width, c, w, by_bias, by_weight);
  for (; c < end; c += w)
    add_columns<V, 1>(j, mean, width, c, static_cast<int>(std::min<std::int64_t>(w, end - c)), by_bias, by_weight);
}

// gx = g a - c - (x - mean) k with everything per element.
template <class T>
void columns_gradient(const Job<T>& j, std::int64_t width, const T* mean, const T* a, const T* c, const T* k) {
  parallel_for(j.grid.n, grain(0.3 * static_cast<double>(width)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r) {
        const T *g = j.g + r * width, *x = j.x + r * width;
        T* out = j.out + r * width;
        each_vector<V>(width, [=](std::int64_t i, int l) {
          const V d = get<V>(x, i, l) - get<V>(mean, i, l);
          put(get<V>(g, i, l) * get<V>(a, i, l) - get<V>(c, i, l) - d * get<V>(k, i, l), out, i, l);
        });
      }
    });
  });
}

template <class T>
void batch_columns_backward(const Job<T>& j, bool constant, ChannelSums& sums) {
  const std::int64_t inner = j.grid.inner, channels = j.grid.channels(), width = channels * inner;
  Tensor constants = make_tensor({4, width}, dtype_of<T>), memory = make_tensor({2, width}, DType::float64);
  T *mean = data<T>(constants), *a = mean + width, *c = a + width, *k = c + width;
  double *by_bias = data<double>(memory), *by_weight = by_bias + width;
  std::fill_n(by_bias, 2 * width, 0.0);
  for (std::int64_t i = 0; i < width; ++i) mean[i] = j.mean[i / inner];
  constexpr std::int64_t kStrip = 64;  // columns a thread takes at least, so that lanes are the same for any number
  parallel_for((width + kStrip - 1) / kStrip, grain(0.3 * kStrip * static_cast<double>(j.grid.n)),
               [&](std::int64_t begin, std::int64_t end) {
                 run_simd([=](auto bytes) {
                   column_sums<Vec<T, bytes>>(j, mean, width, begin * kStrip, std::min(width, end * kStrip), by_bias,
                                              by_weight);
                 });
               });
  for (std::int64_t i = 0; i < width; ++i) {
    sums.bias[i / inner] += by_bias[i];
    sums.weight[i / inner] += by_weight[i] * static_cast<double>(j.rstd[i / inner]);
  }
  const double scale = constant ? 0 : 1 / static_cast<double>(j.grid.count());
  for (std::int64_t i = 0; i < width; ++i) {
    const std::int64_t ch = i / inner;
    const double r = static_cast<double>(j.rstd[ch]), f = r * static_cast<double>(j.weight[ch]);
    a[i] = static_cast<T>(f);
    c[i] = static_cast<T>(f * sums.bias[ch] * scale);
    k[i] = static_cast<T>(f * r * sums.weight[ch] * scale);
  }
  columns_gradient(j, width, mean, a, c, k);
}

// One (n, group): the sums of its channels, then its gradient while it is in the cache.
template <class V, class T>
XGRAD_INLINE void group_backward(const Job<T>& j, std::int64_t row, double* by_bias, double* by_weight) {
  const std::int64_t per = j.grid.per_group, inner = j.grid.inner, n = per * inner, first = row % j.grid.groups * per;
  const T *g = j.g + row * n, *x = j.x + row * n, *w = j.weight + first;
  const double r = static_cast<double>(j.rstd[row]);
  double su = 0, sux = 0;  // sums of u = g w and of u (x - mean) rstd
  for (std::int64_t k = 0; k < per; ++k) {
    const Two s = gradient_sums<V>(g + k * inner, x + k * inner, inner, j.mean[row]);
    by_bias[k] = s.a;
    by_weight[k] = s.b * r;
    su += static_cast<double>(w[k]) * by_bias[k];
    sux += static_cast<double>(w[k]) * by_weight[k];
  }
  const double count = static_cast<double>(n);
  const T c = static_cast<T>(r * su / count), kx = static_cast<T>(r * r * sux / count);
  for (std::int64_t k = 0; k < per; ++k) {
    const std::int64_t at = k * inner;
    map_gradient<V>(g + at, x + at, j.out + row * n + at, inner, j.mean[row], j.rstd[row] * w[k], c, kx);
  }
}

template <class T>
void group_runs_backward(const Job<T>& j, ChannelSums& sums) {
  const std::int64_t per = j.grid.per_group, channels = j.grid.channels(), runs = j.grid.n * channels;
  Tensor memory = make_tensor({2 * runs}, DType::float64);
  double *by_bias = data<double>(memory), *by_weight = by_bias + runs;
  parallel_for(j.grid.statistics(), grain(0.6 * static_cast<double>(j.grid.count())),
               [&](std::int64_t begin, std::int64_t end) {
                 run_simd([=](auto bytes) {
                   for (std::int64_t r = begin; r < end; ++r)
                     group_backward<Vec<T, bytes>>(j, r, by_bias + r * per, by_weight + r * per);
                 });
               });
  for (std::int64_t r = 0; r < runs; ++r) {
    sums.bias[r % channels] += by_bias[r];
    sums.weight[r % channels] += by_weight[r];
  }
}

// One row with a weight per element; its part of the gradients of weight and bias is added to `acc`.
template <class V, class T>
XGRAD_INLINE void row_backward(const Job<T>& j, std::int64_t row, std::int64_t n, const T* w, T* acc_b, T* acc_w) {
  const T *g = j.g + row * n, *x = j.x + row * n;
  T* out = j.out + row * n;
  const V m(j.mean[row]), r(j.rstd[row]);
  const Two s = sum_two<V>(n, [=](std::int64_t i, int l, V& a, V& b) {
    const V u = get<V>(g, i, l) * get<V>(w, i, l);
    a += u;
    b += u * (get<V>(x, i, l) - m);
  });
  const double rd = static_cast<double>(j.rstd[row]), count = static_cast<double>(n);
  const V c(static_cast<T>(rd * s.a / count)), k(static_cast<T>(rd * rd * rd * s.b / count));
  each_vector<V>(n, [=](std::int64_t i, int l) {
    const V v = get<V>(g, i, l), d = get<V>(x, i, l) - m;
    put(v * get<V>(w, i, l) * r - c - d * k, out, i, l);
    put(get<V>(acc_b, i, l) + v, acc_b, i, l);
    put(get<V>(acc_w, i, l) + v * d * r, acc_w, i, l);
  });
}

// Samples [begin, end): rows of `groups` groups each.
template <class T>
void sample_rows_backward(const Job<T>& j, std::int64_t begin, std::int64_t end, std::int64_t width, double* total) {
  const std::int64_t groups = j.grid.groups, n = width / groups;
  Tensor memory = make_tensor({2 * width}, dtype_of<T>);
  T* acc = data<T>(memory);
  std::fill_n(total, 2 * width, 0.0);
  for (std::int64_t start = begin; start < end; start += kRows) {
    const std::int64_t stop = std::min(end, start + kRows);
    std::fill_n(acc, 2 * width, T(0));
    run_simd([=](auto bytes) {
      for (std::int64_t s = start; s < stop; ++s)
        for (std::int64_t q = 0; q < groups; ++q)
          row_backward<Vec<T, bytes>>(j, s * groups + q, n, j.weight + q * n, acc + q * n, acc + width + q * n);
    });
    for (std::int64_t i = 0; i < 2 * width; ++i) total[i] += static_cast<double>(acc[i]);
  }
}

template <class T>
void rows_backward(const Job<T>& j, ChannelSums& sums) {
  const std::int64_t inner = j.grid.inner, width = j.grid.channels() * inner, samples = j.grid.n;
  const std::int64_t parts = std::clamp<std::int64_t>(std::min(samples / 4, j.grid.numel() / 16384), 1, kParts);
  Tensor memory = make_tensor({parts, 2 * width}, DType::float64);
  double* totals = data<double>(memory);
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p)
      sample_rows_backward(j, samples * p / parts, samples * (p + 1) / parts, width, totals + p * 2 * width);
  });
  for (std::int64_t p = 0; p < parts; ++p)
    for (std::int64_t i = 0; i < width; ++i) {
      sums.bias[i / inner] += totals[p * 2 * width + i];
      sums.weight[i / inner] += totals[p * 2 * width + width + i];
    }
}

template <class T>
Tensor channel_tensor(const double* values, const Shape& shape) {
  Tensor t = make_tensor(shape, dtype_of<T>);
  std::transform(values, values + impl(t).numel, data<T>(t), [](double v) { return static_cast<T>(v); });
  return t;
}

}  // namespace

Tensor norm_rows_raw(const NormGrid& grid, const Tensor& x, double eps, NormTerms& terms) {
  const DType type = impl(x).dtype;
  Tensor y = make_tensor(impl(x).shape, type);
  terms.mean = make_tensor({grid.statistics()}, type);
  terms.rstd = make_tensor({grid.statistics()}, type);
  if (grid.numel() == 0) return y;
  dispatch_floating(type, [&](auto zero) {
    using T = decltype(zero);
    const bool runs = grid.inner >= kRun;
    const std::int64_t repeat = runs ? 1 : grid.inner;
    const Tensor w = spread_out<T>(terms.weight, grid.channels(), repeat, 1);
    const Tensor b = spread_out<T>(terms.bias, grid.channels(), repeat, 0);
    rows_forward(Job<T>{grid, data<T>(x), nullptr, data<T>(y), data<T>(terms.mean), data<T>(terms.rstd), data<T>(w),
                        data<T>(b), eps},
                 runs);
  });
  return y;
}

Tensor norm_channels_raw(const NormGrid& grid, const Tensor& x, const NormTerms& terms) {
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype);
  if (grid.numel() == 0) return y;
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool runs = grid.inner >= kRun;
    const std::int64_t channels = grid.channels(), repeat = runs ? 1 : grid.inner;
    const Tensor w = spread_out<T>(terms.weight, channels, repeat, 1);
    const Tensor b = spread_out<T>(terms.bias, channels, repeat, 0);
    const Job<T> job{grid,       data<T>(x), nullptr, data<T>(y), data<T>(terms.mean), data<T>(terms.rstd),
                     data<T>(w), data<T>(b), 0};
    if (runs) return channel_runs_forward(job);
    const Tensor mean = spread_out<T>(terms.mean, channels, repeat, 0);
    Tensor scale = make_tensor({channels * repeat}, dtype_of<T>);
    for (std::int64_t i = 0; i < channels * repeat; ++i) data<T>(scale)[i] = job.rstd[i / repeat] * job.weight[i];
    channel_rows_forward(job, data<T>(mean), data<T>(scale));
  });
  return y;
}

NormGrads norm_backward_raw(const NormGrid& grid, bool constant, const Tensor& g, const Tensor& x, const Shape& affine,
                            const NormTerms& terms) {
  NormGrads out;
  out.x = make_tensor(impl(x).shape, impl(x).dtype);
  ChannelSums sums(grid.channels());
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool runs = grid.inner >= kRun;
    const Tensor w = spread_out<T>(terms.weight, grid.channels(), runs || grid.batch ? 1 : grid.inner, 1);
    const Job<T> job{grid,       data<T>(x), data<T>(g), data<T>(out.x), data<T>(terms.mean), data<T>(terms.rstd),
                     data<T>(w), nullptr,    0};
    if (grid.numel() == 0) {
    } else if (grid.batch) {
      runs ? batch_runs_backward(job, constant, sums) : batch_columns_backward(job, constant, sums);
    } else {
      runs ? group_runs_backward(job, sums) : rows_backward(job, sums);
    }
    out.weight = channel_tensor<T>(sums.weight, affine);
    out.bias = channel_tensor<T>(sums.bias, affine);
  });
  return out;
}

}  // namespace xgrad::detail
