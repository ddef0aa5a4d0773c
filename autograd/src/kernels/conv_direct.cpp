// Convolution of images with few channels, in float32 and plain layout: a tile of outputs, some channels by two vectors
// of neighbouring positions, stays in registers while all taps are added. oneDNN's kernels fill vectors with channels,
// so that they leave most lanes empty here, and they change the layout of what they write.
#include <array>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "kernels/conv.hpp"

namespace xgrad::detail {
namespace {

using V = Vec<float>;
constexpr int kLanes = V::lanes;
constexpr int kMaxTaps = 128;
constexpr int kChannels = 6;                 // of a tile
constexpr std::int64_t kImagesTogether = 8;  // of a partial sum of the weight gradient

// The images are copied with the padding around them, rows long enough to read whole vectors.
struct Padded {
  std::int64_t row, plane, image;  // distances in elements
  std::array<std::int64_t, kMaxTaps> tap;

  explicit Padded(const ConvShape& s) {
    const std::int64_t wide = (s.out[2] + 2 * kLanes - 1) / kLanes * kLanes;
    row = wide + (s.kernel[2] + kLanes - 1) / kLanes * kLanes;
    plane = row * (s.out[1] + s.kernel[1] - 1);
    image = plane * s.in_channels;
    std::size_t t = 0;
    for (std::int64_t c = 0; c < s.in_channels; ++c)
      for (std::int64_t h = 0; h < s.kernel[1]; ++h)
        for (std::int64_t w = 0; w < s.kernel[2]; ++w) tap[t++] = c * plane + h * row + w;
  }
};

void pad_image(const ConvShape& s, const Padded& p, const float* x, float* to) {
  const std::int64_t rows = s.out[1] + s.kernel[1] - 1, front = s.padding[2];
  const std::int64_t length = std::min(s.in[2], p.row - front);
  std::fill(to, to + p.image, 0.f);
  for (std::int64_t c = 0; c < s.in_channels; ++c)
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t y = r - s.padding[1];
      if (y < 0 || y >= s.in[1] || length <= 0) continue;
      const float* from = x + (c * s.in[1] + y) * s.in[2];
      std::copy(from, from + length, to + c * p.plane + r * p.row + front);
    }
}

// O channels of N vectors of positions, the channels `plane` apart in y.
template <int O, int N>
XGRAD_INLINE void forward_tile(std::int64_t taps, const std::int64_t* tap, const float* x, const float* w,
                               const float* bias, float* y, std::int64_t plane) {
  V sum[O][N];
  for (int o = 0; o < O; ++o)
    for (int v = 0; v < N; ++v) sum[o][v] = V(bias ? bias[o] : 0.f);
  for (std::int64_t t = 0; t < taps; ++t) {
    V in[N];
    for (int v = 0; v < N; ++v) in[v] = V::load(x + tap[t] + v * kLanes);
    for (int o = 0; o < O; ++o) {
      const V weight(w[o * taps + t]);
      for (int v = 0; v < N; ++v) sum[o][v] += weight * in[v];
    }
  }
  for (int o = 0; o < O; ++o)
    for (int v = 0; v < N; ++v) sum[o][v].store(y + o * plane + v * kLanes);
}

// Whole vectors are written; what goes behind the end of a row is overwritten by the next row, and the end of the image
// gets its part of a tile computed elsewhere.
template <int O, int N>
XGRAD_INLINE void place_tile(std::int64_t taps, const std::int64_t* tap, const float* x, const float* w,
                             const float* bias, float* y, std::int64_t plane, std::int64_t room) {
  constexpr std::int64_t kTile = N * kLanes;
  if (room >= kTile) return forward_tile<O, N>(taps, tap, x, w, bias, y, plane);
  float tile[O * kTile];
  forward_tile<O, N>(taps, tap, x, w, bias, tile, kTile);
  for (int o = 0; o < O; ++o) std::copy(tile + o * kTile, tile + o * kTile + room, y + o * plane);
}

template <int O>
XGRAD_INLINE void forward_channels(const ConvShape& s, const Padded& p, const float* x, const float* w,
                                   const float* bias, float* y) {
  const std::int64_t width = s.out[2], plane = s.out[1] * width, taps = s.taps();
  for (std::int64_t r = 0; r < s.out[1]; ++r)
    for (std::int64_t j = 0; j < width; j += 2 * kLanes) {
      const float* from = x + r * p.row + j;
      const std::int64_t at = r * width + j;
      if (width - j > kLanes)
        place_tile<O, 2>(taps, p.tap.data(), from, w, bias, y + at, plane, plane - at);
      else
        place_tile<O, 1>(taps, p.tap.data(), from, w, bias, y + at, plane, plane - at);
    }
}

XGRAD_CLONES void forward_image(const ConvShape& s, const Padded& p, const float* x, const float* w, const float* bias,
                                float* y) {
  const std::int64_t taps = s.taps(), plane = s.out[1] * s.out[2];
  for (std::int64_t o = 0; o < s.out_channels; o += kChannels) {
    const float *wo = w + o * taps, *bo = bias ? bias + o : nullptr;
    float* yo = y + o * plane;
    switch (std::min<std::int64_t>(kChannels, s.out_channels - o)) {
      case 1:
        forward_channels<1>(s, p, x, wo, bo, yo);
        break;
      case 2:
        forward_channels<2>(s, p, x, wo, bo, yo);
        break;
      case 3:
        forward_channels<3>(s, p, x, wo, bo, yo);
        break;
      case 4:
        forward_channels<4>(s, p, x, wo, bo, yo);
        break;
      case 5:
        forward_channels<5>(s, p, x, wo, bo, yo);
        break;
      default:
        forward_channels<6>(s, p, x, wo, bo, yo);
    }
  }
}

// The output's gradient with rows filled up with zeros to whole vectors.
struct PaddedGradient {
  std::int64_t row, plane;
  explicit PaddedGradient(const ConvShape& s) : row((s.out[2] + kLanes - 1) / kLanes * kLanes), plane(row * s.out[1]) {}
};

// Adds the products of one image to dw[o, t], a vector of partial sums each, for O channels and T taps.
template <int O, int T>
XGRAD_INLINE void weights_tile(const Padded& p, const PaddedGradient& q, const float* x, const float* g,
                               const std::int64_t* tap, std::int64_t taps, float* dw) {
  V sum[O][T];
#pragma GCC unroll 6
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) sum[o][t] = V::load(dw + (o * taps + t) * kLanes);
  for (std::int64_t r = 0; r * q.row < q.plane; ++r)
    for (std::int64_t j = 0; j < q.row; j += kLanes) {
      V in[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) in[t] = V::load(x + r * p.row + j + tap[t]);
#pragma GCC unroll 6
      for (int o = 0; o < O; ++o) {
        const V v = V::load(g + o * q.plane + r * q.row + j);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) sum[o][t] += v * in[t];
      }
    }
#pragma GCC unroll 6
  for (int o = 0; o < O; ++o)
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) sum[o][t].store(dw + (o * taps + t) * kLanes);
}

template <int O>
XGRAD_INLINE void weights_channels(const Padded& p, const PaddedGradient& q, const float* x, const float* g,
                                   std::int64_t taps, float* dw) {
  std::int64_t t = 0;
  for (; t + 4 <= taps; t += 4) weights_tile<O, 4>(p, q, x, g, p.tap.data() + t, taps, dw + t * kLanes);
  for (; t < taps; ++t) weights_tile<O, 1>(p, q, x, g, p.tap.data() + t, taps, dw + t * kLanes);
}

XGRAD_CLONES void weights_of_image(const ConvShape& s, const Padded& p, const PaddedGradient& q, const float* x,
                                   const float* g, float* dw) {
  const std::int64_t taps = s.taps();
  for (std::int64_t o = 0; o < s.out_channels; o += kChannels) {
    float* to = dw + o * taps * kLanes;
    const float* from = g + o * q.plane;
    switch (std::min<std::int64_t>(kChannels, s.out_channels - o)) {
      case 1:
        weights_channels<1>(p, q, x, from, taps, to);
        break;
      case 2:
        weights_channels<2>(p, q, x, from, taps, to);
        break;
      case 3:
        weights_channels<3>(p, q, x, from, taps, to);
        break;
      case 4:
        weights_channels<4>(p, q, x, from, taps, to);
        break;
      case 5:
        weights_channels<5>(p, q, x, from, taps, to);
        break;
      default:
        weights_channels<6>(p, q, x, from, taps, to);
    }
  }
}

void pad_gradient(const ConvShape& s, const PaddedGradient& q, const float* g, float* to) {
  for (std::int64_t r = 0; r < s.out_channels * s.out[1]; ++r)
    std::copy(g + r * s.out[2], g + (r + 1) * s.out[2], to + r * q.row);
}

// Sums of images [first, last) to dw, one number for each weight.
void weights_of_images(const ConvShape& s, const Padded& p, const float* g, const float* x, std::int64_t first,
                       std::int64_t last, float* dw) {
  const PaddedGradient q(s);
  const std::int64_t size = s.out_channels * s.taps();
  const Tensor images = make_tensor({p.image}, DType::float32);
  const Tensor gradients = make_tensor({s.out_channels * q.plane}, DType::float32);
  const Tensor sums = make_tensor({size * kLanes}, DType::float32);
  std::fill(data<float>(gradients), data<float>(gradients) + s.out_channels * q.plane, 0.f);
  std::fill(data<float>(sums), data<float>(sums) + size * kLanes, 0.f);
  for (std::int64_t i = first; i < last; ++i) {
    pad_image(s, p, x + i * s.in_image(), data<float>(images));
    pad_gradient(s, q, g + i * s.out_image(), data<float>(gradients));
    weights_of_image(s, p, q, data<float>(images), data<float>(gradients), data<float>(sums));
  }
  for (std::int64_t j = 0; j < size; ++j) {
    double total = 0;
    for (int k = 0; k < kLanes; ++k) total += data<float>(sums)[j * kLanes + k];
    dw[j] = static_cast<float>(total);
  }
}

}  // namespace

bool conv_direct_suits(const ConvShape& s) {
  const Triple one{1, 1, 1};
  return s.groups == 1 && s.in_channels == 1 && s.stride == one && s.dilation == one && s.in[0] == 1 && s.out[0] == 1 &&
         s.kernel[0] == 1 && s.taps() <= kMaxTaps && s.out[2] >= kLanes / 2;
}

void conv_direct_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y) {
  const Padded p(s);
  const double ns = s.multiply_adds() / static_cast<double>(s.batch) * 0.02;
  parallel_for(s.batch, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    const Tensor room = make_tensor({p.image}, DType::float32);
    for (std::int64_t i = begin; i < end; ++i) {
      pad_image(s, p, x + i * s.in_image(), data<float>(room));
      forward_image(s, p, data<float>(room), w, bias, y + i * s.out_image());
    }
  });
}

// The blocks of images do not depend on the thread count, so neither does the sum.
void conv_direct_backward_weights(const ConvShape& s, const float* g, const float* x, float* dw) {
  const Padded p(s);
  const std::int64_t blocks = (s.batch + kImagesTogether - 1) / kImagesTogether, size = s.out_channels * s.taps();
  const Tensor partial = make_tensor({blocks, size}, DType::float32);
  float* sums = data<float>(partial);
  parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b)
      weights_of_images(s, p, g, x, b * kImagesTogether, std::min(s.batch, (b + 1) * kImagesTogether), sums + b * size);
  });
  for (std::int64_t j = 0; j < size; ++j) {
    double total = 0;
    for (std::int64_t b = 0; b < blocks; ++b) total += sums[b * size + j];
    dw[j] = static_cast<float>(total);
  }
}

}  // namespace xgrad::detail
