// Power-average pooling: the average of powers, times the size of the window, to the inverse power.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <xgrad/check.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/pool.hpp>

#include "core/tensor_impl.hpp"
#include "kernels/reduce.hpp"

namespace xgrad {

using detail::impl;

namespace {

// A power of two that brings the largest |x| near 1 where its p-th power, or its sum over a window of `count` elements,
// would overflow or vanish; 1 everywhere else.
double scale_for(const Tensor& x, double p, double count) {
  if (impl(x).numel == 0) return 1;
  const detail::DimSet all = detail::all_dims(impl(x).shape);
  const double most = detail::max_raw(x, all, false).item<double>(),
               least = detail::min_raw(x, all, false).item<double>();
  const double largest = std::max(most, -least);
  if (!(largest > 0) || !std::isfinite(largest)) return 1;
  const bool single = impl(x).dtype == DType::float32;
  const double limit = single ? 126 : 1022, power = p * std::log2(largest);
  if (power + std::log2(count) < limit && power > -limit / 2) return 1;
  return std::ldexp(1.0, -std::clamp(std::ilogb(largest), single ? -126 : -1022, single ? 126 : 1022));
}

template <int N, class Average>
Tensor lp_pool(const char* op, const Tensor& x, double p, const Extents<N>& kernel, const LPPoolOptions<N>& o,
               Average average, const Location& at) {
  require_floating(op, x, at);
  if (!(p > 0) || !std::isfinite(p)) [[unlikely]]
    ErrorReport(op, fmt::format("norm_type must be positive and finite, got {}", p), at)
        .operand("input", x)
        .value_error();
  double count = 1;
  for (const std::int64_t k : kernel.v) count *= static_cast<double>(k);
  AvgPoolOptions<N> options;
  options.stride = o.stride;
  options.ceil_mode = o.ceil_mode;
  const double scale = scale_for(x, p, count);
  const Tensor scaled = scale == 1 ? x : mul(x, Scalar(scale), at);
  const Tensor sums = mul(average(pow(scaled, Scalar(p), at), kernel, options, at), Scalar(count), at);
  // The root has no slope at 0: those windows take no part in it.
  const Tensor empty = eq(sums, Scalar(0.0), at);
  const Tensor norm = where(empty, Scalar(0.0), pow(where(empty, Scalar(1.0), sums, at), Scalar(1 / p), at), at);
  return scale == 1 ? norm : mul(norm, Scalar(1 / scale), at);
}

}  // namespace

Tensor lp_pool1d(const Tensor& x, double norm_type, Extents<1> kernel_size, const LPPoolOptions<1>& o, Location at) {
  return lp_pool<1>("lp_pool1d", x, norm_type, kernel_size, o, avg_pool1d, at);
}
Tensor lp_pool2d(const Tensor& x, double norm_type, Extents<2> kernel_size, const LPPoolOptions<2>& o, Location at) {
  return lp_pool<2>("lp_pool2d", x, norm_type, kernel_size, o, avg_pool2d, at);
}
Tensor lp_pool3d(const Tensor& x, double norm_type, Extents<3> kernel_size, const LPPoolOptions<3>& o, Location at) {
  return lp_pool<3>("lp_pool3d", x, norm_type, kernel_size, o, avg_pool3d, at);
}

}  // namespace xgrad
