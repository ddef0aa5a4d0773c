// Sum, mean, product, any, all.
#include <vector>

#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include "core/tape/record.hpp"
#include "ops/reduce_dims.hpp"

namespace xgrad {

using detail::all_dims;
using detail::dim_set;
using detail::DimSet;
using detail::impl;
using detail::spread;
using detail::with_kept_dims;

namespace {

Tensor sum_over(const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  return record("sum", detail::sum_raw(x, dims, keepdim), {x}, {},
                [full = impl(x).shape, dims](const Saved&, const Tensor& g) -> Grads { return {spread(g, full, dims)}; }, at);
}

Tensor mean_over(const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  require_floating("mean", x, at);
  return record("mean", detail::mean_raw(x, dims, keepdim), {x}, {},
                [full = impl(x).shape, dims](const Saved&, const Tensor& g) -> Grads {
                  const auto n = static_cast<double>(detail::reduced_count(full, dims));
                  return {spread(fuse([n](auto g) { return g / n; }, g), full, dims)};
                }, at);
}

}  // namespace

Tensor sum(const Tensor& x, Location at) {
  require_defined("sum", x, at);
  return sum_over(x, all_dims(impl(x).shape), false, at);
}
Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return sum_over(x, dim_set("sum", x, dims, at), keepdim, at);
}

Tensor mean(const Tensor& x, Location at) {
  require_defined("mean", x, at);
  return mean_over(x, all_dims(impl(x).shape), false, at);
}
Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return mean_over(x, dim_set("mean", x, dims, at), keepdim, at);
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
  return record("prod", detail::prod_raw(x, dims, keepdim), {x}, {x},
                [dim, dims](const Saved& s, const Tensor& g) -> Grads {
                  const Tensor v = s[0];
                  const Shape& full = impl(v).shape;
                  if (full.rank() == 0) return {g};
                  const Tensor others = dim < 0 ? reshape(prod_others(reshape(v, {impl(v).numel}), 0), full) : prod_others(v, dim);
                  return {mul(with_kept_dims(g, full, dims), others)};
                }, at);
}

}  // namespace

Tensor prod(const Tensor& x, Location at) {
  require_defined("prod", x, at);
  return prod_over(x, -1, false, at);
}
Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  return prod_over(x, wrap_dim("prod", dim, x, at), keepdim, at);
}

// ---- truth ----
namespace {

Tensor as_truth(const Tensor& x) {
  NoGradGuard off;
  return impl(x).dtype == DType::boolean ? x : ne(x, 0);
}
DimSet one_dim(const char* op, const Tensor& x, std::int64_t dim, const Location& at) {
  return (DimSet{1} << wrap_dim(op, dim, x, at)) & all_dims(impl(x).shape);
}

}  // namespace

Tensor any(const Tensor& x, Location at) {
  require_defined("any", x, at);
  return detail::max_raw(as_truth(x), all_dims(impl(x).shape), false);
}
Tensor any(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  const DimSet dims = one_dim("any", x, dim, at);
  return detail::max_raw(as_truth(x), dims, keepdim);
}
Tensor all(const Tensor& x, Location at) {
  require_defined("all", x, at);
  return detail::min_raw(as_truth(x), all_dims(impl(x).shape), false);
}
Tensor all(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  const DimSet dims = one_dim("all", x, dim, at);
  return detail::min_raw(as_truth(x), dims, keepdim);
}

}  // namespace xgrad
