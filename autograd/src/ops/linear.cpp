// Linear and bilinear maps. The bilinear form is two products: x1 with all of W at once, the result with x2 row by row.
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
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
  const Tensor g = detail::contiguous_for_gemm(grad), rows = detail::as_rows(g);
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
  Tensor y = detail::record_op(
      "linear", forward(x, weight, bias), {x, weight, bias},
      {tape && detail::wants_grad(weight) ? x : none, tape && detail::wants_grad(x) ? weight : none},
      [](const Saved& s, const Tensor& g) -> Grads { return linear_backward(s, g); }, at);
  const double work = static_cast<double>(impl(y).numel) * static_cast<double>(impl(x).shape.back());
  return detail::recomputable(std::move(y), {x, weight, bias}, detail::product_time(work),
                              [](std::span<const Tensor> in) { return forward(in[0], in[1], in[2]); });
}

// ---- bilinear ----
namespace {

void require_forms(const Tensor& x1, const Tensor& x2, const Tensor& w, const Tensor& b, const Location& at) {
  require_floating("bilinear", x1, at);
  const auto refuse = [&](const std::string& rule) -> ErrorReport {
    ErrorReport report("bilinear", rule, at);
    report.operand("x1", x1).operand("x2", x2).operand("weight", w);
    if (b.defined()) report.operand("bias", b);
    return report;
  };
  for (const Tensor* t : {&x2, &w}) require_defined("bilinear", *t, at);
  for (const Tensor* t : {&x2, &w, &b})
    if (t->defined() && t->dtype() != x1.dtype()) [[unlikely]]
      refuse(fmt::format("dtypes differ ({} and {})", name(x1.dtype()), name(t->dtype()))).dtype_error();
  if (w.dim() != 3) [[unlikely]]
    refuse(fmt::format("weight must be (out, in1, in2), got {}", to_string(w.shape()))).shape_error();
  if (x1.dim() == 0 || x1.dim() != x2.dim()) [[unlikely]]
    refuse(fmt::format("x1 and x2 need the same number of dimensions, at least 1, got {} and {}", x1.dim(), x2.dim()))
        .shape_error();
  for (int d = 0; d + 1 < x1.dim(); ++d)
    if (x1.size(d) != x2.size(d)) [[unlikely]]
      refuse(fmt::format("dimension {} is {} and {}", d, x1.size(d), x2.size(d))).shape_error();
  if (x1.size(-1) != w.size(1) || x2.size(-1) != w.size(2)) [[unlikely]]
    refuse(fmt::format("expected {} and {} features, got {} and {}", w.size(1), w.size(2), x1.size(-1), x2.size(-1)))
        .shape_error();
  if (b.defined() && !(b.shape() == Shape{w.size(0)})) [[unlikely]]
    refuse(fmt::format("bias must be ({}), got {}", w.size(0), to_string(b.shape()))).shape_error();
}

}  // namespace

Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight, const Tensor& bias, Location at) {
  require_forms(x1, x2, weight, bias, at);
  const std::int64_t out = weight.size(0), in1 = weight.size(1), in2 = weight.size(2);
  Shape shape = x1.shape();
  shape[shape.rank() - 1] = 1;
  const std::int64_t rows = shape.numel();
  shape[shape.rank() - 1] = out;
  const Tensor columns = reshape(permute(weight, {1, 0, 2}, at), {in1, out * in2}, at);
  const Tensor left = reshape(matmul(reshape(x1, {rows, in1}, at), columns, at), {rows, out, in2}, at);
  const Tensor y = reshape(matmul(left, reshape(x2, {rows, in2, 1}, at), at), shape, at);
  return bias.defined() ? add(y, bias, 1, at) : y;
}

}  // namespace xgrad
