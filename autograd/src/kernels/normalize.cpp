// Two ways through memory. Where a channel has a run of at least kRun neighbouring elements, a run is one vector
// loop with its constants in registers. Otherwise weights and statistics are laid out per element and loops run over
// whole rows. Sums are made of blocks that do not depend on the number of threads and are combined in double.
#include "kernels/normalize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <xgrad/parallel.hpp>

#include "core/elementwise_loop.hpp"
#include "kernels/normalize_blocked.hpp"
#include "kernels/normalize_loops.hpp"
#include "kernels/normalize_narrow.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kRun = 16;       // shorter runs are not worth a loop of their own
constexpr std::int64_t kBatchRun = 64;  // of a batch grid
constexpr std::int64_t kRows = 64;      // rows added up likewise
constexpr std::int64_t kWide = 1024;    // columns whose sums stay in the cache
constexpr std::int64_t kParts = 32;

// ---- what one call works on ----
template <class T>
struct Job {
  NormGrid grid;
  const T *x, *g;
  T* out;
  T *mean, *rstd, *rest;
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

template <class T>
NarrowRows<T> narrow_rows(const Job<T>& j) {
  return {j.grid.count(), j.x, j.g, j.out, j.mean, j.rstd, j.rest, j.weight, j.bias, j.eps};
}
inline bool are_narrow(const NormGrid& g) { return g.groups == 1 && g.count() <= kNarrowRow && g.inner < kRun; }

// ---- forward ----
template <class T>
void narrow_rows_forward(const Job<T>& j) {
  const NarrowRows<T> rows = narrow_rows(j);
  constexpr std::int64_t together = 64 / sizeof(T);
  const double ns = static_cast<double>(together) * (0.3 * static_cast<double>(rows.n) + 5);
  parallel_for((j.grid.statistics() + together - 1) / together, grain_for(ns),
               [&](std::int64_t begin, std::int64_t end) {
                 const std::int64_t last = std::min(j.grid.statistics(), end * together);
                 run_simd([=](auto bytes) {
                   alignas(64) T tile[kNarrowRow * together] = {};
                   narrow_forward<Vec<T, bytes>>(rows, begin * together, last, tile);
                 });
               });
}

template <class T>
void rows_forward(const Job<T>& j, bool runs) {
  const NormGrid& g = j.grid;
  const std::int64_t n = g.count();
  parallel_for(g.statistics(), grain_for(0.4 * static_cast<double>(n) + 20), [&](std::int64_t begin, std::int64_t end) {
    run_simd([begin, end, n, runs, j](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r) {
        const T* x = j.x + r * n;
        T* y = j.out + r * n;
        const Spread s = spread_of<V>(x, n);
        const T m = static_cast<T>(s.mean()), rstd = static_cast<T>(1 / std::sqrt(s.variance() + j.eps));
        const T rest = static_cast<T>(s.rest(static_cast<double>(m))), shift = -rest * rstd;
        j.mean[r] = m;
        j.rstd[r] = rstd;
        j.rest[r] = rest;
        const std::int64_t group = r % j.grid.groups;
        if (runs) {
          for (std::int64_t k = 0; k < j.grid.per_group; ++k) {
            const std::int64_t c = group * j.grid.per_group + k, at = k * j.grid.inner;
            map_run<V>(x + at, y + at, j.grid.inner, m, rstd * j.weight[c], shift * j.weight[c] + j.bias[c]);
          }
          continue;
        }
        const T *w = j.weight + group * n, *b = j.bias + group * n;
        const V vm(m), vr(rstd), vs(shift);
        map_vectors<V>(n, [=](std::int64_t i, int l) {
          put(((get<V>(x, i, l) - vm) * vr + vs) * get<V>(w, i, l) + get<V>(b, i, l), y, i, l);
        });
      }
    });
  });
}

// Runs of one channel in one sample.
template <class T>
void channel_runs_forward(const Job<T>& j) {
  const std::int64_t inner = j.grid.inner, channels = j.grid.channels();
  const std::int64_t grain = grain_for(0.2 * static_cast<double>(inner));
  parallel_for(j.grid.n * channels, grain, [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t c = r % channels;
        const T scale = j.rstd[c] * j.weight[c];
        map_run<Vec<T, bytes>>(j.x + r * inner, j.out + r * inner, inner, j.mean[c], scale,
                               j.bias[c] - j.rest[c] * scale);
      }
    });
  });
}

// A batch grid with short runs, as rows in which every element has constants of its own; samples are joined to rows
// until those are long enough for vectors.
struct Columns {
  std::int64_t rows, width, inner, channels;
  explicit Columns(const NormGrid& g)
      : rows(g.n), width(g.channels() * g.inner), inner(g.inner), channels(g.channels()) {
    for (; width < 64 && rows % 2 == 0; rows /= 2) width *= 2;
  }
  std::int64_t channel(std::int64_t i) const { return i / inner % channels; }
};

template <class T>
void columns_forward(const Job<T>& j) {
  const Columns k(j.grid);
  Tensor constants = make_tensor({3, k.width}, dtype_of<T>);
  T *mean = data<T>(constants), *scale = mean + k.width, *bias = scale + k.width;
  for (std::int64_t i = 0; i < k.width; ++i) {
    const std::int64_t c = k.channel(i);
    mean[i] = j.mean[c];
    scale[i] = j.rstd[c] * j.weight[c];
    bias[i] = j.bias[c] - j.rest[c] * scale[i];
  }
  parallel_for(k.rows, grain_for(0.2 * static_cast<double>(k.width)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r) {
        const T* x = j.x + r * k.width;
        T* y = j.out + r * k.width;
        map_vectors<V>(k.width, [=](std::int64_t i, int l) {
          put((get<V>(x, i, l) - get<V>(mean, i, l)) * get<V>(scale, i, l) + get<V>(bias, i, l), y, i, l);
        });
      }
    });
  });
}

// ---- statistics of a batch ----
// K vectors of columns from c on; l: lanes of the last one.
template <class V, int K, class T>
XGRAD_INLINE void spread_columns(const T* x, const Columns& k, std::int64_t c, int l, Spread* out) {
  constexpr int w = V::lanes;
  const auto lanes = [l](int u) { return u + 1 < K ? w : l; };
  for (std::int64_t start = 0; start < k.rows; start += kRows) {
    const std::int64_t end = std::min(k.rows, start + kRows);
    const auto at = [=](std::int64_t r, int u) { return get<V>(x, r * k.width + c + u * w, lanes(u)); };
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
        join(out[c + u * w + i], count, static_cast<double>(about[u][i]), d / count,
             static_cast<double>(squares[u][i]) - d * d / count);
      }
  }
}

constexpr std::int64_t kStrip = 64;  // columns a thread takes at least, so that lanes are the same for any number

template <class T>
void spread_by_columns(const NormGrid& grid, const T* x, Spread* channels) {
  const Columns k(grid);
  std::vector<Spread> columns(static_cast<std::size_t>(k.width));
  Spread* out = columns.data();
  parallel_for((k.width + kStrip - 1) / kStrip, grain_for(0.3 * kStrip * static_cast<double>(k.rows)),
               [&](std::int64_t begin, std::int64_t end) {
                 run_simd([=](auto bytes) {
                   using V = Vec<T, bytes>;
                   constexpr int w = V::lanes;
                   const std::int64_t stop = std::min(k.width, end * kStrip);
                   std::int64_t c = begin * kStrip;
                   for (; c + 4 * w <= stop; c += 4 * w) spread_columns<V, 4>(x, k, c, w, out);
                   for (; c < stop; c += w)
                     spread_columns<V, 1>(x, k, c, static_cast<int>(std::min<std::int64_t>(w, stop - c)), out);
                 });
               });
  for (std::int64_t i = 0; i < k.width; ++i) join(channels[k.channel(i)], out[i]);
}

template <class T>
void spread_by_runs(const NormGrid& grid, const T* x, Spread* channels) {
  const std::int64_t runs = grid.n * grid.channels(), inner = grid.inner;
  std::vector<Spread> each(static_cast<std::size_t>(runs));
  Spread* out = each.data();
  parallel_for(runs, grain_for(0.2 * static_cast<double>(inner) + 10), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) out[r] = spread_of<Vec<T, bytes>>(x + r * inner, inner);
    });
  });
  for (std::int64_t r = 0; r < runs; ++r) join(channels[r % grid.channels()], out[r]);
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

// sum - by rest: what a sum of products with x - mean, or the constant beside such a product with `by`, is once the
// rest of the mean is subtracted from x too.
inline double centred(double sum, double by, double rest) { return sum - by * rest; }

template <class T>
void batch_runs_backward(const Job<T>& j, bool constant, ChannelSums& sums) {
  const std::int64_t inner = j.grid.inner, channels = j.grid.channels(), runs = j.grid.n * channels;
  Tensor memory = make_tensor({2 * runs}, DType::float64);
  double *by_bias = data<double>(memory), *by_weight = by_bias + runs;
  parallel_for(runs, grain_for(0.2 * static_cast<double>(inner)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) {
        const NormSums s = gradient_sums<Vec<T, bytes>>(j.g + r * inner, j.x + r * inner, inner, j.mean[r % channels]);
        by_bias[r] = s.a;
        by_weight[r] = s.b;
      }
    });
  });
  for (std::int64_t r = 0; r < runs; ++r) {
    const std::int64_t c = r % channels;
    sums.bias[c] += by_bias[r];
    sums.weight[c] += centred(by_weight[r], by_bias[r], j.rest[c]) * static_cast<double>(j.rstd[c]);
  }
  const double scale = constant ? 0 : 1 / static_cast<double>(j.grid.count());
  const double *all_bias = sums.bias, *all_weight = sums.weight;
  parallel_for(runs, grain_for(0.3 * static_cast<double>(inner)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t c = r % channels, at = r * inner;
        const double a = static_cast<double>(j.rstd[c]) * static_cast<double>(j.weight[c]);
        const double k = a * static_cast<double>(j.rstd[c]) * all_weight[c] * scale;
        map_gradient<Vec<T, bytes>>(j.g + at, j.x + at, j.out + at, inner, j.mean[c], static_cast<T>(a),
                                    static_cast<T>(centred(a * all_bias[c] * scale, k, j.rest[c])), static_cast<T>(k));
      }
    });
  });
}

// Adds rows [begin, end) to columns [first, first + n), n <= kWide: sum g and sum g (x - mean), kRows rows at a time
// before double.
template <class V, class T>
XGRAD_INLINE void add_columns(const Job<T>& j, const Columns& cols, const T* mean, std::int64_t begin, std::int64_t end,
                              std::int64_t first, std::int64_t n, double* by_bias, double* by_weight) {
  T a[kWide], b[kWide];
  for (std::int64_t start = begin; start < end; start += kRows) {
    std::fill_n(a, n, T(0));
    std::fill_n(b, n, T(0));
    T *pa = a, *pb = b;
    for (std::int64_t r = start; r < std::min(end, start + kRows); ++r) {
      const T *g = j.g + r * cols.width + first, *x = j.x + r * cols.width + first, *m = mean + first;
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

// The sums over all rows, made of parts that threads share out: (2, width).
template <class T>
Tensor column_sums(const Job<T>& j, const Columns& cols, const T* mean) {
  const std::int64_t width = cols.width;
  const std::int64_t parts = std::clamp<std::int64_t>(std::min(cols.rows / kRows, j.grid.numel() / 32768), 1, kParts);
  Tensor memory = make_tensor({parts, 2 * width}, DType::float64);
  double* sums = data<double>(memory);
  std::fill_n(sums, parts * 2 * width, 0.0);
  parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      for (std::int64_t p = begin; p < end; ++p)
        for (std::int64_t c = 0; c < width; c += kWide)
          add_columns<Vec<T, bytes>>(j, cols, mean, cols.rows * p / parts, cols.rows * (p + 1) / parts, c,
                                     std::min(kWide, width - c), sums + p * 2 * width, sums + p * 2 * width + width);
    });
  });
  for (std::int64_t p = 1; p < parts; ++p)
    for (std::int64_t i = 0; i < 2 * width; ++i) sums[i] += sums[p * 2 * width + i];
  return memory;
}

// gx = g a - c - (x - mean) k with everything per element.
template <class T>
void columns_gradient(const Job<T>& j, const Columns& cols, const T* mean, const T* a, const T* c, const T* k) {
  const std::int64_t width = cols.width;
  parallel_for(cols.rows, grain_for(0.3 * static_cast<double>(width)), [&](std::int64_t begin, std::int64_t end) {
    run_simd([=](auto bytes) {
      using V = Vec<T, bytes>;
      for (std::int64_t r = begin; r < end; ++r) {
        const T *g = j.g + r * cols.width, *x = j.x + r * cols.width;
        T* out = j.out + r * cols.width;
        map_vectors<V>(width, [=](std::int64_t i, int l) {
          const V d = get<V>(x, i, l) - get<V>(mean, i, l);
          put(get<V>(g, i, l) * get<V>(a, i, l) - get<V>(c, i, l) - d * get<V>(k, i, l), out, i, l);
        });
      }
    });
  });
}

template <class T>
void batch_columns_backward(const Job<T>& j, bool constant, ChannelSums& sums) {
  const Columns cols(j.grid);
  const std::int64_t width = cols.width;
  Tensor constants = make_tensor({4, width}, dtype_of<T>);
  T *mean = data<T>(constants), *a = mean + width, *c = a + width, *k = c + width;
  for (std::int64_t i = 0; i < width; ++i) mean[i] = j.mean[cols.channel(i)];
  const Tensor memory = column_sums(j, cols, mean);
  const double *by_bias = data<double>(memory), *by_weight = by_bias + width;
  for (std::int64_t i = 0; i < width; ++i) {
    const std::int64_t ch = cols.channel(i);
    sums.bias[ch] += by_bias[i];
    sums.weight[ch] += centred(by_weight[i], by_bias[i], j.rest[ch]) * static_cast<double>(j.rstd[ch]);
  }
  const double scale = constant ? 0 : 1 / static_cast<double>(j.grid.count());
  for (std::int64_t i = 0; i < width; ++i) {
    const std::int64_t ch = cols.channel(i);
    const double r = static_cast<double>(j.rstd[ch]), f = r * static_cast<double>(j.weight[ch]);
    const double slope = f * r * sums.weight[ch] * scale;
    a[i] = static_cast<T>(f);
    c[i] = static_cast<T>(centred(f * sums.bias[ch] * scale, slope, j.rest[ch]));
    k[i] = static_cast<T>(slope);
  }
  columns_gradient(j, cols, mean, a, c, k);
}

// One (n, group): the sums of its channels, then its gradient while it is in the cache.
template <class V, class T>
XGRAD_INLINE void group_backward(const Job<T>& j, std::int64_t row, double* by_bias, double* by_weight) {
  const std::int64_t per = j.grid.per_group, inner = j.grid.inner, n = per * inner, first = row % j.grid.groups * per;
  const T *g = j.g + row * n, *x = j.x + row * n, *w = j.weight + first;
  const double r = static_cast<double>(j.rstd[row]);
  double su = 0, sux = 0;  // sums of u = g w and of u (x - mean) rstd
  for (std::int64_t k = 0; k < per; ++k) {
    const NormSums s = gradient_sums<V>(g + k * inner, x + k * inner, inner, j.mean[row]);
    by_bias[k] = s.a;
    by_weight[k] = centred(s.b, s.a, j.rest[row]) * r;
    su += static_cast<double>(w[k]) * by_bias[k];
    sux += static_cast<double>(w[k]) * by_weight[k];
  }
  const double count = static_cast<double>(n);
  const double slope = r * r * sux / count;
  const T c = static_cast<T>(centred(r * su / count, slope, j.rest[row])), kx = static_cast<T>(slope);
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
  parallel_for(j.grid.statistics(), grain_for(0.6 * static_cast<double>(j.grid.count())),
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
  const NormSums s = sum_two<V>(n, [=](std::int64_t i, int l, V& a, V& b) {
    const V u = get<V>(g, i, l) * get<V>(w, i, l);
    a += u;
    b += u * (get<V>(x, i, l) - m);
  });
  const double rd = static_cast<double>(j.rstd[row]), rest = static_cast<double>(j.rest[row]);
  const double count = static_cast<double>(n), slope = rd * rd * rd * centred(s.b, s.a, rest) / count;
  const V c(static_cast<T>(centred(rd * s.a / count, slope, rest))), k(static_cast<T>(slope));
  const V shift(static_cast<T>(-rest * rd));
  each_vector<V>(n, [=](std::int64_t i, int l) {
    const V v = get<V>(g, i, l), d = get<V>(x, i, l) - m;
    put(v * get<V>(w, i, l) * r - c - d * k, out, i, l);
    put(get<V>(acc_b, i, l) + v, acc_b, i, l);
    put(get<V>(acc_w, i, l) + v * (d * r + shift), acc_w, i, l);
  });
}

// Samples [begin, end), each a short row.
template <class T>
void narrow_samples_backward(const Job<T>& j, std::int64_t begin, std::int64_t end, double* total) {
  const NarrowRows<T> rows = narrow_rows(j);
  constexpr std::int64_t together = 64 / sizeof(T);
  const std::int64_t size = rows.n * together;
  Tensor memory = make_tensor({4 * size}, dtype_of<T>);
  T *tiles = data<T>(memory), *acc = tiles + 2 * size;
  std::fill_n(total, 2 * rows.n, 0.0);
  for (std::int64_t start = begin; start < end; start += kRows) {
    const std::int64_t stop = std::min(end, start + kRows);
    std::fill_n(acc, 2 * size, T(0));
    run_simd([=](auto bytes) { narrow_backward<Vec<T, bytes>>(rows, start, stop, tiles, acc, acc + size); });
    for (std::int64_t i = 0; i < 2 * size; ++i) total[i / together] += static_cast<double>(acc[i]);
  }
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
      if (are_narrow(j.grid))
        narrow_samples_backward(j, samples * p / parts, samples * (p + 1) / parts, totals + p * 2 * width);
      else
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
  terms.rest = make_tensor({grid.statistics()}, type);
  if (grid.numel() == 0) return y;
  dispatch_floating(type, [&](auto zero) {
    using T = decltype(zero);
    const bool runs = grid.inner >= kRun;
    const std::int64_t repeat = runs ? 1 : grid.inner;
    const Tensor w = spread_out<T>(terms.weight, grid.channels(), repeat, 1);
    const Tensor b = spread_out<T>(terms.bias, grid.channels(), repeat, 0);
    const Job<T> job{
        grid,       data<T>(x), nullptr, data<T>(y), data<T>(terms.mean), data<T>(terms.rstd), data<T>(terms.rest),
        data<T>(w), data<T>(b), eps};
    are_narrow(grid) ? narrow_rows_forward(job) : rows_forward(job, runs);
  });
  return y;
}

NormMoments norm_moments_raw(const NormGrid& grid, const Tensor& x) {
  if (const BlockedRef form = blocked_form(x)) return norm_moments_blocked(form);
  const std::int64_t channels = grid.channels();
  const auto each = [&] { return make_tensor({channels}, impl(x).dtype); };
  NormMoments m{each(), each(), each()};
  std::vector<Spread> spread(static_cast<std::size_t>(channels));
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = data<T>(x);
    grid.inner >= kBatchRun ? spread_by_runs(grid, p, spread.data()) : spread_by_columns(grid, p, spread.data());
    for (std::int64_t c = 0; c < channels; ++c) {
      const Spread& s = spread[static_cast<std::size_t>(c)];
      data<T>(m.mean)[c] = static_cast<T>(s.mean());
      data<T>(m.variance)[c] = static_cast<T>(s.variance());
      data<T>(m.rest)[c] = static_cast<T>(s.rest(static_cast<double>(data<T>(m.mean)[c])));
    }
  });
  return m;
}

Tensor norm_channels_raw(const NormGrid& grid, const Tensor& x, const NormTerms& terms) {
  if (const BlockedRef form = blocked_form(x)) {
    Tensor y = make_blocked_tensor(impl(x).shape, kFloat32, form.layout().block);
    norm_channels_blocked(form, terms, blocked_form(y));
    return y;
  }
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype);
  if (grid.numel() == 0) return y;
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const Tensor w = spread_out<T>(terms.weight, grid.channels(), 1, 1);
    const Tensor b = spread_out<T>(terms.bias, grid.channels(), 1, 0);
    const Job<T> job{
        grid,       data<T>(x), nullptr, data<T>(y), data<T>(terms.mean), data<T>(terms.rstd), data<T>(terms.rest),
        data<T>(w), data<T>(b), 0};
    grid.inner >= kBatchRun ? channel_runs_forward(job) : columns_forward(job);
  });
  return y;
}

NormGrads norm_backward_raw(const NormGrid& grid, bool constant, const Tensor& g, const Tensor& x, const Shape& affine,
                            const NormTerms& terms, bool last_use) {
  NormGrads out;
  ChannelSums sums(grid.channels());
  if (const BlockedRef form = grid.batch ? blocked_form(x) : BlockedRef()) {
    const BlockedRef own = blocked_form(g), by = to_blocked(g, form.layout());
    const bool over_g = last_use && own && own.layout() == form.layout();
    out.x = over_g ? g : make_blocked_tensor(impl(x).shape, kFloat32, form.layout().block);
    norm_backward_blocked(constant, by, form, terms, blocked_form(out.x), sums.bias, sums.weight);
    out.weight = channel_tensor<float>(sums.weight, affine);
    out.bias = channel_tensor<float>(sums.bias, affine);
    return out;
  }
  out.x = make_tensor(impl(x).shape, impl(x).dtype);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool runs = grid.inner >= (grid.batch ? kBatchRun : kRun);
    const Tensor w = spread_out<T>(terms.weight, grid.channels(), runs || grid.batch ? 1 : grid.inner, 1);
    const Job<T> job{grid,
                     data<T>(x),
                     data<T>(g),
                     data<T>(out.x),
                     data<T>(terms.mean),
                     data<T>(terms.rstd),
                     data<T>(terms.rest),
                     data<T>(w),
                     nullptr,
                     0};
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
