#include "kernels/channels.hpp"

#include <algorithm>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/blocked.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kRows = 64;  // added up in float before double takes over
constexpr std::int64_t kMaxBlock = 16;

std::int64_t chunk_grain(const BlockedLayout& l) { return grain_for(0.1 * static_cast<double>(l.inner * l.block)); }

XGRAD_CLONES void add_to_chunk(std::int64_t inner, std::int64_t block, const float* __restrict bias,
                               float* __restrict x) {
  for (std::int64_t i = 0; i < inner; ++i)
    for (std::int64_t c = 0; c < block; ++c) x[i * block + c] += bias[c];
}

XGRAD_CLONES void sum_chunk(std::int64_t inner, std::int64_t block, const float* __restrict x, double* __restrict out) {
  for (std::int64_t start = 0; start < inner; start += kRows) {
    float sums[kMaxBlock] = {};
    for (std::int64_t i = start; i < std::min(inner, start + kRows); ++i)
      for (std::int64_t c = 0; c < block; ++c) sums[c] += x[i * block + c];
    for (std::int64_t c = 0; c < block; ++c) out[c] += static_cast<double>(sums[c]);
  }
}

}  // namespace

void add_to_channels(Tensor& x, const Tensor& bias, std::int64_t channels, std::int64_t size) {
  if (const BlockedRef form = blocked_form(x)) {
    const BlockedLayout l = form.layout();
    const float* b = data<float>(bias);
    return parallel_for(l.chunks(), chunk_grain(l), [=, p = form.data<float>()](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        add_to_chunk(l.inner, l.block, b + l.first_channel(i), p + i * l.inner * l.block);
    });
  }
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = data<T>(x);
    const T* b = data<T>(bias);
    parallel_cost(impl(x).numel / std::max<std::int64_t>(size, 1), static_cast<double>(size) * 0.1,
                  [=](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i)
                      for (std::int64_t j = 0; j < size; ++j) p[i * size + j] += b[i % channels];
                  });
  });
}

Tensor blocked_channel_sums(const Tensor& x) {
  const BlockedRef form = blocked_form(x);
  if (!form) return {};
  const BlockedLayout l = form.layout();
  Tensor each = make_tensor({l.chunks(), l.block}, DType::float64), total = make_tensor({l.channels}, kFloat32);
  double* sums = data<double>(each);
  std::fill_n(sums, l.chunks() * l.block, 0.0);
  parallel_for(l.chunks(), chunk_grain(l), [=, p = form.data<float>()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      sum_chunk(l.inner, l.block, p + i * l.inner * l.block, sums + i * l.block);
  });
  for (std::int64_t c = 0; c < l.channels; ++c) {
    double sum = 0;
    for (std::int64_t i = c / l.block; i < l.chunks(); i += l.channels / l.block)
      sum += sums[i * l.block + c % l.block];
    data<float>(total)[c] = static_cast<float>(sum);
  }
  return total;
}

}  // namespace xgrad::detail
