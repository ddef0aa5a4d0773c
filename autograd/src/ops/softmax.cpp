// log-sum-exp, softmax and its logarithm.
#include "kernels/softmax.hpp"

#include <cmath>
#include <limits>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>

#include "ops/reduce_dims.hpp"

namespace xgrad {

using detail::dim_set;
using detail::DimSet;
using detail::impl;
using detail::SoftmaxKind;
using detail::with_kept_dims;

namespace {

// What rounding took from logsumexp, or nothing where exp() would not show it.
Tensor rest_that_matters(const Tensor& rest) {
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
  if (!rest.defined()) return elementwise([](auto g, auto x, auto y) { return g * exp(x - y); }, g, x, y);
  return elementwise([](auto g, auto x, auto y, auto r) { return g * exp(x - y - r); }, g, x, y,
                     with_kept_dims(rest, impl(x).shape, dims));
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  const DimSet set = dim_set("logsumexp", x, dims, at);
  require_floating("logsumexp", x, at);
  const detail::LogSumExpParts y = detail::logsumexp_raw(x, set, keepdim);
  Tensor value = y.value;
  return record(
      "logsumexp", value, {x}, {x, value, rest_that_matters(y.rest)},
      [set](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const Shape& full = impl(v).shape;
        return {logsumexp_backward(with_kept_dims(g, full, set), v, with_kept_dims(s[1], full, set), s[2], set)};
      },
      at);
}

namespace {

Tensor sum_along(const Tensor& x, int dim) { return impl(x).shape.rank() ? sum(x, {dim}, true) : x; }

// dx = y (g - sum(g y)), linear in g with a symmetric matrix, so that the derivative by g is the same function again.
Tensor softmax_backward(const Tensor& g, const Tensor& y, int dim) {
  return record("softmax_backward", detail::softmax_backward_raw(g, y, dim, SoftmaxKind::softmax), {g, y}, {g, y},
                [dim](const Saved& s, const Tensor& h) -> Grads {
                  const Tensor by_g = s.needs(0) ? softmax_backward(h, s[1], dim) : Tensor();
                  if (!s.needs(1)) return {by_g, Tensor()};
                  return {by_g, fuse([](auto h, auto g, auto gy, auto hy) { return h * (g - gy) - g * hy; }, h, s[0],
                                     sum_along(mul(s[0], s[1]), dim), sum_along(mul(h, s[1]), dim))};
                });
}

// dx = g - exp(y) sum(g)
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int dim) {
  return record("log_softmax_backward", detail::softmax_backward_raw(g, y, dim, SoftmaxKind::log_softmax), {g, y}, {g, y},
                [dim](const Saved& s, const Tensor& h) -> Grads {
                  const Tensor hp = fuse([](auto h, auto y) { return h * exp(y); }, h, s[1]);
                  return {s.needs(0) ? sub(h, sum_along(hp, dim)) : Tensor(),
                          s.needs(1) ? fuse([](auto hp, auto g) { return -hp * g; }, hp, sum_along(s[0], dim)) : Tensor()};
                });
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("softmax", dim, x, at);
  require_floating("softmax", x, at);
  Tensor y = detail::softmax_raw(x, d, SoftmaxKind::softmax);
  return record("softmax", y, {x}, {y},
                [d](const Saved& s, const Tensor& g) -> Grads { return {softmax_backward(g, s[0], d)}; }, at);
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("log_softmax", dim, x, at);
  require_floating("log_softmax", x, at);
  Tensor y = detail::softmax_raw(x, d, SoftmaxKind::log_softmax);
  return record("log_softmax", y, {x}, {y},
                [d](const Saved& s, const Tensor& g) -> Grads { return {log_softmax_backward(g, s[0], d)}; }, at);
}

}  // namespace xgrad
