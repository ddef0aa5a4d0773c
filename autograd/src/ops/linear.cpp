// y = x W^T + b as one operation on the tape. The bias is added in a pass of its own while the result is still in the
// cache: a product on top of rows filled with the bias (beta = 1) was measured up to 40 % slower for small layers.
#include <fmt/format.h>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "ops/matmul.hpp"

namespace xgrad {

using detail::impl;
using detail::matmul_op;

namespace {

[[noreturn, gnu::cold]] void refuse(const std::string& rule, const Tensor& x, const Tensor& w, const Tensor& b,
                                    Location at) {
  ErrorReport report("linear", rule, at);
  report.operand("x", x).operand("weight", w);
  if (b.defined()) report.operand("bias", b);
  if (w.dim() == 2 && x.dim() > 0 && x.shape().back() == w.shape()[0] && x.shape().back() != w.shape()[1])
    report.help("weight is (out, in): one row per output feature; this one looks transposed");
  report.shape_error();
}

void require_types(const Tensor& x, const Tensor& w, const Tensor& b, const Location& at) {
  require_floating("linear", x, at);
  require_defined("linear", w, at);
  if (impl(w).dtype == impl(x).dtype && (!b.defined() || impl(b).dtype == impl(x).dtype)) return;
  const DType other = impl(w).dtype != impl(x).dtype ? impl(w).dtype : impl(b).dtype;
  ErrorReport report("linear", fmt::format("dtypes differ ({} and {})", name(impl(x).dtype), name(other)), at);
  report.operand("x", x).operand("weight", w);
  if (b.defined()) report.operand("bias", b);
  report.help("cast one of them with to()").dtype_error();
}

void require_shapes(const Tensor& x, const Tensor& w, const Tensor& b, const Location& at) {
  const Shape &xs = impl(x).shape, &ws = impl(w).shape;
  if (ws.rank() != 2) [[unlikely]]
    refuse(fmt::format("weight must be (out, in), got {}", to_string(ws)), x, w, b, at);
  if (xs.rank() == 0) [[unlikely]]
    refuse("x needs at least 1 dimension, got 0", x, w, b, at);
  if (xs.back() != ws[1]) [[unlikely]]
    refuse(fmt::format("expected {} features, got {}", ws[1], xs.back()), x, w, b, at);
  if (b.defined() && !(impl(b).shape == Shape{ws[0]})) [[unlikely]]
    refuse(fmt::format("bias must be ({}), got {}", ws[0], to_string(impl(b).shape)), x, w, b, at);
}

template <class T>
XGRAD_CLONES void add_to_rows(std::int64_t begin, std::int64_t end, std::int64_t n, const T* bias, T* out) {
  for (std::int64_t i = begin; i < end; ++i)
    for (std::int64_t j = 0; j < n; ++j) out[i * n + j] += bias[j];
}

void add_bias(Tensor& out, const Tensor& bias) {
  const Tensor row = detail::contiguous_copy(bias);
  const std::int64_t n = impl(row).numel;
  if (impl(out).numel == 0) return;
  detail::dispatch_floating(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* b = detail::data<T>(row);
    T* y = detail::data<T>(out);
    detail::parallel_cost(impl(out).numel / n, static_cast<double>(n) * 0.1,
                          [=](std::int64_t begin, std::int64_t end) { add_to_rows(begin, end, n, b, y); });
  });
}

Tensor forward(const Tensor& x, const Tensor& w, const Tensor& b) {
  Tensor out = detail::matmul_raw(x, false, w, true);
  if (b.defined()) add_bias(out, b);
  return out;
}

// dx = g W, dW = g^T x and db = the column sums of g, with leading dimensions as rows.
Grads linear_backward(const Saved& s, const Tensor& grad) {
  const Tensor g = detail::packed(grad), rows = detail::as_rows(g);
  Tensor gx, gw, gb;
  if (s.needs(0)) gx = matmul_op(g, false, s[1], false);
  if (s.needs(1)) gw = matmul_op(rows, true, detail::as_rows(s[0]), false);
  if (s.needs(2)) gb = sum(rows, Shape{0});
  return {gx, gw, gb};
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Location at) {
  require_types(x, weight, bias, at);
  require_shapes(x, weight, bias, at);
  const bool tape = grad_enabled();
  const Tensor none;
  return record(
      "linear", forward(x, weight, bias), {x, weight, bias},
      {tape && detail::wants_grad(weight) ? x : none, tape && detail::wants_grad(x) ? weight : none},
      [](const Saved& s, const Tensor& g) -> Grads { return linear_backward(s, g); }, at);
}

}  // namespace xgrad
