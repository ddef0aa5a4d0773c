// A chunk (one sample, one block of channels) is a matrix with a channel in each column. Rows are joined until vectors
// fill them. Sums are made chunk by chunk and combined in double, in the order of the chunks.
#include "kernels/normalize_blocked.hpp"

#include <vector>
#include <xgrad/parallel.hpp>

#include "kernels/normalize_columns.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kWidth = 64;  // of joined rows

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
  std::int64_t grain(double ns_per_element) const {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(3000 / (ns_per_element * static_cast<double>(size))));
  }
};

// One number per channel, repeated over the joined rows of each block: (blocks, width).
class PerColumn {
 public:
  explicit PerColumn(const Chunks& k) : k_(k), memory_(make_tensor({k.blocks, k.width}, kFloat32)) {}
  template <class F>
  PerColumn(const Chunks& k, const F& value) : PerColumn(k) {
    for (std::int64_t i = 0; i < k.blocks * k.width; ++i)
      data<float>(memory_)[i] = value(i / k.width * k.block + i % k.width % k.block);
  }
  const float* of_chunk(std::int64_t chunk) const { return data<float>(memory_) + chunk % k_.blocks * k_.width; }

 private:
  const Chunks& k_;
  Tensor memory_;
};

double channel_value(const Tensor& t, std::int64_t c, double otherwise) {
  return t.defined() ? static_cast<double>(data<float>(t)[c]) : otherwise;
}

// f(V, chunk) for all chunks, in code for this processor.
template <class F>
void each_chunk(const Chunks& k, double ns_per_element, const F& f) {
  parallel_for(k.count, k.grain(ns_per_element), [&](std::int64_t begin, std::int64_t end) {
    run_simd([ begin, end, f ](auto bytes) __attribute__((always_inline)) {
      for (std::int64_t i = begin; i < end; ++i) f(Vec<float, bytes>(), i);
    });
  });
}

template <class V>
XGRAD_INLINE void spread_chunk(const float* x, std::int64_t rows, std::int64_t width, std::int64_t block, Spread* out) {
  constexpr int w = V::lanes;
  Spread column[kWidth];
  std::int64_t c = 0;
  for (; c + 4 * w <= width; c += 4 * w) spread_columns<V, 4>(x, rows, width, c, w, column);
  for (; c < width; c += w)
    spread_columns<V, 1>(x, rows, width, c, static_cast<int>(std::min<std::int64_t>(w, width - c)), column);
  for (std::int64_t i = 0; i < width; ++i) join(out[i % block], column[i].count, column[i].mean, column[i].squares);
}

// The two sums of backward for each chunk and channel: (2, chunks, block).
Tensor chunk_sums(const Chunks& k, const float* g, const float* x, const PerColumn& mean) {
  Tensor memory = make_tensor({2, k.count, k.block}, DType::float64);
  double *by_bias = data<double>(memory), *by_weight = by_bias + k.count * k.block;
  each_chunk(
      k, 0.2, [ =, &mean ](auto v, std::int64_t i) __attribute__((always_inline)) {
        double a[kWidth] = {}, b[kWidth] = {};
        add_columns<decltype(v)>(g + i * k.size, x + i * k.size, k.width, mean.of_chunk(i), 0, k.rows, 0, k.width, a,
                                 b);
        for (std::int64_t c = 0; c < k.block; ++c) {
          double sum_a = 0, sum_b = 0;
          for (std::int64_t j = c; j < k.width; j += k.block) {
            sum_a += a[j];
            sum_b += b[j];
          }
          by_bias[i * k.block + c] = sum_a;
          by_weight[i * k.block + c] = sum_b;
        }
      });
  return memory;
}

}  // namespace

NormMoments norm_moments_blocked(const BlockedRef& x) {
  const BlockedLayout& l = x.layout();
  const Chunks k(l);
  std::vector<Spread> each(static_cast<std::size_t>(k.count * k.block)), all(static_cast<std::size_t>(l.channels));
  each_chunk(
      k, 0.2, [ k, from = x.data<float>(), out = each.data() ](auto v, std::int64_t i) __attribute__((always_inline)) {
        spread_chunk<decltype(v)>(from + i * k.size, k.rows, k.width, k.block, out + i * k.block);
      });
  for (std::int64_t i = 0; i < k.count * k.block; ++i) {
    const Spread& s = each[static_cast<std::size_t>(i)];
    join(all[static_cast<std::size_t>(l.first_channel(i / k.block) + i % k.block)], s.count, s.mean, s.squares);
  }
  NormMoments m{make_tensor({l.channels}, kFloat32), make_tensor({l.channels}, kFloat32)};
  for (std::int64_t c = 0; c < l.channels; ++c) {
    data<float>(m.mean)[c] = static_cast<float>(all[static_cast<std::size_t>(c)].mean);
    data<float>(m.variance)[c] = static_cast<float>(all[static_cast<std::size_t>(c)].variance());
  }
  return m;
}

void norm_channels_blocked(const BlockedRef& x, const NormTerms& terms, const BlockedRef& y) {
  const Chunks k(x.layout());
  const float *mean_of = data<float>(terms.mean), *rstd_of = data<float>(terms.rstd);
  const PerColumn mean(k, [=](std::int64_t c) { return mean_of[c]; });
  const PerColumn scale(
      k, [&](std::int64_t c) { return rstd_of[c] * static_cast<float>(channel_value(terms.weight, c, 1)); });
  const PerColumn shift(k, [&](std::int64_t c) { return static_cast<float>(channel_value(terms.bias, c, 0)); });
  each_chunk(
      k, 0.2, [ k, &mean, &scale, &shift, from = x.data<float>(),
                to = y.data<float>() ](auto v, std::int64_t i) __attribute__((always_inline)) {
        using V = decltype(v);
        const float *m = mean.of_chunk(i), *a = scale.of_chunk(i), *b = shift.of_chunk(i);
        for (std::int64_t at = i * k.size; at < (i + 1) * k.size; at += k.width)
          map_vectors<V>(
              k.width, [=](std::int64_t j, int l) __attribute__((always_inline)) {
                put((get<V>(from + at, j, l) - get<V>(m, j, l)) * get<V>(a, j, l) + get<V>(b, j, l), to + at, j, l);
              });
      });
}

void norm_backward_blocked(bool constant, const BlockedRef& g, const BlockedRef& x, const NormTerms& terms,
                           const BlockedRef& gx, double* by_bias, double* by_weight) {
  const BlockedLayout& l = x.layout();
  const Chunks k(l);
  const float *mean_of = data<float>(terms.mean), *rstd_of = data<float>(terms.rstd);
  const PerColumn mean(k, [=](std::int64_t c) { return mean_of[c]; });
  const Tensor sums = chunk_sums(k, g.data<float>(), x.data<float>(), mean);
  for (std::int64_t i = 0; i < k.count * k.block; ++i) {
    const std::int64_t c = l.first_channel(i / k.block) + i % k.block;
    by_bias[c] += data<double>(sums)[i];
    by_weight[c] += data<double>(sums)[k.count * k.block + i] * static_cast<double>(rstd_of[c]);
  }
  // gx = g a - c - (x - mean) d
  const double share = constant ? 0 : 1 / static_cast<double>(l.batch * l.inner);
  const auto factor = [&](std::int64_t c) {
    return static_cast<double>(rstd_of[c]) * channel_value(terms.weight, c, 1);
  };
  const PerColumn a(k, [&](std::int64_t c) { return static_cast<float>(factor(c)); });
  const PerColumn shift(k, [&](std::int64_t c) { return static_cast<float>(factor(c) * by_bias[c] * share); });
  const PerColumn slope(k, [&](std::int64_t c) {
    return static_cast<float>(factor(c) * static_cast<double>(rstd_of[c]) * by_weight[c] * share);
  });
  each_chunk(
      k, 0.3,
      [ k, &mean, &a, &shift, &slope, from_g = g.data<float>(), from_x = x.data<float>(), to = gx.data<float>() ](
          auto v, std::int64_t i) __attribute__((always_inline)) {
        using V = decltype(v);
        const float *m = mean.of_chunk(i), *f = a.of_chunk(i), *c = shift.of_chunk(i), *d = slope.of_chunk(i);
        for (std::int64_t at = i * k.size; at < (i + 1) * k.size; at += k.width)
          map_vectors<V>(
              k.width, [=](std::int64_t j, int l) __attribute__((always_inline)) {
                const V from_mean = get<V>(from_x + at, j, l) - get<V>(m, j, l);
                put(get<V>(from_g + at, j, l) * get<V>(f, j, l) - get<V>(c, j, l) - from_mean * get<V>(d, j, l),
                    to + at, j, l);
              });
      });
}

}  // namespace xgrad::detail
