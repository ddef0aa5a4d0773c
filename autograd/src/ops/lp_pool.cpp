// Power-average pooling: the average of powers, times the size of the window, to the inverse power.
#include <fmt/format.h>

#include <cmath>
#include <xgrad/check.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad {

namespace {

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
  const Tensor sums = mul(average(pow(x, Scalar(p), at), kernel, options, at), Scalar(count), at);
  // The root has no slope at 0: those windows take no part in it.
  const Tensor empty = eq(sums, Scalar(0.0), at);
  return where(empty, Scalar(0.0), pow(where(empty, Scalar(1.0), sums, at), Scalar(1 / p), at), at);
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
