// Counting in bins. Nothing here has a derivative.
#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/histogram.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/lanes.hpp"
#include "ops/index_places.hpp"
#include "ops/print_parts.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

// ---- whole numbers ----

namespace {

// The smallest of `low` and the numbers, and the largest of `high` and them.
XGRAD_CLONES void find_extremes(const std::int64_t* p, std::int64_t n, std::int64_t& low, std::int64_t& high) {
  std::int64_t least = low, most = high;
  for (std::int64_t i = 0; i < n; ++i) {
    least = p[i] < least ? p[i] : least;
    most = p[i] > most ? p[i] : most;
  }
  low = least;
  high = most;
}

}  // namespace

Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t minlength, Location at) {
  require_rank("bincount", x, 1, at);
  if (!is_integral(impl(x).dtype)) [[unlikely]]
    ErrorReport("bincount", fmt::format("counts integers, got {}", name(impl(x).dtype)), at)
        .operand("input", x)
        .dtype_error();
  if (minlength < 0) [[unlikely]]
    ErrorReport("bincount", fmt::format("minlength must not be negative, got {}", minlength), at).value_error();
  if (weights.defined() && !(impl(weights).shape == impl(x).shape)) [[unlikely]]
    ErrorReport("bincount", "needs one weight for each element", at)
        .operand("input", x)
        .operand("weights", weights)
        .shape_error();
  const Tensor plain = detail::as_index(x);
  const auto* p = detail::data<std::int64_t>(plain);
  const std::int64_t n = impl(plain).numel;
  std::int64_t low = 0, high = -1;
  find_extremes(p, n, low, high);
  if (low < 0 || high == INT64_MAX) [[unlikely]] {
    const std::int64_t i = std::find_if(p, p + n, [](std::int64_t v) { return v < 0 || v == INT64_MAX; }) - p;
    ErrorReport("bincount", fmt::format("number {} at element {} has no bin", p[i], i), at)
        .operand("input", x)
        .value_error();
  }
  const std::int64_t size = std::max(minlength, high + 1);
  const bool counting = !weights.defined();
  const DType type = counting ? DType::int64 : is_floating(impl(weights).dtype) ? impl(weights).dtype : DType::float64;
  Tensor y = make_tensor({size}, type, at);
  detail::fill_raw(y, 0);
  if (counting) {
    auto* out = detail::data<std::int64_t>(y);
    for (std::int64_t i = 0; i < n; ++i) ++out[p[i]];
    return y;
  }
  const Tensor w = detail::contiguous_copy(detail::as_type(weights, type));
  detail::dispatch_floating(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = detail::data<T>(y);
    const T* from = detail::data<T>(w);
    for (std::int64_t i = 0; i < n; ++i) out[p[i]] += from[i];
  });
  return y;
}

// ---- bins of real numbers ----
namespace {

struct Bounds {
  double low, high;
};

// The range of the elements when low == high; never empty.
Bounds bounds_of(const char* op, const Tensor& x, double low, double high, const Location& at) {
  if (low > high || std::isnan(low) || std::isnan(high)) [[unlikely]]
    ErrorReport(op, fmt::format("min {} is larger than max {}", low, high), at).operand("input", x).value_error();
  if (low == high && impl(x).numel > 0) {
    const Tensor plain = detail::contiguous_copy(x);
    detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
      using T = decltype(zero);
      const T* p = detail::data<T>(plain);
      low = high = static_cast<double>(p[0]);
      for (std::int64_t i = 0; i < impl(plain).numel; ++i) {
        const auto v = static_cast<double>(p[i]);
        low = v < low || v != v ? v : low;
        high = v > high || v != v ? v : high;
      }
    });
  }
  if (!std::isfinite(low) || !std::isfinite(high)) [[unlikely]]
    ErrorReport(op, fmt::format("range [{}, {}] is not finite", low, high), at).operand("input", x).value_error();
  return low == high ? Bounds{low - 0.5, high + 0.5} : Bounds{low, high};
}

void require_bins(const char* op, const Tensor& x, std::int64_t bins, const Location& at) {
  require_floating(op, x, at);
  if (bins < 1) [[unlikely]]
    ErrorReport(op, fmt::format("bins must be > 0, got {}", bins), at).operand("input", x).value_error();
}

// Adds to out[bin(v)] for each element v of x, its weight where there are weights; -1: no bin.
template <class T, class F>
void count_in_bins(const Tensor& x, const Tensor& weight, T* out, const F& bin) {
  const Tensor plain = detail::contiguous_copy(x), w = detail::contiguous_copy(weight);
  const T *p = detail::data<T>(plain), *each = detail::data_or_null<T>(w);
  for (std::int64_t i = 0; i < impl(plain).numel; ++i)
    if (const std::int64_t b = bin(static_cast<double>(p[i])); b >= 0) out[b] += each ? each[i] : T(1);
}

// The one of `bins` equal parts that v is in; the last one holds its upper bound.
std::int64_t equal_bin(double v, const Bounds& r, std::int64_t bins) {
  if (!(v >= r.low && v <= r.high)) return -1;
  const double part = (v - r.low) / (r.high - r.low) * static_cast<double>(bins);
  return std::min(static_cast<std::int64_t>(part), bins - 1);
}

void require_weight(const Tensor& x, const HistogramOptions& o, const Location& at) {
  if (!o.weight.defined()) return;
  require_same_dtype("histogram", x, o.weight, at);
  require_same_shape("histogram", x, o.weight, at);
}

// Counts divided by their sum and by the widths.
void make_density(Tensor& hist, const Tensor& edges) {
  detail::dispatch_floating(impl(hist).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* h = detail::data<T>(hist);
    const T* e = detail::data<T>(edges);
    double sum = 0;
    for (std::int64_t i = 0; i < impl(hist).numel; ++i) sum += static_cast<double>(h[i]);
    for (std::int64_t i = 0; i < impl(hist).numel; ++i)
      h[i] = static_cast<T>(static_cast<double>(h[i]) / sum / static_cast<double>(e[i + 1] - e[i]));
  });
}

// The bin between borders e[0..bins] that v is in.
template <class T>
std::int64_t bin_between(const T* e, std::int64_t bins, double value) {
  const auto v = static_cast<T>(value);
  if (!(v >= e[0] && v <= e[bins])) return -1;
  return std::min<std::int64_t>(std::upper_bound(e, e + bins + 1, v) - e - 1, bins - 1);
}

}  // namespace

Tensor histc(const Tensor& x, std::int64_t bins, double min, double max, Location at) {
  require_bins("histc", x, bins, at);
  const Bounds r = bounds_of("histc", x, min, max, at);
  Tensor y = make_tensor({bins}, impl(x).dtype, at);
  detail::fill_raw(y, 0);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    count_in_bins(x, Tensor(), detail::data<decltype(zero)>(y), [&](double v) { return equal_bin(v, r, bins); });
  });
  return y;
}

Histogram histogram(const Tensor& x, std::int64_t bins, const HistogramOptions& options, Location at) {
  require_bins("histogram", x, bins, at);
  require_weight(x, options, at);
  const auto [low, high] = options.range.value_or(std::pair{0.0, 0.0});
  const Bounds r = bounds_of("histogram", x, low, high, at);
  Tensor edges = make_tensor({bins + 1}, impl(x).dtype, at);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* e = detail::data<T>(edges);
    const double step = (r.high - r.low) / static_cast<double>(bins);
    for (std::int64_t i = 0; i <= bins; ++i)
      e[i] = static_cast<T>(2 * i < bins ? r.low + static_cast<double>(i) * step
                                         : r.high - static_cast<double>(bins - i) * step);
  });
  HistogramOptions rest = options;
  rest.range.reset();
  return histogram(x, edges, rest, at);
}

Histogram histogram(const Tensor& x, const Tensor& bin_edges, const HistogramOptions& options, Location at) {
  require_floating("histogram", x, at);
  require_rank("histogram", bin_edges, 1, at);
  require_same_dtype("histogram", x, bin_edges, at);
  require_weight(x, options, at);
  if (options.range) [[unlikely]]
    ErrorReport("histogram", "a range is for a number of bins, not for borders", at).value_error();
  const std::int64_t bins = impl(bin_edges).numel - 1;
  if (bins < 1) [[unlikely]]
    ErrorReport("histogram", "needs at least two borders", at).operand("bin_edges", bin_edges).shape_error();
  Histogram h{make_tensor({bins}, impl(x).dtype, at), bin_edges.detach().clone()};
  detail::fill_raw(h.hist, 0);
  detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* e = detail::data<T>(h.bin_edges);
    if (std::adjacent_find(e, e + bins + 1, [](T a, T b) { return !(a <= b); }) != e + bins + 1) [[unlikely]]
      ErrorReport("histogram", "borders must increase", at).operand("bin_edges", bin_edges).value_error();
    count_in_bins(x, options.weight, detail::data<T>(h.hist), [&](double v) { return bin_between(e, bins, v); });
  });
  if (options.density) make_density(h.hist, h.bin_edges);
  return h;
}

// ---- searching ----
namespace {

// First place whose element is not below v (right: is above v); NaN is above all.
template <class T>
std::int64_t place_of(const T* sorted, std::int64_t n, T v, bool right) {
  return std::partition_point(sorted, sorted + n,
                              [=](T e) {
                                if (detail::not_a_number(v)) return right || !detail::not_a_number(e);
                                return right ? !(e > v) && !detail::not_a_number(e) : e < v;
                              }) -
         sorted;
}

Tensor search(const Tensor& sorted, const Tensor& values, bool right, const Location& at) {
  const DType type = promote_types(impl(sorted).dtype, impl(values).dtype);
  const Tensor rows = detail::contiguous_copy(detail::as_type(sorted, type));
  const Tensor from = detail::contiguous_copy(detail::as_type(values, type));
  Tensor y = make_tensor(impl(values).shape, DType::int64, at);
  if (impl(y).numel == 0) return y;
  const std::int64_t n = impl(sorted).shape.back();
  const bool one_row = impl(sorted).shape.rank() == 1;
  const std::int64_t width = one_row ? impl(y).numel : impl(values).shape.back();
  auto* out = detail::data<std::int64_t>(y);
  detail::dispatch_all(type, [&](auto zero) {
    using T = decltype(zero);
    const T *row = detail::data<T>(rows), *p = detail::data<T>(from);
    detail::parallel_cost(impl(y).numel, 20, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) out[i] = place_of(row + i / width * n, n, p[i], right);
    });
  });
  return y;
}

}  // namespace

namespace {

// sorted in the order that sorter names.
Tensor in_order(const Tensor& sorted, const Tensor& sorter, const Location& at) {
  require_index_dtype("searchsorted", sorter, at);
  if (!(impl(sorter).shape == impl(sorted).shape)) [[unlikely]]
    ErrorReport("searchsorted", "sorter must have the shape of sorted", at)
        .operand("sorted", sorted)
        .operand("sorter", sorter)
        .shape_error();
  const Tensor places = detail::as_index(sorter);
  const int last = std::max(impl(sorted).shape.rank() - 1, 0);
  detail::require_in_range("searchsorted", places, detail::sizes_of(sorted)[last], last, sorted, at);
  const NoGradGuard off;
  return gather(sorted, last, places, at);
}

}  // namespace

Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right, const Tensor& sorter, Location at) {
  require_defined("searchsorted", sorted, at);
  require_defined("searchsorted", values, at);
  Shape rows = impl(sorted).shape, wanted = impl(values).shape;
  const bool several = rows.rank() > 1;
  if (several && wanted.rank() == rows.rank()) wanted[-1] = rows.back();
  if (rows.empty() || (several && !(rows == wanted))) [[unlikely]]
    ErrorReport("searchsorted", "sorted must be 1-D or have the sizes of values but for the last one", at)
        .operand("sorted", sorted)
        .operand("values", values)
        .shape_error();
  return search(sorter.defined() ? in_order(sorted, sorter, at) : sorted, values, right, at);
}

Tensor bucketize(const Tensor& x, const Tensor& boundaries, bool right, Location at) {
  require_defined("bucketize", x, at);
  require_rank("bucketize", boundaries, 1, at);
  return search(boundaries, x, right, at);
}

std::ostream& operator<<(std::ostream& os, const Histogram& r) {
  return detail::print_parts(os, {{"hist", r.hist}, {"bin_edges", r.bin_edges}});
}
}  // namespace xgrad
