// A chunk (one sample, one block of channels) is a matrix with a channel in each column. Rows are joined until vectors
// fill them. Sums are made chunk by chunk and combined in double, in the order of the chunks.
#include "kernels/normalize_blocked.hpp"

#include <cmath>

#include <xgrad/parallel.hpp>

#include "kernels/normalize_loops.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kWidth = 64;  // of joined rows
constexpr std::int64_t kRows = 64;   // summed in float before double takes over

struct Chunks {
  std::int64_t count, size, block, blocks;  // blocks: of a sample
  std::int64_t rows, width;
  explicit Chunks(const BlockedLayout& l)
      : count(l.chunks()),
        size(l.inner * l.block),
        block(l.block),
        blocks(l.channels / l.block),
        rows(l.inner),
        width(l.block) {
    for (; width < kWidth && rows % 2 == 0; rows /= 2) width *= 2;
  }
  std::int64_t grain(double ns_per_element) const { return grain_for(ns_per_element * static_cast<double>(size)); }
};

// One number per channel, repeated over the joined rows of each block: (blocks, width).
class PerColumn {
 public:
  template <class F>
  PerColumn(const Chunks& k, const F& value)
      : blocks_(k.blocks), width_(k.width), block_(k.block), memory_(make_tensor({k.blocks, k.width}, kFloat32)) {
    for (std::int64_t i = 0; i < k.blocks * k.width; ++i)
      data<float>(memory_)[i] = value(i / k.width * k.block + i % k.width % k.block);
  }
  const float* of_chunk(std::int64_t chunk) const { return data<float>(memory_) + chunk % blocks_ * width_; }
  float of_channel(std::int64_t c) const { return of_chunk(c / block_)[c % block_]; }

 private:
  std::int64_t blocks_, width_, block_;
  Tensor memory_;
};

double channel_value(const Tensor& t, std::int64_t c, double otherwise) {
  return t.defined() ? static_cast<double>(data<float>(t)[c]) : otherwise;
}

// f(V, chunk) for all chunks, in code for this processor.
template <class F>
void each_chunk(const Chunks& k, double ns_per_element, const F& f) {
  parallel_for(k.count, k.grain(ns_per_element), [&](std::int64_t begin, std::int64_t end) {
    run_simd([begin, end, f](auto bytes) XGRAD_INLINED {
      for (std::int64_t i = begin; i < end; ++i) f(Vec<float, bytes>(), i);
    });
  });
}

// f(i, lanes, a, b) adds element i of a row-major matrix to both sums of its column, for K vectors of columns from c
// on; l: lanes of the last one.
template <class V, int K, class F>
XGRAD_INLINE void sum_columns(std::int64_t rows, std::int64_t width, std::int64_t c, int l, const F& f, double* by_a,
                              double* by_b) {
  constexpr int w = V::lanes;
  for (std::int64_t start = 0; start < rows; start += kRows) {
    V a[K] = {}, b[K] = {};
    for (std::int64_t r = start; r < std::min(rows, start + kRows); ++r)
      for (int u = 0; u < K; ++u) f(r * width + c + u * w, c + u * w, u + 1 < K ? w : l, a[u], b[u]);
    float sums[2][K * w];
    for (int u = 0; u < K; ++u) {
      a[u].store(sums[0] + u * w);
      b[u].store(sums[1] + u * w);
    }
    for (int i = 0; i < (K - 1) * w + l; ++i) {
      by_a[c + i] += static_cast<double>(sums[0][i]);
      by_b[c + i] += static_cast<double>(sums[1][i]);
    }
  }
}

// The two sums for each channel of a block.
template <class V, class F>
XGRAD_INLINE void sum_chunk(const Chunks& k, const F& f, double* by_a, double* by_b) {
  constexpr int w = V::lanes;
  double a[kWidth] = {}, b[kWidth] = {};
  std::int64_t c = 0;
  for (; c + 4 * w <= k.width; c += 4 * w) sum_columns<V, 4>(k.rows, k.width, c, w, f, a, b);
  for (; c < k.width; c += w)
    sum_columns<V, 1>(k.rows, k.width, c, static_cast<int>(std::min<std::int64_t>(w, k.width - c)), f, a, b);
  for (c = 0; c < k.block; ++c) {
    by_a[c] = by_b[c] = 0;
    for (std::int64_t j = c; j < k.width; j += k.block) {
      by_a[c] += a[j];
      by_b[c] += b[j];
    }
  }
}

// Two sums for each chunk and channel of a block.
struct ChunkSums {
  explicit ChunkSums(const Chunks& k)
      : memory(make_tensor({2, k.count, k.block}, DType::float64)), a(data<double>(memory)), b(a + k.count * k.block) {}
  Tensor memory;
  double *a, *b;
};

// sum (x - from) and sum (x - from)^2.
ChunkSums deviations(const Chunks& k, const float* x, const PerColumn& from) {
  ChunkSums sums(k);
  each_chunk(k, 0.1, [=, &from](auto v, std::int64_t i) XGRAD_INLINED {
    using V = decltype(v);
    const float *p = x + i * k.size, *middle = from.of_chunk(i);
    const auto add = [p, middle](std::int64_t at, std::int64_t column, int l, V& a, V& b) XGRAD_INLINED {
      const V d = get<V>(p, at, l) - get<V>(middle, column, l);
      a += d;
      b += d * d;
    };
    sum_chunk<V>(k, add, sums.a + i * k.block, sums.b + i * k.block);
  });
  return sums;
}

// sum g and sum g (x - mean).
ChunkSums gradient_sums(const Chunks& k, const float* g, const float* x, const PerColumn& mean) {
  ChunkSums sums(k);
  each_chunk(k, 0.2, [=, &mean](auto v, std::int64_t i) XGRAD_INLINED {
    using V = decltype(v);
    const float *pg = g + i * k.size, *px = x + i * k.size, *m = mean.of_chunk(i);
    const auto add = [pg, px, m](std::int64_t at, std::int64_t column, int l, V& a, V& b) XGRAD_INLINED {
      const V by = get<V>(pg, at, l);
      a += by;
      b += by * (get<V>(px, at, l) - get<V>(m, column, l));
    };
    sum_chunk<V>(k, add, sums.a + i * k.block, sums.b + i * k.block);
  });
  return sums;
}

// Adds the sums of all chunks to those of their channels.
void add_up(const BlockedLayout& l, const ChunkSums& sums, double* by_a, double* by_b) {
  for (std::int64_t i = 0; i < l.chunks() * l.block; ++i) {
    const std::int64_t c = l.first_channel(i / l.block) + i % l.block;
    by_a[c] += sums.a[i];
    by_b[c] += sums.b[i];
  }
}

// The means over the first sample: near enough to those over all for deviations from them to be added up, and 0 where
// they are not finite.
PerColumn first_means(const Chunks& k, const BlockedLayout& l, const float* x) {
  const Chunks one({1, l.channels, l.inner, l.block});
  const ChunkSums sums = deviations(one, x, PerColumn(one, [](std::int64_t) { return 0.f; }));
  return PerColumn(k, [&](std::int64_t c) {
    const auto mean = static_cast<float>(sums.a[c] / static_cast<double>(l.inner));
    return std::isfinite(mean) ? mean : 0.f;
  });
}

}  // namespace

NormMoments norm_moments_blocked(const BlockedRef& x) {
  const BlockedLayout& l = x.layout();
  const Chunks k(l);
  const PerColumn from = first_means(k, l, x.data<float>());
  const Tensor totals = make_tensor({2, l.channels}, DType::float64);
  double *by_d = data<double>(totals), *by_square = by_d + l.channels;
  std::fill_n(by_d, 2 * l.channels, 0.0);
  add_up(l, deviations(k, x.data<float>(), from), by_d, by_square);
  const auto each = [&] { return make_tensor({l.channels}, kFloat32); };
  NormMoments m{each(), each(), each()};
  const auto count = static_cast<double>(l.batch * l.inner);
  for (std::int64_t c = 0; c < l.channels; ++c) {
    const double mean = by_d[c] / count, variance = by_square[c] / count - mean * mean;
    const double whole = static_cast<double>(from.of_channel(c)) + mean;
    data<float>(m.mean)[c] = static_cast<float>(whole);
    data<float>(m.rest)[c] = static_cast<float>(whole - static_cast<double>(data<float>(m.mean)[c]));
    data<float>(m.variance)[c] = static_cast<float>(variance < 0 ? 0 : variance);  // NaN stays
  }
  return m;
}

void norm_channels_blocked(const BlockedRef& x, const NormTerms& terms, const BlockedRef& y) {
  const Chunks k(x.layout());
  const float *mean_of = data<float>(terms.mean), *rstd_of = data<float>(terms.rstd),
              *rest_of = data<float>(terms.rest);
  const auto scale_of = [&](std::int64_t c) {
    return rstd_of[c] * static_cast<float>(channel_value(terms.weight, c, 1));
  };
  const PerColumn mean(k, [=](std::int64_t c) { return mean_of[c]; });
  const PerColumn scale(k, scale_of);
  const PerColumn shift(k, [&](std::int64_t c) {
    return static_cast<float>(channel_value(terms.bias, c, 0)) - rest_of[c] * scale_of(c);
  });
  each_chunk(
      k, 0.2,
      [k, &mean, &scale, &shift, from = x.data<float>(), to = y.data<float>()](auto v, std::int64_t i) XGRAD_INLINED {
        using V = decltype(v);
        const float *m = mean.of_chunk(i), *a = scale.of_chunk(i), *b = shift.of_chunk(i);
        for (std::int64_t at = i * k.size; at < (i + 1) * k.size; at += k.width)
          map_vectors<V>(k.width, [=](std::int64_t j, int l) XGRAD_INLINED {
            put((get<V>(from + at, j, l) - get<V>(m, j, l)) * get<V>(a, j, l) + get<V>(b, j, l), to + at, j, l);
          });
      });
}

void norm_backward_blocked(bool constant, const BlockedRef& g, const BlockedRef& x, const NormTerms& terms,
                           const BlockedRef& gx, double* by_bias, double* by_weight) {
  const BlockedLayout& l = x.layout();
  const Chunks k(l);
  const float *mean_of = data<float>(terms.mean), *rstd_of = data<float>(terms.rstd),
              *rest_of = data<float>(terms.rest);
  const PerColumn mean(k, [=](std::int64_t c) { return mean_of[c]; });
  add_up(l, gradient_sums(k, g.data<float>(), x.data<float>(), mean), by_bias, by_weight);
  const auto rest = [=](std::int64_t c) { return static_cast<double>(rest_of[c]); };
  for (std::int64_t c = 0; c < l.channels; ++c)
    by_weight[c] = (by_weight[c] - rest(c) * by_bias[c]) * static_cast<double>(rstd_of[c]);
  // gx = g a - c - (x - mean) d
  const double share = constant ? 0 : 1 / static_cast<double>(l.batch * l.inner);
  const auto factor = [&](std::int64_t c) {
    return static_cast<double>(rstd_of[c]) * channel_value(terms.weight, c, 1);
  };
  const PerColumn a(k, [&](std::int64_t c) { return static_cast<float>(factor(c)); });
  const auto slope_of = [&](std::int64_t c) {
    return factor(c) * static_cast<double>(rstd_of[c]) * by_weight[c] * share;
  };
  const PerColumn shift(
      k, [&](std::int64_t c) { return static_cast<float>(factor(c) * by_bias[c] * share - rest(c) * slope_of(c)); });
  const PerColumn slope(k, [&](std::int64_t c) { return static_cast<float>(slope_of(c)); });
  each_chunk(k, 0.3,
             [k, &mean, &a, &shift, &slope, from_g = g.data<float>(), from_x = x.data<float>(), to = gx.data<float>()](
                 auto v, std::int64_t i) XGRAD_INLINED {
               using V = decltype(v);
               const float *m = mean.of_chunk(i), *f = a.of_chunk(i), *c = shift.of_chunk(i), *d = slope.of_chunk(i);
               for (std::int64_t at = i * k.size; at < (i + 1) * k.size; at += k.width)
                 map_vectors<V>(k.width, [=](std::int64_t j, int l) XGRAD_INLINED {
                   const V from_mean = get<V>(from_x + at, j, l) - get<V>(m, j, l);
                   put(get<V>(from_g + at, j, l) * get<V>(f, j, l) - get<V>(c, j, l) - from_mean * get<V>(d, j, l),
                       to + at, j, l);
                 });
             });
}

}  // namespace xgrad::detail
