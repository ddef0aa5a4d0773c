// Differences and integrals, from slices and sums.
#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/difference.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/scan.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::impl;

namespace {

int sampled_dim(const char* op, const Tensor& x, std::int64_t dim, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "needs rank 1 or more, got 0", at).operand("input", x).shape_error();
  return wrap_dim(op, dim, x, at);
}

Tensor all_but_first(const Tensor& x, int dim, Location at) { return narrow(x, dim, 1, impl(x).shape[dim] - 1, at); }
Tensor all_but_last(const Tensor& x, int dim, Location at) { return narrow(x, dim, 0, impl(x).shape[dim] - 1, at); }

}  // namespace

Tensor diff(const Tensor& x, std::int64_t n, std::int64_t dim, const Tensor& prepend, const Tensor& append,
            Location at) {
  const int d = sampled_dim("diff", x, dim, at);
  if (n < 0) [[unlikely]]
    ErrorReport("diff", fmt::format("n must not be negative, got {}", n), at).operand("input", x).value_error();
  if (n == 0) return x;
  std::vector<Tensor> parts;
  for (const Tensor* t : {&prepend, &x, &append})
    if (t->defined()) parts.push_back(*t);
  Tensor y = parts.size() > 1 ? cat(parts, d, at) : x;
  const std::int64_t size = impl(y).shape[d];
  if (n >= size) return narrow(y, d, 0, 0, at);
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor after = all_but_first(y, d, at), before = all_but_last(y, d, at);
    y = impl(y).dtype == DType::boolean ? logical_xor(after, before, at) : sub(after, before, 1, at);
  }
  return y;
}

// ---- integrals ----
namespace {

// The area between neighbours: the mean of their heights times the distance.
Tensor areas(const char* op, const Tensor& y, Scalar dx, int dim, Location at) {
  if (impl(y).dtype == DType::boolean) [[unlikely]]
    ErrorReport(op, "is not defined for bool", at).operand("y", y).dtype_error();
  const std::int64_t n = impl(y).shape[dim];
  if (n == 0) return y;
  return mul(add(all_but_first(y, dim, at), all_but_last(y, dim, at), 1, at), Scalar(dx.to_double() / 2), at);
}

Tensor areas(const char* op, const Tensor& y, const Tensor& x, int dim, Location at) {
  require_defined(op, x, at);
  if (impl(y).dtype == DType::boolean || impl(x).dtype == DType::boolean) [[unlikely]]
    ErrorReport(op, "is not defined for bool", at).operand("y", y).operand("x", x).dtype_error();
  const int behind = impl(y).shape.rank() - dim;  // counted from the last dimension
  const bool list = impl(x).shape.rank() == 1;
  const int own = list ? 0 : impl(x).shape.rank() - behind;
  if (own < 0 || impl(x).shape[own] != impl(y).shape[dim]) [[unlikely]]
    ErrorReport(op, fmt::format("there must be a place for each of {} samples", impl(y).shape[dim]), at)
        .operand("y", y)
        .operand("x", x)
        .shape_error();
  Tensor places = x;
  if (list) {
    Shape line = {impl(x).numel};
    for (int i = 1; i < behind; ++i) line.push_back(1);
    places = reshape(x, line, at);
  }
  const int d = impl(places).shape.rank() - behind;
  detail::require_broadcast(op, y, places, at);
  if (impl(y).shape[dim] == 0) return y;
  const Tensor width = sub(all_but_first(places, d, at), all_but_last(places, d, at), 1, at);
  const Tensor height = add(all_but_first(y, dim, at), all_but_last(y, dim, at), 1, at);
  return mul(mul(width, height, at), Scalar(0.5), at);
}

// The dimension of y in the broadcast areas.
std::int64_t from_the_end(const Tensor& y, int dim) { return dim - impl(y).shape.rank(); }

}  // namespace

Tensor trapezoid(const Tensor& y, Scalar dx, std::int64_t dim, Location at) {
  const int d = sampled_dim("trapezoid", y, dim, at);
  return sum(areas("trapezoid", y, dx, d, at), Shape{d}, false, at);
}
Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim, Location at) {
  const int d = sampled_dim("trapezoid", y, dim, at);
  return sum(areas("trapezoid", y, x, d, at), Shape{from_the_end(y, d)}, false, at);
}
Tensor cumulative_trapezoid(const Tensor& y, Scalar dx, std::int64_t dim, Location at) {
  const int d = sampled_dim("cumulative_trapezoid", y, dim, at);
  return cumsum(areas("cumulative_trapezoid", y, dx, d, at), d, at);
}
Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim, Location at) {
  const int d = sampled_dim("cumulative_trapezoid", y, dim, at);
  return cumsum(areas("cumulative_trapezoid", y, x, d, at), from_the_end(y, d), at);
}

// ---- gradient ----
namespace {

std::vector<int> sampled_dims(const Tensor& x, const Shape& dims, std::size_t spacings, bool one_for_all,
                              int edge_order, Location at) {
  require_floating("gradient", x, at);
  if (edge_order != 1 && edge_order != 2) [[unlikely]]
    ErrorReport("gradient", fmt::format("edge_order must be 1 or 2, got {}", edge_order), at).value_error();
  std::vector<int> all;
  unsigned seen = 0;
  for (int i = 0; i < (dims.empty() ? impl(x).shape.rank() : dims.rank()); ++i) {
    const int d = sampled_dim("gradient", x, dims.empty() ? i : dims[i], at);
    if (seen >> d & 1u) [[unlikely]]
      ErrorReport("gradient", fmt::format("dim {} given twice", d), at).operand("input", x).index_error();
    seen |= 1u << d;
    if (impl(x).shape[d] < edge_order + 1) [[unlikely]]
      ErrorReport("gradient",
                  fmt::format("dim {} has {} samples, needs {} or more", d, impl(x).shape[d], edge_order + 1), at)
          .operand("input", x)
          .shape_error();
    all.push_back(d);
  }
  if (spacings != all.size() && !(one_for_all && spacings <= 1)) [[unlikely]]
    ErrorReport("gradient", fmt::format("{} spacings for {} dimensions", spacings, all.size()), at)
        .operand("input", x)
        .value_error();
  return all;
}

// Arithmetic that is recorded as of one place.
struct Arithmetic {
  Location at;
  Tensor sum(const Tensor& x, const Tensor& y) const { return add(x, y, 1, at); }
  Tensor difference(const Tensor& x, const Tensor& y) const { return sub(x, y, 1, at); }
  Tensor product(const Tensor& x, const Tensor& y) const { return mul(x, y, at); }
  Tensor quotient(const Tensor& x, const Tensor& y) const { return div(x, y, at); }

  // x wx + y wy - z wz
  Tensor weighted(const Tensor& x, const Tensor& wx, const Tensor& y, const Tensor& wy, const Tensor& z,
                  const Tensor& wz) const {
    return difference(sum(product(x, wx), product(y, wy)), product(z, wz));
  }
  // The derivative of the parabola through (0, x), (a, y), (a + b, z) at 0, but for its sign.
  Tensor falling_at_end(const Tensor& x, const Tensor& y, const Tensor& z, const Tensor& a, const Tensor& b) const {
    const Tensor both = sum(a, b);
    return weighted(x, quotient(sum(a, both), product(a, both)), z, quotient(a, product(b, both)), y,
                    quotient(both, product(a, b)));
  }
  // That of the parabola through (-a, x), (0, y), (b, z) at 0.
  Tensor slope_inside(const Tensor& x, const Tensor& y, const Tensor& z, const Tensor& a, const Tensor& b) const {
    const Tensor both = sum(a, b);
    return weighted(z, quotient(a, product(b, both)), y, quotient(difference(b, a), product(a, b)), x,
                    quotient(b, product(a, both)));
  }
};

// Derivative along dim of samples whose distances are h (1-D, of n - 1).
Tensor derivative(const Tensor& x, int dim, const Tensor& h, int edge_order, Location at) {
  const std::int64_t n = impl(x).shape[dim];
  const Arithmetic the{at};
  Shape line{n - 1};
  for (int i = dim + 1; i < impl(x).shape.rank(); ++i) line.push_back(1);
  const Tensor distances = reshape(h.to(impl(x).dtype, at), line, at);
  const auto samples = [&](std::int64_t i, std::int64_t count) { return narrow(x, dim, i, count, at); };
  const auto sample = [&](std::int64_t i) { return samples(i, 1); };
  const auto distance = [&](std::int64_t i) { return narrow(distances, 0, i, 1, at); };
  std::vector<Tensor> parts;
  if (edge_order == 1)
    parts.push_back(the.quotient(the.difference(sample(1), sample(0)), distance(0)));
  else
    parts.push_back(neg(the.falling_at_end(sample(0), sample(1), sample(2), distance(0), distance(1)), at));
  if (n > 2)
    parts.push_back(the.slope_inside(samples(0, n - 2), samples(1, n - 2), samples(2, n - 2),
                                     narrow(distances, 0, 0, n - 2, at), narrow(distances, 0, 1, n - 2, at)));
  if (edge_order == 1)
    parts.push_back(the.quotient(the.difference(sample(n - 1), sample(n - 2)), distance(n - 2)));
  else
    parts.push_back(the.falling_at_end(sample(n - 1), sample(n - 2), sample(n - 3), distance(n - 2), distance(n - 3)));
  return cat(parts, dim, at);
}

}  // namespace

std::vector<Tensor> gradient(const Tensor& x, const std::vector<double>& spacing, const Shape& dims, int edge_order,
                             Location at) {
  require_defined("gradient", x, at);
  const std::vector<int> all = sampled_dims(x, dims, spacing.size(), true, edge_order, at);
  std::vector<Tensor> out;
  for (std::size_t k = 0; k < all.size(); ++k) {
    const double h = spacing.empty() ? 1 : spacing[spacing.size() == 1 ? 0 : k];
    const Tensor distance = detail::scalar_tensor(h, impl(x).dtype);
    out.push_back(derivative(x, all[k], expand(distance, {impl(x).shape[all[k]] - 1}, at), edge_order, at));
  }
  return out;
}

std::vector<Tensor> gradient(const Tensor& x, const std::vector<Tensor>& places, const Shape& dims, int edge_order,
                             Location at) {
  require_defined("gradient", x, at);
  const std::vector<int> all = sampled_dims(x, dims, places.size(), false, edge_order, at);
  std::vector<Tensor> out;
  for (std::size_t k = 0; k < all.size(); ++k) {
    require_rank("gradient", places[k], 1, at);
    if (impl(places[k]).numel != impl(x).shape[all[k]]) [[unlikely]]
      ErrorReport("gradient", fmt::format("{} places for {} samples", impl(places[k]).numel, impl(x).shape[all[k]]), at)
          .operand("input", x)
          .operand("places", places[k])
          .shape_error();
    out.push_back(derivative(x, all[k], diff(places[k], 1, -1, {}, {}, at), edge_order, at));
  }
  return out;
}

}  // namespace xgrad
