// Medians, quantiles, the most frequent value.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/order.hpp>
#include <xgrad/ops/quantile.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "kernels/order.hpp"
#include "ops/picked.hpp"
#include "ops/reduce_dims.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::all_dims;
using detail::DimSet;
using detail::impl;
using detail::make_tensor;
using detail::Ranked;

// ---- median, mode ----
namespace {

int chosen_dim(const char* op, const Tensor& x, std::int64_t dim, const Location& at) {
  const int d = wrap_dim(op, dim, x, at);
  detail::require_nonempty(op, x, (DimSet{1} << d) & all_dims(impl(x).shape), at);
  return d;
}

Tensor median_of_all(const char* op, const Tensor& x, bool ignore_nan, const Location& at) {
  require_defined(op, x, at);
  if (!is_floating(impl(x).dtype)) detail::require_nonempty(op, x, all_dims(impl(x).shape), at);
  Tensor y;
  if (impl(x).numel == 0) {
    y = make_tensor({}, impl(x).dtype, at);
    detail::fill_raw(y, std::numeric_limits<double>::quiet_NaN());
  } else {
    NoGradGuard off;
    y = detail::make_alias(reshape(detail::median_raw(reshape(x, {impl(x).numel}), 0, ignore_nan).values, {}));
  }
  return detail::record_op(
      op, y, {x}, {x, y},
      [](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        return {detail::share_evenly(g, v, s[1], all_dims(impl(v).shape))};
      },
      at);
}

ValuesIndices median_along(const char* op, const Tensor& x, std::int64_t dim, bool ignore_nan, bool keepdim,
                           const Location& at) {
  const int d = chosen_dim(op, x, dim, at);
  Ranked r = detail::median_raw(x, d, ignore_nan);
  return detail::record_picked(op, std::move(r.values), std::move(r.indices), x, d, true, keepdim, at,
                               detail::named<"keepdim">(keepdim));
}

}  // namespace

Tensor median(const Tensor& x, Location at) { return median_of_all("median", x, false, at); }
Tensor nanmedian(const Tensor& x, Location at) { return median_of_all("nanmedian", x, true, at); }
ValuesIndices median(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  return median_along("median", x, dim, false, keepdim, at);
}
ValuesIndices nanmedian(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  return median_along("nanmedian", x, dim, true, keepdim, at);
}

ValuesIndices mode(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  const int d = chosen_dim("mode", x, dim, at);
  Ranked r = detail::mode_raw(x, d);
  return detail::record_picked("mode", std::move(r.values), std::move(r.indices), x, d, true, keepdim, at,
                               detail::named<"keepdim">(keepdim));
}

// ---- quantiles ----
namespace {

enum class Between { linear, lower, higher, midpoint, nearest };

Between interpolation_of(const char* op, const std::string& name, const Location& at) {
  const char* const names[] = {"linear", "lower", "higher", "midpoint", "nearest"};
  for (int i = 0; i < 5; ++i)
    if (name == names[i]) return static_cast<Between>(i);
  ErrorReport(op, fmt::format("interpolation must be linear, lower, higher, midpoint or nearest, got \"{}\"", name), at)
      .value_error();
}

// Which two elements of a sorted row a quantile lies between, and how far from the first.
struct Places {
  Tensor below, above, weight;
};

// For each row of `sorted` (.., n), in which NaNs stand last, and each q.
Places places_in(const Tensor& sorted, const std::vector<double>& q, Between how, bool ignore_nan) {
  Shape shape = impl(sorted).shape;
  const std::int64_t n = shape.back(), count = static_cast<std::int64_t>(q.size());
  shape[-1] = count;
  Places p{make_tensor(shape, DType::int64), make_tensor(shape, DType::int64), make_tensor(shape, impl(sorted).dtype)};
  auto *below = detail::data<std::int64_t>(p.below), *above = detail::data<std::int64_t>(p.above);
  const Tensor rows = detail::contiguous_copy(sorted);
  detail::dispatch_floating(impl(sorted).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* weight = detail::data<T>(p.weight);
    const T* row = detail::data<T>(rows);
    for (std::int64_t i = 0; i < impl(p.below).numel; i += count, row += n) {
      const T* end = std::partition_point(row, row + n, [](T v) { return v == v; });
      const std::int64_t numbers = end - row;
      for (std::int64_t k = 0; k < count; ++k) {
        const bool nan = numbers < n && !ignore_nan;
        const auto last = static_cast<double>(std::max<std::int64_t>(0, numbers - 1));
        double rank = nan ? static_cast<double>(n - 1) : q[static_cast<std::size_t>(k)] * last;
        if (how == Between::lower) rank = std::floor(rank);
        if (how == Between::higher) rank = std::ceil(rank);
        if (how == Between::nearest) rank = std::nearbyint(rank);
        const double low = std::floor(rank);
        below[i + k] = static_cast<std::int64_t>(low);
        above[i + k] = static_cast<std::int64_t>(std::ceil(rank));
        weight[i + k] = static_cast<T>(how == Between::midpoint && rank > low ? 0.5 : rank - low);
      }
    }
  });
  return p;
}

struct Request {
  std::vector<double> q;
  bool single;  // q was one number: no dimension of the result
  std::optional<std::int64_t> dim;
  bool keepdim;
  const std::string& interpolation;
};

Tensor quantiles(const char* op, const Tensor& x, const Request& want, bool ignore_nan, Location at) {
  require_floating(op, x, at);
  for (const double q : want.q)
    if (!(q >= 0 && q <= 1)) [[unlikely]]
      ErrorReport(op, fmt::format("q must be in [0, 1], got {}", q), at).operand("input", x).value_error();
  const Between how = interpolation_of(op, want.interpolation, at);
  const int d = want.dim ? wrap_dim(op, *want.dim, x, at) : 0;
  const int rank = impl(x).shape.rank();
  detail::require_nonempty(op, x, want.dim ? (DimSet{1} << d) & all_dims(impl(x).shape) : all_dims(impl(x).shape), at);
  const Tensor rows = !want.dim || rank == 0 ? ravel(x, at) : movedim(x, d, -1, at);
  const Tensor sorted = sort(rows, -1, false, at).values;
  const Places p = places_in(sorted, want.q, how, ignore_nan);
  const Tensor low = gather(sorted, -1, p.below, at);
  Tensor y = low;
  if (how == Between::linear || how == Between::midpoint) {
    const Tensor step = sub(gather(sorted, -1, p.above, at), low, 1, at);
    y = where(eq(p.weight, 0, at), low, add(low, mul(step, p.weight, at), 1, at), at);
  }
  y = movedim(y, -1, 0, at);  // q first
  if (want.keepdim) {
    Shape kept = impl(x).shape;
    if (!want.dim)
      for (std::int64_t& n : kept) n = 1;
    else if (rank > 0)
      kept[d] = 1;
    kept.insert(0, static_cast<std::int64_t>(want.q.size()), at);
    y = reshape(y, kept, at);
  }
  return want.single ? squeeze(y, 0, at) : y;
}

std::vector<double> list_of(const char* op, const Tensor& q, const Location& at) {
  require_floating(op, q, at);
  if (impl(q).shape.rank() > 1) [[unlikely]]
    ErrorReport(op, fmt::format("q must be a number or 1-D, got rank {}", impl(q).shape.rank()), at)
        .operand("q", q)
        .shape_error();
  return q.to_vector<double>(at);
}

Tensor one_quantile(const char* op, const Tensor& x, double q, std::optional<std::int64_t> dim, bool keepdim,
                    const std::string& interpolation, bool ignore_nan, Location at) {
  require_defined(op, x, at);
  return quantiles(op, x, {{q}, true, dim, keepdim, interpolation}, ignore_nan, at);
}
Tensor some_quantiles(const char* op, const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                      const std::string& interpolation, bool ignore_nan, Location at) {
  require_defined(op, x, at);
  const std::vector<double> list = list_of(op, q, at);
  return quantiles(op, x, {list, impl(q).shape.rank() == 0, dim, keepdim, interpolation}, ignore_nan, at);
}

}  // namespace

Tensor quantile(const Tensor& x, double q, std::optional<std::int64_t> dim, bool keepdim,
                const std::string& interpolation, Location at) {
  return one_quantile("quantile", x, q, dim, keepdim, interpolation, false, at);
}
Tensor quantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                const std::string& interpolation, Location at) {
  return some_quantiles("quantile", x, q, dim, keepdim, interpolation, false, at);
}
Tensor nanquantile(const Tensor& x, double q, std::optional<std::int64_t> dim, bool keepdim,
                   const std::string& interpolation, Location at) {
  return one_quantile("nanquantile", x, q, dim, keepdim, interpolation, true, at);
}
Tensor nanquantile(const Tensor& x, const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                   const std::string& interpolation, Location at) {
  return some_quantiles("nanquantile", x, q, dim, keepdim, interpolation, true, at);
}

}  // namespace xgrad
