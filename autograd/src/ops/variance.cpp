// Variance and standard deviation.
#include <cmath>
#include <limits>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>

#include "ops/reduce_dims.hpp"

namespace xgrad {

using detail::all_dims;
using detail::dim_set;
using detail::DimSet;
using detail::impl;
using detail::with_kept_dims;

namespace {

// What rounding took from the mean, or nothing where that is no more than the rounding of deviations of this size.
Tensor rest_that_matters(const detail::Moments& m, bool root) {
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
  if (grad_enabled() && x.requires_grad()) {
    const Tensor d = sub(x, m);
    return mul(mul(s, sub(d, xgrad::mean(d, detail::dim_list(dims), true))), Scalar(c));
  }
  if (!rest.defined()) return fuse([c](auto s, auto x, auto m) { return s * ((x - m) * c); }, s, x, m);
  return fuse([c](auto s, auto x, auto m, auto r) { return s * ((x - m - r) * c); }, s, x, m,
              with_kept_dims(rest, full, dims));
}

double degrees_of_freedom(const Shape& shape, DimSet dims, std::int64_t correction) {
  return std::max(0.0, static_cast<double>(detail::reduced_count(shape, dims)) - static_cast<double>(correction));
}

Tensor var_over(const Tensor& x, DimSet dims, std::int64_t correction, bool keepdim, const Location& at) {
  require_floating("var", x, at);
  const detail::Moments m = detail::moments_raw(x, dims, static_cast<double>(correction), false, keepdim);
  return record(
      "var", m.spread, {x}, {x, m.mean, rest_that_matters(m, false)},
      [dims, correction](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const double c = 2 / degrees_of_freedom(impl(v).shape, dims, correction);
        return {scaled_deviation(g, c, v, s[1], s[2], dims)};
      },
      at);
}

// The gradient is 0 where the deviation is 0, as in PyTorch.
Tensor std_over(const Tensor& x, DimSet dims, std::int64_t correction, bool keepdim, const Location& at) {
  require_floating("std", x, at);
  const detail::Moments m = detail::moments_raw(x, dims, static_cast<double>(correction), true, keepdim);
  return record(
      "std", m.spread, {x}, {x, m.mean, rest_that_matters(m, true), m.spread},
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
      at);
}

}  // namespace

Tensor var(const Tensor& x, Location at) {
  require_defined("var", x, at);
  return var_over(x, all_dims(impl(x).shape), 1, false, at);
}
Tensor var(const Tensor& x, const Shape& dims, std::int64_t correction, bool keepdim, Location at) {
  return var_over(x, dim_set("var", x, dims, at), correction, keepdim, at);
}

Tensor std(const Tensor& x, Location at) {
  require_defined("std", x, at);
  return std_over(x, all_dims(impl(x).shape), 1, false, at);
}
Tensor std(const Tensor& x, const Shape& dims, std::int64_t correction, bool keepdim, Location at) {
  return std_over(x, dim_set("std", x, dims, at), correction, keepdim, at);
}

}  // namespace xgrad
