#include "kernels/pool_blocked.hpp"

#include <algorithm>
#include <limits>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

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

// B: channels of a block. The last NaN wins, else the first of equals.
template <int B>
XGRAD_CLONES void max_chunk(const PoolShape& s, const float* x, float* y, std::int32_t* where) {
  each_window(s, [&](std::int64_t output, const Window& depth, const Window& height, const Window& width) {
    float best[B];
    std::int32_t at[B];
    std::fill_n(best, B, -std::numeric_limits<float>::infinity());
    std::fill_n(at, B, -1);
    each_row(s, depth, height, width, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; p += s.dilation[2]) {
        const float* v = x + p * B;
        for (int c = 0; c < B; ++c) {
          const bool wins = (v[c] > best[c]) | (v[c] != v[c]) | (at[c] < 0);
          best[c] = wins ? v[c] : best[c];
          at[c] = wins ? static_cast<std::int32_t>(p) : at[c];
        }
      }
    });
    std::copy_n(best, B, y + output * B);
    std::copy_n(at, B, where + output * B);
  });
}

template <int B>
XGRAD_CLONES void gather_chunk(const PoolShape& s, const float* x, const std::int32_t* where, float* y) {
  for (std::int64_t i = 0; i < volume(s.out) * B; ++i) y[i] = where[i] < 0 ? 0.f : x[where[i] * B + i % B];
}

template <int B>
XGRAD_CLONES void scatter_chunk(const PoolShape& s, const float* g, const std::int32_t* where, float* dx) {
  std::fill_n(dx, volume(s.in) * B, 0.f);
  for (std::int64_t i = 0; i < volume(s.out) * B; ++i)
    if (where[i] >= 0) dx[where[i] * B + i % B] += g[i];
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
  const auto grain = std::max<std::int64_t>(1, 12000 / std::max<std::int64_t>(in + out, 1));
  parallel_for(l.chunks(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      l.block == 16 ? f(std::integral_constant<int, 16>(), i * in, i * out)
                    : f(std::integral_constant<int, 8>(), i * in, i * out);
  });
}

}  // namespace

void max_pool_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& y, const BlockedRef& positions) {
  each_chunk(s, x.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    max_chunk<b>(s, x.data<float>() + in, y.data<float>() + out, positions.data<std::int32_t>() + out);
  });
}

void pool_gather_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& positions, const BlockedRef& y) {
  each_chunk(s, x.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    gather_chunk<b>(s, x.data<float>() + in, positions.data<std::int32_t>() + out, y.data<float>() + out);
  });
}

void pool_scatter_blocked(const PoolShape& s, const BlockedRef& g, const BlockedRef& positions, const BlockedRef& dx) {
  each_chunk(s, g.layout(), [&](auto b, std::int64_t in, std::int64_t out) {
    scatter_chunk<b>(s, g.data<float>() + out, positions.data<std::int32_t>() + out, dx.data<float>() + in);
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
