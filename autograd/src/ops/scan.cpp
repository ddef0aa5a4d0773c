// Running totals. The gradient of a running sum is the running sum from the other end; those of a product and of a
// log-sum-exp are linear recurrences s_k = g_k + a_k s_(k+1), which need no division and are differentiable themselves.
#include "kernels/scan.hpp"

#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/scan.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "ops/picked.hpp"

namespace xgrad {

using detail::impl;

namespace {

Tensor running_sum(const char* op, const Tensor& x, int dim, bool reverse, Location at) {
  return detail::record_op(
      op, detail::cumsum_raw(x, dim, reverse), {x}, {},
      [dim, reverse](const Saved&, const Tensor& g) -> Grads {
        return {running_sum("cumsum_backward", g, dim, !reverse, Location::current())};
      },
      at, detail::named<"dim">(dim), detail::named<"reverse">(reverse));
}

// t moved by one along dim: element k becomes t_(k-1) (forward) or t_(k+1); what comes in at the end is `fill`.
Tensor moved_by_one(const Tensor& t, int dim, bool forward, double fill) {
  const std::int64_t n = impl(t).shape[dim];
  if (n == 0) return t;
  Shape one = impl(t).shape;
  one[dim] = 1;
  Tensor value = detail::zeros_raw({}, impl(t).dtype);
  detail::fill_raw(value, fill);
  const Tensor border = expand(value, one);
  const Tensor rest = narrow(t, dim, forward ? 0 : 1, n - 1);
  return forward ? cat({border, rest}, dim) : cat({rest, border}, dim);
}

// s_k = g_k + a_k s_(k-1), or s_(k+1) when reversed. With h the gradient of s, that of g is the same recurrence from
// the other end, with a moved by one; that of a_k is its times the neighbour of s_k.
Tensor linear_scan(const Tensor& g, const Tensor& a, int dim, bool reverse) {
  Tensor s = detail::linear_scan_raw(g, a, dim, reverse);
  return detail::record_op(
      "linear_scan", s, {g, a}, {a, s},
      [dim, reverse](const Saved& saved, const Tensor& h) -> Grads {
        const Tensor back = linear_scan(h, moved_by_one(saved[0], dim, reverse, 0), dim, !reverse);
        return {back, saved.needs(1) ? mul(back, moved_by_one(saved[1], dim, !reverse, 0)) : Tensor()};
      },
      Location::current(), detail::named<"dim">(dim), detail::named<"reverse">(reverse));
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t dim, Location at) {
  return running_sum("cumsum", x, wrap_dim("cumsum", dim, x, at), false, at);
}

// The derivative of y_i by x_k is y_(k-1) x_(k+1) .. x_i.
Tensor cumprod(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("cumprod", dim, x, at);
  Tensor y = detail::cumprod_raw(x, d);
  return detail::record_op(
      "cumprod", y, {x}, {x, y},
      [d](const Saved& s, const Tensor& g) -> Grads {
        if (impl(g).shape.rank() == 0) return {g};
        const Tensor rest = linear_scan(g, moved_by_one(s[0], d, false, 0), d, true);
        return {mul(moved_by_one(s[1], d, true, 1), rest)};
      },
      at, detail::named<"dim">(d));
}

ValuesIndices cummax(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("cummax", dim, x, at);
  detail::RunningExtremum r = detail::cumextremum_raw(x, d, true);
  return detail::record_picked("cummax", std::move(r.values), std::move(r.indices), x, d, false, true, at);
}
ValuesIndices cummin(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("cummin", dim, x, at);
  detail::RunningExtremum r = detail::cumextremum_raw(x, d, false);
  return detail::record_picked("cummin", std::move(r.values), std::move(r.indices), x, d, false, true, at);
}

// The derivative of y_i by x_k is exp(x_k - y_i) = exp(x_k - y_k) exp(y_k - y_(k+1)) .. exp(y_(i-1) - y_i), all factors
// at most 1.
Tensor logcumsumexp(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("logcumsumexp", dim, x, at);
  require_floating("logcumsumexp", x, at);
  Tensor y = detail::logcumsumexp_raw(x, d);
  return detail::record_op(
      "logcumsumexp", y, {x}, {x, y},
      [d](const Saved& s, const Tensor& g) -> Grads {
        constexpr double inf = std::numeric_limits<double>::infinity();
        if (impl(g).numel == 0 || impl(g).shape.rank() == 0) return {g};
        const Tensor total = s[1];
        const std::int64_t n = impl(total).shape[d];
        const Tensor next = cat({narrow(total, d, 1, n - 1), narrow(total, d, n - 1, 1)}, d);
        const Tensor ratio = fuse(
            [](auto now, auto after) {
              auto step = where((now == inf) || (now == -inf), 0., now - after);
              return where(now == -inf, 0., exp(step));
            },
            total, next);
        const Tensor rest = linear_scan(g, ratio, d, true);
        return {fuse([](auto r, auto v, auto t) { return where(v == -inf, 0., r * exp(v - t)); }, rest, s[0], total)};
      },
      at, detail::named<"dim">(d));
}

Tensor cumsum(const Tensor& x, std::int64_t dim, DType dtype, Location at) {
  require_defined("cumsum", x, at);
  return cumsum(x.to(dtype, at), dim, at).to(dtype, at);
}
Tensor cumprod(const Tensor& x, std::int64_t dim, DType dtype, Location at) {
  require_defined("cumprod", x, at);
  return cumprod(x.to(dtype, at), dim, at).to(dtype, at);
}

}  // namespace xgrad
