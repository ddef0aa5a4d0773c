// Pooling. The largest of each window: gathering and scattering by saved positions, each the other's derivative. Means:
// linear, so the derivative of the derivative is the mean again.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "kernels/pool_blocked.hpp"
#include "kernels/reduce.hpp"
#include "ops/pool_shape.hpp"

namespace xgrad {

using detail::impl;
using detail::PoolShape;

namespace {

Tensor scatter(const Tensor& g, const Tensor& positions, const PoolShape& s);

Tensor gather(const Tensor& x, const Tensor& positions, const PoolShape& s) {
  return record("pool_gather", detail::pool_gather_raw(s, x, positions), {x}, {positions},
                [s](const Saved& saved, const Tensor& g) -> Grads { return {scatter(g, saved[0], s)}; });
}

Tensor scatter(const Tensor& g, const Tensor& positions, const PoolShape& s) {
  return record("pool_scatter", detail::pool_scatter_raw(s, g, positions, false), {g}, {positions},
                [s](const Saved& saved, const Tensor& h) -> Grads { return {gather(h, saved[0], s)}; });
}

auto scatter_back(const PoolShape& s) {
  return [s](const Saved& saved, const Tensor& g) -> Grads { return {scatter(g, saved[0], s)}; };
}

Tensor take_largest(const char* op, const Tensor& x, const PoolShape& s, const Location& at) {
  detail::MaxPool r = detail::max_pool_raw(s, x);
  Tensor y = record(op, std::move(r.values), {x}, {r.positions}, scatter_back(s), at);
  return detail::recomputable(std::move(y), {x}, detail::pass_time(3 * impl(x).numel),
                              [s](std::span<const Tensor> in) { return detail::max_pool_raw(s, in[0]).values; });
}
ValuesIndices take_largest_with_indices(const char* op, const Tensor& x, const PoolShape& s, const Location& at) {
  detail::MaxPool r = detail::max_pool_raw(s, x);
  Tensor outputs[] = {std::move(r.values), detail::cast_raw(r.positions, DType::int64)};
  const auto back = scatter_back(s);
  detail::record_outputs<std::remove_const_t<decltype(back)>, false>(op, outputs, {x}, {r.positions}, back, at);
  return {std::move(outputs[0]), std::move(outputs[1])};
}

Tensor spread(const char* op, const Tensor& g, const PoolShape& s);

Tensor average_windows(const char* op, const Tensor& x, const PoolShape& shape,
                       const Location& at = Location::current()) {
  PoolShape s = shape;
  if (const detail::BlockedRef form = detail::pooled_form(s, x)) s.block = form.layout().block;
  return record(
      op, detail::avg_pool_raw(s, x), {x}, {},
      [s, op](const Saved&, const Tensor& g) -> Grads { return {spread(op, g, s)}; }, at);
}

// The adjoint of average_windows(forward, ...).
Tensor spread(const char* forward, const Tensor& g, const PoolShape& s) {
  return record("avg_pool_backward", detail::avg_pool_backward_raw(s, g), {g}, {},
                [s, forward](const Saved&, const Tensor& h) -> Grads { return {average_windows(forward, h, s)}; });
}

Tensor unpool(const char* op, const Tensor& x, const Tensor& indices, const PoolShape& s, const Location& at) {
  const Tensor positions = detail::cast_raw(indices, DType::int32);
  return detail::record_reading(
      op, {indices}, detail::pool_scatter_raw(s, x, positions, true), {x}, {positions},
      [s](const Saved& saved, const Tensor& g) -> Grads { return {gather(g, saved[0], s)}; }, at);
}

}  // namespace

Tensor max_pool1d(const Tensor& x, Extents<1> kernel, const MaxPoolOptions<1>& o, Location at) {
  return take_largest("max_pool1d", x, detail::max_pool_shape("max_pool1d", x, kernel, o, at), at);
}
Tensor max_pool2d(const Tensor& x, Extents<2> kernel, const MaxPoolOptions<2>& o, Location at) {
  return take_largest("max_pool2d", x, detail::max_pool_shape("max_pool2d", x, kernel, o, at), at);
}
Tensor max_pool3d(const Tensor& x, Extents<3> kernel, const MaxPoolOptions<3>& o, Location at) {
  return take_largest("max_pool3d", x, detail::max_pool_shape("max_pool3d", x, kernel, o, at), at);
}
ValuesIndices max_pool1d_with_indices(const Tensor& x, Extents<1> kernel, const MaxPoolOptions<1>& o, Location at) {
  return take_largest_with_indices("max_pool1d", x, detail::max_pool_shape("max_pool1d", x, kernel, o, at), at);
}
ValuesIndices max_pool2d_with_indices(const Tensor& x, Extents<2> kernel, const MaxPoolOptions<2>& o, Location at) {
  return take_largest_with_indices("max_pool2d", x, detail::max_pool_shape("max_pool2d", x, kernel, o, at), at);
}
ValuesIndices max_pool3d_with_indices(const Tensor& x, Extents<3> kernel, const MaxPoolOptions<3>& o, Location at) {
  return take_largest_with_indices("max_pool3d", x, detail::max_pool_shape("max_pool3d", x, kernel, o, at), at);
}

Tensor avg_pool1d(const Tensor& x, Extents<1> kernel, const AvgPoolOptions<1>& o, Location at) {
  return average_windows("avg_pool1d", x, detail::avg_pool_shape("avg_pool1d", x, kernel, o, at), at);
}
Tensor avg_pool2d(const Tensor& x, Extents<2> kernel, const AvgPoolOptions<2>& o, Location at) {
  return average_windows("avg_pool2d", x, detail::avg_pool_shape("avg_pool2d", x, kernel, o, at), at);
}
Tensor avg_pool3d(const Tensor& x, Extents<3> kernel, const AvgPoolOptions<3>& o, Location at) {
  return average_windows("avg_pool3d", x, detail::avg_pool_shape("avg_pool3d", x, kernel, o, at), at);
}

Tensor adaptive_avg_pool1d(const Tensor& x, Extents<1> size, Location at) {
  return average_windows("adaptive_avg_pool1d", x, detail::adaptive_shape("adaptive_avg_pool1d", x, size, at), at);
}
Tensor adaptive_avg_pool2d(const Tensor& x, Extents<2> size, Location at) {
  return average_windows("adaptive_avg_pool2d", x, detail::adaptive_shape("adaptive_avg_pool2d", x, size, at), at);
}
Tensor adaptive_avg_pool3d(const Tensor& x, Extents<3> size, Location at) {
  return average_windows("adaptive_avg_pool3d", x, detail::adaptive_shape("adaptive_avg_pool3d", x, size, at), at);
}
Tensor adaptive_max_pool1d(const Tensor& x, Extents<1> size, Location at) {
  return take_largest("adaptive_max_pool1d", x, detail::adaptive_shape("adaptive_max_pool1d", x, size, at), at);
}
Tensor adaptive_max_pool2d(const Tensor& x, Extents<2> size, Location at) {
  return take_largest("adaptive_max_pool2d", x, detail::adaptive_shape("adaptive_max_pool2d", x, size, at), at);
}
Tensor adaptive_max_pool3d(const Tensor& x, Extents<3> size, Location at) {
  return take_largest("adaptive_max_pool3d", x, detail::adaptive_shape("adaptive_max_pool3d", x, size, at), at);
}
ValuesIndices adaptive_max_pool1d_with_indices(const Tensor& x, Extents<1> size, Location at) {
  return take_largest_with_indices("adaptive_max_pool1d", x, detail::adaptive_shape("adaptive_max_pool1d", x, size, at),
                                   at);
}
ValuesIndices adaptive_max_pool2d_with_indices(const Tensor& x, Extents<2> size, Location at) {
  return take_largest_with_indices("adaptive_max_pool2d", x, detail::adaptive_shape("adaptive_max_pool2d", x, size, at),
                                   at);
}
ValuesIndices adaptive_max_pool3d_with_indices(const Tensor& x, Extents<3> size, Location at) {
  return take_largest_with_indices("adaptive_max_pool3d", x, detail::adaptive_shape("adaptive_max_pool3d", x, size, at),
                                   at);
}

Tensor max_unpool1d(const Tensor& x, const Tensor& indices, Extents<1> size, Location at) {
  return unpool("max_unpool1d", x, indices, detail::unpool_shape("max_unpool1d", x, indices, size, at), at);
}
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, Extents<2> size, Location at) {
  return unpool("max_unpool2d", x, indices, detail::unpool_shape("max_unpool2d", x, indices, size, at), at);
}
Tensor max_unpool3d(const Tensor& x, const Tensor& indices, Extents<3> size, Location at) {
  return unpool("max_unpool3d", x, indices, detail::unpool_shape("max_unpool3d", x, indices, size, at), at);
}

// ---- power averages: the average of powers, times the size of the window, to the inverse power ----
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
