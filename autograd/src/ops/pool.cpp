// Pooling. The largest of each window: gathering and scattering by saved positions, each the other's derivative. Means:
// linear, so the derivative of the derivative is the mean again.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/attributes.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "kernels/pool_blocked.hpp"
#include "kernels/reduce.hpp"
#include "ops/pool_shape.hpp"

namespace xgrad::detail {
namespace {

struct Largest : PoolShape {};
struct Average : PoolShape {};

}  // namespace

namespace {

Shape spatial_part(const PoolShape& s, const Triple& sizes) {
  return Shape(std::span(sizes.data() + (3 - s.spatial), static_cast<std::size_t>(s.spatial)));
}

}  // namespace

// Whether the windows are told: adaptive ones follow from the shapes.
static bool describe_windows(const PoolShape& s, Attributes& list) {
  if (s.adaptive)
    list.add("output_size", spatial_part(s, s.out));
  else
    for (const auto& [name, sizes] : {std::pair{"kernel_size", s.kernel}, {"stride", s.stride}, {"padding", s.padding}})
      list.add(name, spatial_part(s, sizes));
  return !s.adaptive;
}
static void describe(const Largest& s, Attributes& list) {
  if (describe_windows(s, list)) list.add("dilation", spatial_part(s, s.dilation));
}
static void describe(const Average& s, Attributes& list) {
  if (!describe_windows(s, list)) return;
  list.add("count_include_pad", s.include_pad);
  if (s.divisor != 0) list.add("divisor_override", s.divisor);
}

}  // namespace xgrad::detail

namespace xgrad {

using detail::Average;
using detail::impl;
using detail::Largest;
using detail::PoolShape;

namespace {

Tensor scatter(const Tensor& g, const Tensor& positions, const PoolShape& s);

Tensor gather(const Tensor& x, const Tensor& positions, const PoolShape& s) {
  return detail::record_with_attributes(
      "pool_gather", Largest{s}, detail::pool_gather_raw(s, x, positions), {x}, {positions},
      [](const PoolShape& of, const Saved& saved, const Tensor& g) -> Grads { return {scatter(g, saved[0], of)}; });
}

Tensor scatter(const Tensor& g, const Tensor& positions, const PoolShape& s) {
  return detail::record_with_attributes(
      "pool_scatter", Largest{s}, detail::pool_scatter_raw(s, g, positions, false), {g}, {positions},
      [](const PoolShape& of, const Saved& saved, const Tensor& h) -> Grads { return {gather(h, saved[0], of)}; });
}

Tensor take_largest(const char* op, const Tensor& x, const PoolShape& s, const Location& at) {
  detail::MaxPool r = detail::max_pool_raw(s, x);
  Tensor y = detail::record_with_attributes(
      op, Largest{s}, std::move(r.values), {x}, {r.positions},
      [](const PoolShape& of, const Saved& saved, const Tensor& g) -> Grads { return {scatter(g, saved[0], of)}; }, at);
  return detail::recomputable(std::move(y), {x}, detail::pass_time(3 * impl(x).numel),
                              [s](std::span<const Tensor> in) { return detail::max_pool_raw(s, in[0]).values; });
}
ValuesIndices take_largest_with_indices(const char* op, const Tensor& x, const PoolShape& s, const Location& at) {
  detail::MaxPool r = detail::max_pool_raw(s, x);
  std::vector<Tensor> outputs = detail::record_with_attributes(
      op, Largest{s}, std::vector<Tensor>{std::move(r.values), detail::cast_raw(r.positions, DType::int64)}, {x},
      {r.positions},
      [](const PoolShape& of, const Saved& saved, std::span<const Tensor> g) -> Grads {
        return {scatter(g[0], saved[0], of)};
      },
      at);
  return {std::move(outputs[0]), std::move(outputs[1])};
}

Tensor spread(const char* op, const Tensor& g, const PoolShape& s);

Tensor average_windows(const char* op, const Tensor& x, const PoolShape& shape,
                       const Location& at = Location::current()) {
  PoolShape s = shape;
  if (const detail::BlockedRef form = detail::pooled_form(s, x)) s.block = form.layout().block;
  return detail::record_with_attributes(
      op, Average{s}, detail::avg_pool_raw(s, x), {x}, {},
      [op](const PoolShape& of, const Saved&, const Tensor& g) -> Grads { return {spread(op, g, of)}; }, at);
}

// The adjoint of average_windows(forward, ...).
Tensor spread(const char* forward, const Tensor& g, const PoolShape& s) {
  return detail::record_with_attributes("avg_pool_backward", Average{s}, detail::avg_pool_backward_raw(s, g), {g}, {},
                                        [forward](const PoolShape& of, const Saved&, const Tensor& h) -> Grads {
                                          return {average_windows(forward, h, of)};
                                        });
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

template <int N>
using AveragePool = Tensor (*)(const Tensor&, Extents<N>, const AvgPoolOptions<N>&, Location);

template <int N>
Tensor lp_pool(const char* op, const Tensor& x, double p, const Extents<N>& kernel, const LPPoolOptions<N>& o,
               AveragePool<N> average, const Location& at) {
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

// ---- windows at random places ----
namespace {

template <int N>
Extents<N> fractional_size(const char* op, const Tensor& x, const FractionalPoolOptions<N>& o, const Location& at) {
  const auto refuse = [&](const std::string& rule) { ErrorReport(op, rule, at).operand("input", x).value_error(); };
  if (o.output_size.has_value() == !o.output_ratio.empty()) refuse("needs either output_size or output_ratio");
  if (o.output_size) return *o.output_size;
  const std::size_t given = o.output_ratio.size();
  if (given != 1 && given != N) refuse(fmt::format("got {} ratios for {} spatial dimensions", given, N));
  Extents<N> size = 0;
  for (int i = 0; i < N; ++i) {
    const double ratio = o.output_ratio[given == 1 ? 0 : static_cast<std::size_t>(i)];
    if (!(ratio > 0 && ratio < 1)) refuse(fmt::format("output_ratio must be between 0 and 1, got {}", ratio));
    size[i] = static_cast<std::int64_t>(static_cast<double>(impl(x).shape[i - N]) * ratio);
  }
  return size;
}

template <int N>
void require_windows(const char* op, const Tensor& x, const Extents<N>& kernel, const Extents<N>& size,
                     const Location& at) {
  for (int i = 0; i < N; ++i) {
    const std::int64_t in = impl(x).shape[i - N];
    if (kernel[i] < 1 || size[i] < 1)
      ErrorReport(op, fmt::format("kernel and output sizes must be positive, got {} and {}", kernel[i], size[i]), at)
          .operand("input", x)
          .value_error();
    if (kernel[i] > in || size[i] > in - kernel[i] + 1)
      ErrorReport(op, fmt::format("{} windows of {} elements do not fit into {}", size[i], kernel[i], in), at)
          .operand("input", x)
          .shape_error();
  }
}

// (N, C, dimensions), or the samples given.
Tensor samples_for(const char* op, const Tensor& x, const Tensor& given, int n, const Location& at) {
  const Shape& s = impl(x).shape;
  const Shape shape{s.rank() == n + 2 ? s[0] : 1, s[-n - 1], n};
  if (!given.defined()) return rand(shape, {.dtype = impl(x).dtype});
  require_same_dtype(op, x, given, at);
  if (!(impl(given).shape == shape))
    ErrorReport(op, fmt::format("random_samples must have shape {}", to_string(shape)), at)
        .operand("input", x)
        .operand("random_samples", given)
        .shape_error();
  return detail::contiguous_copy(given);
}

// Where the windows of one dimension begin. In the type of the samples, as PyTorch rounds.
template <class T>
std::vector<std::int64_t> window_starts(T sample, std::int64_t in, std::int64_t out, std::int64_t kernel) {
  std::vector<std::int64_t> starts(static_cast<std::size_t>(out), in - kernel);
  if (out == 1) return starts;
  const T step = static_cast<T>(in - kernel) / static_cast<T>(out - 1);
  const auto shift = static_cast<std::int64_t>(sample * step);
  for (std::int64_t i = 0; i + 1 < out; ++i)
    starts[static_cast<std::size_t>(i)] = std::clamp<std::int64_t>(
        static_cast<std::int64_t>((static_cast<T>(i) + sample) * step) - shift, 0, in - kernel);
  return starts;
}

using Sizes = std::array<std::int64_t, 3>;  // depth, height, width

// The first place of the largest element of a window; NaN is larger than all.
template <class T>
std::int64_t largest_place(const T* image, const Sizes& in, const Sizes& begin, const Sizes& kernel) {
  std::int64_t best = -1;
  for (std::int64_t a = begin[0]; a < begin[0] + kernel[0]; ++a)
    for (std::int64_t b = begin[1]; b < begin[1] + kernel[1]; ++b)
      for (std::int64_t c = begin[2]; c < begin[2] + kernel[2]; ++c) {
        const std::int64_t i = (a * in[1] + b) * in[2] + c;
        if (best < 0 || image[i] > image[best] || (std::isnan(image[i]) && !std::isnan(image[best]))) best = i;
      }
  return best;
}

template <int N>
Sizes three(const Extents<N>& e) {
  Sizes all{1, 1, 1};
  for (int i = 0; i < N; ++i) all[static_cast<std::size_t>(3 - N + i)] = e[i];
  return all;
}

template <class T>
void find_largest(const T* x, const T* samples, std::int64_t images, int n, const Sizes& in, const Sizes& kernel,
                  const Sizes& out, std::int64_t* places) {
  const std::int64_t elements = in[0] * in[1] * in[2], windows = out[0] * out[1] * out[2];
  detail::parallel_cost(images, static_cast<double>(windows * kernel[0] * kernel[1] * kernel[2]),
                        [&](std::int64_t first, std::int64_t last) {
                          for (std::int64_t m = first; m < last; ++m) {
                            std::array<std::vector<std::int64_t>, 3> starts{std::vector<std::int64_t>{0}};
                            for (std::size_t d = static_cast<std::size_t>(3 - n); d < 3; ++d) {
                              const std::size_t k = n == 2 ? 2 - d : d;  // of images W comes first
                              starts[d] = window_starts(samples[m * n + static_cast<std::int64_t>(k)], in[d], out[d],
                                                        kernel[d]);
                            }
                            std::int64_t* to = places + m * windows;
                            for (const std::int64_t a : starts[0])
                              for (const std::int64_t b : starts[1])
                                for (const std::int64_t c : starts[2])
                                  *to++ = largest_place(x + m * elements, in, {a, b, c}, kernel);
                          }
                        });
}

template <int N>
ValuesIndices fractional_pool(const char* op, const Tensor& x, const Extents<N>& kernel,
                              const FractionalPoolOptions<N>& o, const Location& at) {
  require_floating(op, x, at);
  const Shape& s = impl(x).shape;
  if (s.rank() != N + 1 && s.rank() != N + 2)
    ErrorReport(
        op, fmt::format("input must be (N, C, {0}) or (C, {0}), got {1}", N == 2 ? "H, W" : "D, H, W", to_string(s)),
        at)
        .operand("input", x)
        .shape_error();
  const Extents<N> size = fractional_size(op, x, o, at);
  require_windows(op, x, kernel, size, at);
  const Tensor samples = samples_for(op, x, o.random_samples, N, at), packed = detail::contiguous_copy(x);
  Shape flat, out;
  Extents<N> in = 0;
  std::int64_t images = 1, elements = 1;
  for (int d = 0; d < s.rank() - N; ++d) {
    flat.push_back(s[d]);
    out.push_back(s[d]);
    images *= s[d];
  }
  for (int i = 0; i < N; ++i) {
    in[i] = s[i - N];
    elements *= in[i];
    out.push_back(size[i]);
  }
  const Tensor places = detail::make_tensor(out, DType::int64, at);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    find_largest(detail::data<T>(packed), detail::data<T>(samples), images, N, three(in), three(kernel), three(size),
                 detail::data<std::int64_t>(places));
  });
  Shape rows = flat;
  flat.push_back(elements);
  rows.push_back(impl(places).numel / std::max<std::int64_t>(images, 1));
  return {reshape(xgrad::gather(reshape(x, flat, at), -1, places.reshape(rows), at), out, at), places};
}

}  // namespace

Tensor fractional_max_pool2d(const Tensor& x, Extents<2> kernel_size, const FractionalPoolOptions<2>& o, Location at) {
  return fractional_pool("fractional_max_pool2d", x, kernel_size, o, at).values;
}
Tensor fractional_max_pool3d(const Tensor& x, Extents<3> kernel_size, const FractionalPoolOptions<3>& o, Location at) {
  return fractional_pool("fractional_max_pool3d", x, kernel_size, o, at).values;
}
ValuesIndices fractional_max_pool2d_with_indices(const Tensor& x, Extents<2> kernel_size,
                                                 const FractionalPoolOptions<2>& o, Location at) {
  return fractional_pool("fractional_max_pool2d", x, kernel_size, o, at);
}
ValuesIndices fractional_max_pool3d_with_indices(const Tensor& x, Extents<3> kernel_size,
                                                 const FractionalPoolOptions<3>& o, Location at) {
  return fractional_pool("fractional_max_pool3d", x, kernel_size, o, at);
}

}  // namespace xgrad
