// Variance and standard deviation.
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

// The mean to differentiate with: what the forward pass found, or a recorded one when the derivative is differentiated.
Tensor mean_for(const Tensor& x, const Tensor& found, DimSet dims) {
  if (grad_enabled() && x.requires_grad()) return mean(x, detail::dim_list(dims), true);
  return with_kept_dims(found, impl(x).shape, dims);
}

double degrees_of_freedom(const Shape& shape, DimSet dims, std::int64_t correction) {
  return std::max(0.0, static_cast<double>(detail::reduced_count(shape, dims)) - static_cast<double>(correction));
}

Tensor var_over(const Tensor& x, DimSet dims, std::int64_t correction, bool keepdim, const Location& at) {
  require_floating("var", x, at);
  const detail::Moments m = detail::moments_raw(x, dims, static_cast<double>(correction), false, keepdim);
  return record("var", m.spread, {x}, {x, m.mean},
                [dims, correction](const Saved& s, const Tensor& g) -> Grads {
                  const Tensor v = s[0];
                  const double c = 2 / degrees_of_freedom(impl(v).shape, dims, correction);
                  return {fuse([c](auto g, auto x, auto mean) { return g * ((x - mean) * c); },
                               with_kept_dims(g, impl(v).shape, dims), v, mean_for(v, s[1], dims))};
                }, at);
}

// The gradient is 0 where the deviation is 0, as in PyTorch.
Tensor std_over(const Tensor& x, DimSet dims, std::int64_t correction, bool keepdim, const Location& at) {
  require_floating("std", x, at);
  const detail::Moments m = detail::moments_raw(x, dims, static_cast<double>(correction), true, keepdim);
  return record("std", m.spread, {x}, {x, m.mean, m.spread},
                [dims, correction](const Saved& s, const Tensor& g) -> Grads {
                  const Tensor v = s[0];
                  const Shape& full = impl(v).shape;
                  const double c = 1 / degrees_of_freedom(full, dims, correction);
                  const Tensor scale = fuse([c](auto g, auto y) {
                    auto flat = y == 0;
                    return where(flat, 0., g * c / where(flat, 1., y));
                  }, g, s[2]);
                  return {fuse([](auto scale, auto x, auto mean) { return scale * (x - mean); },
                               with_kept_dims(scale, full, dims), v, mean_for(v, s[1], dims))};
                }, at);
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
