#include "ops/pool_shape.hpp"

#include <fmt/format.h>

#include "core/elementwise_loop.hpp"
#include "ops/index_places.hpp"

namespace xgrad::detail {
namespace {

struct Call {
  const char* op;
  const Tensor& x;
  const Location& at;

  [[noreturn, gnu::cold]] void shape(const std::string& rule) const {
    ErrorReport(op, rule, at).operand("input", x).shape_error();
  }
  [[noreturn, gnu::cold]] void value(const std::string& rule) const {
    ErrorReport(op, rule, at).operand("input", x).value_error();
  }
};

// Positions are kept as int32.
void require_image(const Call& c, const Triple& sizes) {
  double n = 1;
  for (const std::int64_t s : sizes) n *= static_cast<double>(s);
  if (n > INT32_MAX) c.shape(fmt::format("images of more than {} elements are not supported", INT32_MAX));
}

// Type and rank; outer and spatial sizes.
PoolShape read_input(const Call& c, int n) {
  require_floating(c.op, c.x, c.at);
  const Shape& xs = impl(c.x).shape;
  const char* sizes = n == 1 ? "L" : n == 2 ? "H, W" : "D, H, W";
  if (xs.rank() != n + 1 && xs.rank() != n + 2) [[unlikely]]
    c.shape(fmt::format("input must be (N, C, {}) or (C, {}), got {}", sizes, sizes, to_string(xs)));
  PoolShape s;
  s.spatial = n;
  const int outer = xs.rank() - n;
  for (int i = 0; i < outer; ++i) s.outer.push_back(xs[i]);
  for (int i = 0; i < n; ++i) {
    s.in[static_cast<std::size_t>(3 - n + i)] = xs[outer + i];
    if (xs[outer + i] == 0) c.shape(fmt::format("dimension {} is empty: nothing to pool", outer + i));
  }
  require_image(c, s.in);
  return s;
}

void require_at_least(const Call& c, const char* what, std::int64_t v, std::int64_t least) {
  if (v >= least && v <= INT32_MAX) return;
  c.value(least == 1 ? fmt::format("{} must be positive, got {}", what, v)
                     : fmt::format("{} must be >= 0, got {}", what, v));
}

std::int64_t output_size(const Call& c, const PoolShape& s, std::size_t d, bool ceil_mode) {
  const std::int64_t reach = s.dilation[d] * (s.kernel[d] - 1) + 1, padded = s.in[d] + 2 * s.padding[d];
  if (reach > padded + (ceil_mode ? s.stride[d] - 1 : 0)) {
    const std::string dilated = s.dilation[d] > 1 ? fmt::format(" (dilation {}: {})", s.dilation[d], reach) : "";
    c.shape(fmt::format("kernel {}{} exceeds padded input {}", s.kernel[d], dilated, padded));
  }
  std::int64_t size = (padded - reach + (ceil_mode ? s.stride[d] - 1 : 0)) / s.stride[d] + 1;
  // A window that would start behind the input is left out.
  if (ceil_mode && (size - 1) * s.stride[d] >= s.in[d] + s.padding[d]) --size;
  return size;
}

template <int N, class Options>
PoolShape regular(const Call& c, const Extents<N>& kernel, const Options& o, const Extents<N>& dilation) {
  PoolShape s = read_input(c, N);
  const Extents<N> stride = o.stride.value_or(kernel);
  for (int i = 0; i < N; ++i) {
    const auto d = static_cast<std::size_t>(3 - N + i);
    require_at_least(c, "kernel_size", kernel[i], 1);
    require_at_least(c, "stride", stride[i], 1);
    require_at_least(c, "dilation", dilation[i], 1);
    require_at_least(c, "padding", o.padding[i], 0);
    if (o.padding[i] > kernel[i] / 2)
      c.value(fmt::format("padding {} exceeds half of kernel {}", o.padding[i], kernel[i]));
    s.kernel[d] = kernel[i];
    s.stride[d] = stride[i];
    s.dilation[d] = dilation[i];
    s.padding[d] = o.padding[i];
    s.out[d] = output_size(c, s, d, o.ceil_mode);
  }
  return s;
}

}  // namespace

template <int N>
PoolShape max_pool_shape(const char* op, const Tensor& x, const Extents<N>& kernel, const MaxPoolOptions<N>& o,
                         const Location& at) {
  return regular<N>({op, x, at}, kernel, o, o.dilation);
}

template <int N>
PoolShape avg_pool_shape(const char* op, const Tensor& x, const Extents<N>& kernel, const AvgPoolOptions<N>& o,
                         const Location& at) {
  const Call c{op, x, at};
  PoolShape s = regular<N>(c, kernel, o, Extents<N>(1));
  s.include_pad = o.count_include_pad;
  if (o.divisor_override == 0) c.value("divisor_override must not be 0");
  s.divisor = o.divisor_override.value_or(0);
  return s;
}

template <int N>
PoolShape adaptive_shape(const char* op, const Tensor& x, const Extents<N>& size, const Location& at) {
  const Call c{op, x, at};
  PoolShape s = read_input(c, N);
  s.adaptive = true;
  for (int i = 0; i < N; ++i) {
    const auto d = static_cast<std::size_t>(3 - N + i);
    if (size[i] != kKeepSize) require_at_least(c, "output_size", size[i], 0);
    s.out[d] = size[i] == kKeepSize ? s.in[d] : size[i];
  }
  // Equal windows side by side are an ordinary pooling.
  if (volume(s.out) == 0) return s;
  for (std::size_t d = 0; d < 3; ++d)
    if (s.in[d] % s.out[d] != 0) return s;
  s.adaptive = false;
  for (std::size_t d = 0; d < 3; ++d) s.stride[d] = s.kernel[d] = s.in[d] / s.out[d];
  return s;
}

template <int N>
PoolShape unpool_shape(const char* op, const Tensor& x, const Tensor& indices, const Extents<N>& size,
                       const Location& at) {
  const Call c{op, x, at};
  PoolShape s = read_input(c, N);
  require_defined(op, indices, at);
  require_index_dtype(op, indices, at);
  require_same_shape(op, x, indices, at);
  s.out = s.in;
  for (int i = 0; i < N; ++i) {
    require_at_least(c, "output_size", size[i], 1);
    s.in[static_cast<std::size_t>(3 - N + i)] = size[i];
  }
  require_image(c, s.in);
  const std::int64_t room = volume(s.in);
  const Tensor wide = as_index(indices);
  for (std::int64_t i = 0; i < impl(wide).numel; ++i)
    if (const std::int64_t k = data<std::int64_t>(wide)[i]; k < 0 || k >= room)
      ErrorReport(op, fmt::format("index {} out of range for {} elements", k, room), at)
          .operand("input", x)
          .operand("indices", indices)
          .index_error();
  return s;
}

#define XGRAD_POOL_SHAPES(N)                                                                                 \
  template PoolShape max_pool_shape(const char*, const Tensor&, const Extents<N>&, const MaxPoolOptions<N>&, \
                                    const Location&);                                                        \
  template PoolShape avg_pool_shape(const char*, const Tensor&, const Extents<N>&, const AvgPoolOptions<N>&, \
                                    const Location&);                                                        \
  template PoolShape adaptive_shape(const char*, const Tensor&, const Extents<N>&, const Location&);         \
  template PoolShape unpool_shape(const char*, const Tensor&, const Tensor&, const Extents<N>&, const Location&);
XGRAD_POOL_SHAPES(1)
XGRAD_POOL_SHAPES(2)
XGRAD_POOL_SHAPES(3)
#undef XGRAD_POOL_SHAPES

}  // namespace xgrad::detail
