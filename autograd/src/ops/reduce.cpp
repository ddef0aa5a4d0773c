// Sum, mean, variance, product, any, all, log-sum-exp.
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tape/trace_all.hpp"
#include "kernels/softmax.hpp"
#include "ops/print_parts.hpp"
#include "ops/reduce_dims.hpp"

namespace xgrad {

using detail::all_dims;
using detail::dim_set;
using detail::DimSet;
using detail::impl;
using detail::spread;
using detail::with_kept_dims;

namespace {

// The result of a reduction, for memory under a limit.
template <class Raw>
Tensor reduced(Tensor y, const Tensor& x, Raw raw) {
  return detail::recomputable(std::move(y), {x}, detail::pass_time(impl(x).numel),
                              [raw](std::span<const Tensor> in) { return raw(in[0]); });
}

Tensor sum_over(const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  const auto raw = [dims, keepdim](const Tensor& v) { return detail::sum_raw(v, dims, keepdim); };
  Tensor y = detail::record_op(
      "sum", raw(x), {x}, {},
      [full = impl(x).shape, dims](const Saved&, const Tensor& g) -> Grads { return {spread(g, full, dims)}; }, at,
      detail::named<"dim">(detail::Dims{dims}), detail::named<"keepdim">(keepdim));
  return reduced(std::move(y), x, raw);
}

Tensor mean_over(const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  require_floating("mean", x, at);
  const auto raw = [dims, keepdim](const Tensor& v) { return detail::mean_raw(v, dims, keepdim); };
  Tensor y = detail::record_op(
      "mean", raw(x), {x}, {},
      [full = impl(x).shape, dims](const Saved&, const Tensor& g) -> Grads {
        const auto n = static_cast<double>(detail::reduced_count(full, dims));
        return {spread(fuse([n](auto g) { return g / n; }, g), full, dims)};
      },
      at, detail::named<"dim">(detail::Dims{dims}), detail::named<"keepdim">(keepdim));
  return reduced(std::move(y), x, raw);
}

}  // namespace

Tensor sum(const Tensor& x, Location at) {
  require_defined("sum", x, at);
  return sum_over(x, all_dims(impl(x).shape), false, at);
}
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return sum_over(x, dim_set("sum", x, dims, at), keepdim, at);
}

Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, DType dtype, Location at) {
  const DimSet set = dim_set("sum", x, dims, at);
  return sum_over(x.to(dtype, at), set, keepdim, at).to(dtype, at);
}

Tensor mean(const Tensor& x, Location at) {
  require_defined("mean", x, at);
  return mean_over(x, all_dims(impl(x).shape), false, at);
}
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return mean_over(x, dim_set("mean", x, dims, at), keepdim, at);
}
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, DType dtype, Location at) {
  const DimSet set = dim_set("mean", x, dims, at);
  return mean_over(x.to(dtype, at), set, keepdim, at);
}

// ---- product ----
namespace {

// Product of all other elements along dim, from differentiable operations: elements are multiplied in pairs, the
// product of the other pairs found in the same way, and each element gets its partner times that. No division, so
// zeros need no care, and every order of derivative follows.
Tensor prod_others_by_pairs(const Tensor& x, int dim) {
  const std::int64_t n = x.size(dim), half = (n + 1) / 2;
  if (n <= 1) return ones_like(x);
  const Tensor left = narrow(x, dim, 0, half);
  Tensor right = narrow(x, dim, half, n - half);
  if (n % 2 != 0) right = cat({right, ones_like(narrow(x, dim, 0, 1))}, dim);
  const Tensor others = prod_others_by_pairs(mul(left, right), dim);
  return cat({mul(others, right), narrow(mul(others, left), dim, 0, n - half)}, dim);
}

Tensor prod_others(const Tensor& x, int dim) {
  return grad_enabled() && detail::wants_grad(x) ? prod_others_by_pairs(x, dim) : detail::prod_others_raw(x, dim);
}

// dim: -1 for all elements.
Tensor prod_over(const Tensor& x, int dim, bool keepdim, const Location& at) {
  const DimSet dims = dim < 0 ? all_dims(impl(x).shape) : (DimSet{1} << dim) & all_dims(impl(x).shape);
  const auto raw = [dims, keepdim](const Tensor& v) { return detail::prod_raw(v, dims, keepdim); };
  Tensor y = detail::record_op(
      "prod", raw(x), {x}, {x},
      [dim, dims](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const Shape& full = impl(v).shape;
        if (full.rank() == 0) return {g};
        const Tensor others =
            dim < 0 ? reshape(prod_others(reshape(v, {impl(v).numel}), 0), full) : prod_others(v, dim);
        return {mul(with_kept_dims(g, full, dims), others)};
      },
      at, detail::named<"dim">(detail::Dims{dims}), detail::named<"keepdim">(keepdim));
  return reduced(std::move(y), x, raw);
}

}  // namespace

Tensor prod(const Tensor& x, Location at) {
  require_defined("prod", x, at);
  return prod_over(x, -1, false, at);
}
Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  return prod_over(x, wrap_dim("prod", dim, x, at), keepdim, at);
}
Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim, DType dtype, Location at) {
  const int d = wrap_dim("prod", dim, x, at);
  return prod_over(x.to(dtype, at), d, keepdim, at).to(dtype, at);
}

// ---- truth ----
namespace {

Tensor as_truth(const Tensor& x) {
  NoGradGuard off;
  return impl(x).dtype == DType::boolean ? x : ne(x, 0);
}

Tensor truth_over(const char* op, Tensor y, const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  return detail::traced(op, std::move(y), {x}, at, detail::named<"dim">(detail::Dims{dims}),
                        detail::named<"keepdim">(keepdim));
}
Tensor any_over(const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  return truth_over("any", detail::max_raw(as_truth(x), dims, keepdim), x, dims, keepdim, at);
}
Tensor all_over(const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  return truth_over("all", detail::min_raw(as_truth(x), dims, keepdim), x, dims, keepdim, at);
}

}  // namespace

Tensor any(const Tensor& x, Location at) {
  require_defined("any", x, at);
  return any_over(x, all_dims(impl(x).shape), false, at);
}
Tensor any(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return any_over(x, dim_set("any", x, dims, at), keepdim, at);
}
Tensor all(const Tensor& x, Location at) {
  require_defined("all", x, at);
  return all_over(x, all_dims(impl(x).shape), false, at);
}
Tensor all(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return all_over(x, dim_set("all", x, dims, at), keepdim, at);
}

// ---- variance and standard deviation ----
namespace {

// What rounding took from the mean, or nothing where that is no more than the rounding of deviations of this size.
Tensor mean_rest_that_matters(const detail::Moments& m, bool root) {
  bool matters = false;
  detail::dispatch_floating(impl(m.rest).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *rest = detail::data<T>(m.rest), *spread = detail::data<T>(m.spread);
    for (std::int64_t i = 0; i < impl(m.rest).numel; ++i) {
      const T r = rest[i] / std::numeric_limits<T>::epsilon();
      matters |= root ? std::fabs(r) > spread[i] : r * r > spread[i];
    }
  });
  return matters ? m.rest : Tensor();
}

// c scale (x - mean - rest): the mean may lie between two numbers of its size. Where this is recorded, the first part
// is a constant, and the mean of what it leaves of x is differentiated.
Tensor scaled_deviation(const Tensor& scale, double c, const Tensor& x, const Tensor& mean, const Tensor& rest,
                        DimSet dims) {
  const Shape& full = impl(x).shape;
  const Tensor s = with_kept_dims(scale, full, dims), m = with_kept_dims(mean, full, dims);
  if (detail::needs_tape({x})) {
    const Tensor d = sub(x, m);
    return mul(mul(s, sub(d, xgrad::mean(d, detail::dim_list(dims), true))), Scalar(c));
  }
  if (!rest.defined()) return fuse([c](auto s, auto x, auto m) { return s * ((x - m) * c); }, s, x, m);
  return fuse([c](auto s, auto x, auto m, auto r) { return s * ((x - m - r) * c); }, s, x, m,
              with_kept_dims(rest, full, dims));
}

double degrees_of_freedom(const Shape& shape, DimSet dims, double correction) {
  return std::max(0.0, static_cast<double>(detail::reduced_count(shape, dims)) - correction);
}

Tensor var_over(const Tensor& x, DimSet dims, double correction, bool keepdim, const Location& at) {
  require_floating("var", x, at);
  const detail::Moments m = detail::moments_raw(x, dims, correction, false, keepdim);
  return detail::record_op(
      "var", m.spread, {x}, {x, m.mean, mean_rest_that_matters(m, false)},
      [dims, correction](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const double c = 2 / degrees_of_freedom(impl(v).shape, dims, correction);
        return {scaled_deviation(g, c, v, s[1], s[2], dims)};
      },
      at, detail::named<"dim">(detail::Dims{dims}), detail::named<"keepdim">(keepdim),
      detail::named<"correction">(correction));
}

// The gradient is 0 where the deviation is 0, as in PyTorch.
Tensor std_over(const Tensor& x, DimSet dims, double correction, bool keepdim, const Location& at) {
  require_floating("std", x, at);
  const detail::Moments m = detail::moments_raw(x, dims, correction, true, keepdim);
  return detail::record_op(
      "std", m.spread, {x}, {x, m.mean, mean_rest_that_matters(m, true), m.spread},
      [dims, correction](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const double c = 1 / degrees_of_freedom(impl(v).shape, dims, correction);
        const Tensor scale = fuse(
            [c](auto g, auto y) {
              auto flat = y == 0;
              return where(flat, 0., g * c / where(flat, 1., y));
            },
            g, s[3]);
        return {scaled_deviation(scale, 1, v, s[1], s[2], dims)};
      },
      at, detail::named<"dim">(detail::Dims{dims}), detail::named<"keepdim">(keepdim),
      detail::named<"correction">(correction));
}

}  // namespace

Tensor var(const Tensor& x, Location at) {
  require_defined("var", x, at);
  return var_over(x, all_dims(impl(x).shape), 1, false, at);
}
Tensor var(const Tensor& x, const Shape& dims, double correction, bool keepdim, Location at) {
  return var_over(x, dim_set("var", x, dims, at), correction, keepdim, at);
}

Tensor std(const Tensor& x, Location at) {
  require_defined("std", x, at);
  return std_over(x, all_dims(impl(x).shape), 1, false, at);
}
Tensor std(const Tensor& x, const Shape& dims, double correction, bool keepdim, Location at) {
  return std_over(x, dim_set("std", x, dims, at), correction, keepdim, at);
}

// ---- log-sum-exp ----
namespace {

// What rounding took from logsumexp, or nothing where exp() would not show it.
Tensor sum_rest_that_matters(const Tensor& rest) {
  bool matters = false;
  detail::dispatch_floating(impl(rest).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* r = detail::data<T>(rest);
    for (std::int64_t i = 0; i < impl(rest).numel; ++i)
      matters |= std::fabs(r[i]) > 2 * std::numeric_limits<T>::epsilon();
  });
  return matters ? rest : Tensor();
}

// g exp(x - y - rest), y + rest being logsumexp: of large x, y alone is off by more than 1. Where this is recorded, y
// is a constant, and the logsumexp of what it leaves of x is differentiated.
Tensor logsumexp_backward(const Tensor& g, const Tensor& x, const Tensor& y, const Tensor& rest, DimSet dims) {
  if (grad_enabled()) {
    const Tensor left = sub(x, y.detach());
    return mul(g, exp(sub(left, logsumexp(left, detail::dim_list(dims), true))));
  }
  if (!rest.defined()) return map([](auto g, auto x, auto y) { return g * exp(x - y); }, g, x, y);
  return map([](auto g, auto x, auto y, auto r) { return g * exp(x - y - r); }, g, x, y,
             with_kept_dims(rest, impl(x).shape, dims));
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  const DimSet set = dim_set("logsumexp", x, dims, at);
  require_floating("logsumexp", x, at);
  const detail::LogSumExpParts y = detail::logsumexp_raw(x, set, keepdim);
  Tensor value = y.value;
  return detail::record_op(
      "logsumexp", value, {x}, {x, value, sum_rest_that_matters(y.rest)},
      [set](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const Shape& full = impl(v).shape;
        return {logsumexp_backward(with_kept_dims(g, full, set), v, with_kept_dims(s[1], full, set), s[2], set)};
      },
      at, detail::named<"dim">(detail::Dims{set}), detail::named<"keepdim">(keepdim));
}

// ---- without NaNs, counts, both moments ----
namespace {

Tensor without_nan(const Tensor& x, const Location& at) { return where(isnan(x, at), 0, x, at); }

}  // namespace

Tensor nansum(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  const DimSet set = dim_set("nansum", x, dims, at);
  return sum_over(is_floating(impl(x).dtype) ? without_nan(x, at) : x, set, keepdim, at);
}

Tensor nanmean(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  const DimSet set = dim_set("nanmean", x, dims, at);
  require_floating("nanmean", x, at);
  const Tensor count = sum_over(logical_not(isnan(x, at), at), set, keepdim, at).to(impl(x).dtype, at);
  return div(sum_over(without_nan(x, at), set, keepdim, at), count, at);
}

Tensor count_nonzero(const Tensor& x, const Shape& dims, Location at) {
  const DimSet set = dim_set("count_nonzero", x, dims, at);
  return truth_over("count_nonzero", detail::sum_raw(as_truth(x), set, false), x, set, false, at);
}

Tensor sum_to_size(const Tensor& x, const Shape& shape, Location at) {
  require_defined("sum_to_size", x, at);
  const Shape& from = impl(x).shape;
  const int lead = from.rank() - shape.rank();
  bool fits = lead >= 0;
  DimSet summed = 0;
  for (int i = 0; fits && i < from.rank(); ++i) {
    const bool added = i < lead, equal = !added && shape[i - lead] == from[i];
    fits = added || equal || shape[i - lead] == 1;
    if (!equal) summed |= DimSet{1} << i;
  }
  if (!fits) [[unlikely]]
    ErrorReport("sum_to_size", fmt::format("shape {} does not expand to {}", to_string(shape), to_string(from)), at)
        .operand("input", x)
        .shape_error();
  return summed == 0 ? x : reshape(sum_over(x, summed, true, at), shape, at);
}

VarMean var_mean(const Tensor& x, const Shape& dims, double correction, bool keepdim, Location at) {
  const DimSet set = dim_set("var_mean", x, dims, at);
  require_floating("var_mean", x, at);
  return {var_over(x, set, correction, keepdim, at), mean_over(x, set, keepdim, at)};
}
StdMean std_mean(const Tensor& x, const Shape& dims, double correction, bool keepdim, Location at) {
  const DimSet set = dim_set("std_mean", x, dims, at);
  require_floating("std_mean", x, at);
  return {std_over(x, set, correction, keepdim, at), mean_over(x, set, keepdim, at)};
}

std::ostream& operator<<(std::ostream& os, const VarMean& r) {
  return detail::print_parts(os, {{"var", r.var}, {"mean", r.mean}});
}
std::ostream& operator<<(std::ostream& os, const StdMean& r) {
  return detail::print_parts(os, {{"std", r.std}, {"mean", r.mean}});
}

}  // namespace xgrad
