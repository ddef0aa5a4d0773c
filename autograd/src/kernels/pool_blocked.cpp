#include "kernels/pool_blocked.hpp"

#include <algorithm>
#include <limits>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "kernels/normalize_loops.hpp"

namespace xgrad::detail {
namespace {

// f(output, depth, height and width of its window) for each output of a chunk, by its number in the image.
template <class F>
XGRAD_INLINE void each_window(const PoolShape& s, const F& f) {
  std::int64_t output = 0;
  for (std::int64_t d = 0; d < s.out[0]; ++d) {
    const Window depth = window(s, 0, d);
    for (std::int64_t h = 0; h < s.out[1]; ++h) {
      const Window height = window(s, 1, h);
      for (std::int64_t w = 0; w < s.out[2]; ++w) f(output++, depth, height, window(s, 2, w));
    }
  }
}

// f(first input, last input) for each row of a window; along it the step is dilation[2].
template <class F>
XGRAD_INLINE void each_row(const PoolShape& s, const Window& depth, const Window& height, const Window& width,
                           const F& f) {
  for (std::int64_t d = depth.begin; d < depth.end; d += s.dilation[0])
    for (std::int64_t h = height.begin; h < height.end; h += s.dilation[1]) {
      const std::int64_t row = (d * s.in[1] + h) * s.in[2];
      f(row + width.begin, row + width.end);
    }
}

// f(first channel, lanes) for the vectors of a block of B channels.
template <class V, int B, class F>
XGRAD_INLINE void each_part(const F& f) {
  constexpr int w = V::lanes < B ? V::lanes : B;
  for (int c = 0; c < B; c += w) f(c, w);
}

// The last NaN wins, else the first of equals. Positions are numbers in the vectors: see pooled_form().
template <class V, int B>
XGRAD_INLINE void max_chunk(const PoolShape& s, const float* x, float* y, std::int32_t* where_to) {
  each_window(s,
              [&](std::int64_t output, const Window& depth, const Window& height, const Window& width) XGRAD_INLINED {
                float found[B];
                each_part<V, B>([&](int c, int l) XGRAD_INLINED {
                  V best(-std::numeric_limits<float>::infinity()), at(-1.f);
                  each_row(s, depth, height, width, [&](std::int64_t begin, std::int64_t end) XGRAD_INLINED {
                    for (std::int64_t p = begin; p < end; p += s.dilation[2]) {
                      const V v = get<V>(x + p * B, c, l);
                      const auto wins = (v > best) | (v != v) | (at < V(0.f));
                      best = where(wins, v, best);
                      at = where(wins, V(static_cast<float>(p)), at);
                    }
                  });
                  put(best, y + output * B, c, l);
                  put(at, found, c, l);
                });
                for (int c = 0; c < B; ++c) where_to[output * B + c] = static_cast<std::int32_t>(found[c]);
              });
}

template <int B>
XGRAD_CLONES void gather_chunk(const PoolShape& s, const float* x, const std::int32_t* where, float* y) {
  for (std::int64_t i = 0; i < volume(s.out) * B; ++i) y[i] = where[i] < 0 ? 0.f : x[where[i] * B + i % B];
}

template <class V, int B>
XGRAD_INLINE void scatter_chunk(const PoolShape& s, const float* g, const std::int32_t* positions, float* dx) {
  std::fill_n(dx, volume(s.in) * B, 0.f);
  each_window(s,
              [&](std::int64_t output, const Window& depth, const Window& height, const Window& width) XGRAD_INLINED {
                float found[B];
                for (int c = 0; c < B; ++c) found[c] = static_cast<float>(positions[output * B + c]);
                each_part<V, B>([&](int c, int l) XGRAD_INLINED {
                  const V by = get<V>(g + output * B, c, l), at = get<V>(found, c, l);
                  each_row(s, depth, height, width, [&](std::int64_t begin, std::int64_t end) XGRAD_INLINED {
                    for (std::int64_t p = begin; p < end; p += s.dilation[2]) {
                      const auto here = at == V(static_cast<float>(p));
                      put(get<V>(dx + p * B, c, l) + where(here, by, V(0.f)), dx + p * B, c, l);
                    }
                  });
                });
              });
}

// What the sum over a window is divided by.
std::int64_t divisor(const PoolShape& s, const Window& depth, const Window& height, const Window& width) {
  return s.divisor != 0 ? s.divisor : depth.count * height.count * width.count;
}

template <int B>
XGRAD_CLONES void avg_chunk(const PoolShape& s, const float* x, float* y) {
  each_window(s, [&](std::int64_t output, const Window& depth, const Window& height, const Window& width) {
    double total[B] = {};
    each_row(s, depth, height, width, [&](std::int64_t begin, std::int64_t end) {
      float sum[B] = {};
      for (std::int64_t p = begin; p < end; ++p)
        for (int c = 0; c < B; ++c) sum[c] += x[p * B + c];
      for (int c = 0; c < B; ++c) total[c] += static_cast<double>(sum[c]);
    });
    const auto count = static_cast<double>(divisor(s, depth, height, width));
    for (int c = 0; c < B; ++c) y[output * B + c] = static_cast<float>(total[c] / count);
  });
}

template <int B>
XGRAD_CLONES void avg_backward_chunk(const PoolShape& s, const float* g, float* dx) {
  std::fill_n(dx, volume(s.in) * B, 0.f);
  each_window(s, [&](std::int64_t output, const Window& depth, const Window& height, const Window& width) {
    const auto count = static_cast<float>(divisor(s, depth, height, width));
    float share[B];
    for (int c = 0; c < B; ++c) share[c] = g[output * B + c] / count;
    each_row(s, depth, height, width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p)
        for (int c = 0; c < B; ++c) dx[p * B + c] += share[c];
    });
  });
}

// f(block, first element of the input, first element of the output) for each chunk.
template <class F>
void each_chunk(const PoolShape& s, const BlockedLayout& l, const F& f) {
  const std::int64_t in = volume(s.in) * l.block, out = volume(s.out) * l.block;
  parallel_for(l.chunks(), grain_for(0.25 * static_cast<double>(in + out)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      l.block == 16 ? f(std::integral_constant<int, 16>(), i * in, i * out)
                    : f(std::integral_constant<int, 8>(), i * in, i * out);
  });
}

}  // namespace

void max_pool_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& y, const BlockedRef& positions) {
  each_chunk(s, x.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    run_simd([&s, from = x.data<float>() + in, to = y.data<float>() + out,
              where = positions.data<std::int32_t>() + out](auto bytes)
                 XGRAD_INLINED { max_chunk<Vec<float, bytes>, decltype(b)::value>(s, from, to, where); });
  });
}

void pool_gather_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& positions, const BlockedRef& y) {
  each_chunk(s, x.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    gather_chunk<b>(s, x.data<float>() + in, positions.data<std::int32_t>() + out, y.data<float>() + out);
  });
}

void pool_scatter_blocked(const PoolShape& s, const BlockedRef& g, const BlockedRef& positions, const BlockedRef& dx) {
  each_chunk(s, g.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    run_simd([&s, from = g.data<float>() + out, where = positions.data<std::int32_t>() + out,
              to = dx.data<float>() + in](auto bytes)
                 XGRAD_INLINED { scatter_chunk<Vec<float, bytes>, decltype(b)::value>(s, from, where, to); });
  });
}

void avg_pool_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& y) {
  each_chunk(s, x.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    avg_chunk<b>(s, x.data<float>() + in, y.data<float>() + out);
  });
}

void avg_pool_backward_blocked(const PoolShape& s, const BlockedRef& g, const BlockedRef& dx) {
  each_chunk(s, g.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    avg_backward_chunk<b>(s, g.data<float>() + out, dx.data<float>() + in);
  });
}

}  // namespace xgrad::detail
