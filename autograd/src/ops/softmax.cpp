// softmax and its logarithm.
#include "kernels/softmax.hpp"

#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/record.hpp>

#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"

namespace xgrad {

using detail::impl;
using detail::SoftmaxKind;

namespace {

Tensor sum_along(const Tensor& x, int dim) { return impl(x).shape.rank() ? sum(x, {dim}, true) : x; }

// dx = y (g - sum(g y)), linear in g with a symmetric matrix, so that the derivative by g is the same function again.
Tensor softmax_backward(const Tensor& g, const Tensor& y, int dim) {
  return detail::record_op(
      "softmax_backward", detail::softmax_backward_raw(g, y, dim, SoftmaxKind::softmax), {g, y}, {g, y},
      [dim](const Saved& s, const Tensor& h) -> Grads {
        const Tensor by_g = s.needs(0) ? softmax_backward(h, s[1], dim) : Tensor();
        if (!s.needs(1)) return {by_g, Tensor()};
        return {by_g, fuse([](auto h, auto g, auto gy, auto hy) { return h * (g - gy) - g * hy; }, h, s[0],
                           sum_along(mul(s[0], s[1]), dim), sum_along(mul(h, s[1]), dim))};
      },
      Location::current(), detail::named<"dim">(dim));
}

// dx = g - exp(y) sum(g)
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, int dim) {
  return detail::record_op(
      "log_softmax_backward", detail::softmax_backward_raw(g, y, dim, SoftmaxKind::log_softmax), {g, y}, {g, y},
      [dim](const Saved& s, const Tensor& h) -> Grads {
        const Tensor hp = fuse([](auto h, auto y) { return h * exp(y); }, h, s[1]);
        return {s.needs(0) ? sub(h, sum_along(hp, dim)) : Tensor(),
                s.needs(1) ? fuse([](auto hp, auto g) { return -hp * g; }, hp, sum_along(s[0], dim)) : Tensor()};
      },
      Location::current(), detail::named<"dim">(dim));
}

Tensor recomputable(Tensor y, int dim, SoftmaxKind kind, const Tensor& x) {
  return detail::recomputable(
      std::move(y), {x}, detail::pass_time(2 * impl(x).numel),
      [dim, kind](std::span<const Tensor> in) { return detail::softmax_raw(in[0], dim, kind); });
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("softmax", dim, x, at);
  require_floating("softmax", x, at);
  Tensor y = detail::softmax_raw(x, d, SoftmaxKind::softmax);
  y = detail::record_op(
      "softmax", y, {x}, {y}, [d](const Saved& s, const Tensor& g) -> Grads { return {softmax_backward(g, s[0], d)}; },
      at, detail::named<"dim">(d));
  return recomputable(std::move(y), d, SoftmaxKind::softmax, x);
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("log_softmax", dim, x, at);
  require_floating("log_softmax", x, at);
  Tensor y = detail::softmax_raw(x, d, SoftmaxKind::log_softmax);
  y = detail::record_op(
      "log_softmax", y, {x}, {y},
      [d](const Saved& s, const Tensor& g) -> Grads { return {log_softmax_backward(g, s[0], d)}; }, at,
      detail::named<"dim">(d));
  return recomputable(std::move(y), d, SoftmaxKind::log_softmax, x);
}

Tensor softmax(const Tensor& x, std::int64_t dim, DType dtype, Location at) {
  require_defined("softmax", x, at);
  return softmax(x.to(dtype, at), dim, at);
}
Tensor log_softmax(const Tensor& x, std::int64_t dim, DType dtype, Location at) {
  require_defined("log_softmax", x, at);
  return log_softmax(x.to(dtype, at), dim, at);
}

Tensor softmin(const Tensor& x, std::int64_t dim, Location at) {
  wrap_dim("softmin", dim, x, at);
  require_floating("softmin", x, at);
  return softmax(neg(x, at), dim, at);
}

}  // namespace xgrad
