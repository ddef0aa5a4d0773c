// Matrix products on the tape.
#include "ops/matmul.hpp"

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "kernels/matmul.hpp"

namespace xgrad {
namespace detail {
Tensor matmul_op(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y) {
  if (!needs_tape({x, y})) return matmul_raw(x, trans_x, y, trans_y);
  return matmul(trans_x ? transpose(x, -2, -1) : x, trans_y ? transpose(y, -2, -1) : y);
}

Tensor contiguous_for_gemm(const Tensor& x) { return gemm_reads(impl(x)) ? x : x.contiguous(); }

Tensor as_rows(const Tensor& x) {
  const Shape& s = impl(x).shape;
  if (s.rank() == 2) return x;
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < s.rank(); ++i) rows *= s[i];
  return reshape(x, {rows, s.back()});
}

}  // namespace detail

using detail::impl;
using detail::matmul_op;

namespace {

[[noreturn, gnu::cold]] void refuse(const char* op, const std::string& rule, const Tensor& x, const Tensor& y,
                                    Location at, const char* help = nullptr) {
  ErrorReport report(op, rule, at);
  report.operand("left", x).operand("right", y);
  if (help) report.help(help);
  report.shape_error();
}

void require_types(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  require_defined(op, x, at);
  require_defined(op, y, at);
  if (impl(x).dtype != impl(y).dtype) [[unlikely]]
    require_same_dtype(op, x, y, at);
  if (impl(x).dtype == DType::boolean) [[unlikely]]
    ErrorReport(op, "is not defined for bool; cast first", at).operand("left", x).operand("right", y).dtype_error();
}

void require_ranks(const char* op, const Tensor& x, int rank_x, const Tensor& y, int rank_y, const Location& at) {
  require_types(op, x, y, at);
  const int a = impl(x).shape.rank(), b = impl(y).shape.rank();
  if (a != rank_x || b != rank_y) [[unlikely]]
    refuse(op, fmt::format("needs tensors of rank {} and {}, got rank {} and {}", rank_x, rank_y, a, b), x, y, at);
}

void require_product(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  require_types(op, x, y, at);
  const Shape &a = impl(x).shape, &b = impl(y).shape;
  const int ra = a.rank(), rb = b.rank();
  if (ra == 0 || rb == 0) [[unlikely]]
    refuse(op, "needs at least 1 dimension, got 0", x, y, at);
  const std::int64_t inner = rb == 1 ? b[0] : b[rb - 2];
  if (a.back() != inner) [[unlikely]]
    refuse(op, fmt::format("inner sizes differ ({} and {})", a.back(), inner), x, y, at,
           rb > 1 && a.back() == b.back() ? "the transpose of the right operand would fit: transpose(y, -2, -1)"
                                          : nullptr);
  for (int i = ra - 3, j = rb - 3; i >= 0 && j >= 0; --i, --j)
    if (a[i] != b[j] && a[i] != 1 && b[j] != 1) [[unlikely]]
      refuse(op, fmt::format("batch sizes differ ({} and {})", a[i], b[j]), x, y, at);
}

// d(x y): g y^T and x^T g, with the outer products that vectors as operands turn these into. Gradients of batches that
// were broadcast are summed by the engine.
Grads matmul_backward(const Saved& s, const Tensor& grad, int rank_x, int rank_y) {
  const Tensor g = impl(grad).shape.rank() >= 2 ? detail::contiguous_for_gemm(grad) : grad;
  Tensor gx, gy;
  if (s.needs(0)) {
    const Tensor y = s[1];
    if (rank_y == 1)
      gx = mul(rank_x == 1 ? g : unsqueeze(g, -1), y);
    else if (rank_x == 1)
      gx = rank_y == 2 ? matmul_op(y, false, g, false) : squeeze(matmul_op(y, false, unsqueeze(g, -1), false), -1);
    else
      gx = matmul_op(g, false, y, true);
  }
  if (s.needs(1)) {
    const Tensor x = s[0];
    if (rank_x == 1)
      gy = rank_y == 1 ? mul(g, x) : mul(unsqueeze(x, -1), unsqueeze(g, -2));
    else if (rank_y == 1)
      gy = matmul_op(detail::as_rows(x), true, rank_x == 2 ? g : reshape(g, {impl(g).numel}), false);
    else if (rank_y == 2 && rank_x > 2)
      gy = matmul_op(detail::as_rows(x), true, detail::as_rows(g), false);
    else
      gy = matmul_op(x, true, g, false);
  }
  return {gx, gy};
}

Tensor multiply(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  Tensor out = detail::matmul_raw(x, false, y, false);
  const bool tape = grad_enabled();
  const Tensor none;
  out = detail::record_op(
      op, std::move(out), {x, y}, {tape && detail::wants_grad(y) ? x : none, tape && detail::wants_grad(x) ? y : none},
      [rx = impl(x).shape.rank(), ry = impl(y).shape.rank()](const Saved& s, const Tensor& g) -> Grads {
        return matmul_backward(s, g, rx, ry);
      },
      at);
  const double work = static_cast<double>(impl(out).numel) * static_cast<double>(impl(x).shape.back());
  return detail::recomputable(std::move(out), {x, y}, detail::product_time(work), [](std::span<const Tensor> in) {
    return detail::matmul_raw(in[0], false, in[1], false);
  });
}

}  // namespace

Tensor matmul(const Tensor& x, const Tensor& y, Location at) {
  require_product("matmul", x, y, at);
  return multiply("matmul", x, y, at);
}

Tensor mm(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("mm", x, 2, y, 2, at);
  require_product("mm", x, y, at);
  return multiply("mm", x, y, at);
}

Tensor mv(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("mv", x, 2, y, 1, at);
  require_product("mv", x, y, at);
  return multiply("mv", x, y, at);
}

Tensor bmm(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("bmm", x, 3, y, 3, at);
  if (impl(x).shape[0] != impl(y).shape[0]) [[unlikely]]
    refuse("bmm", fmt::format("batch sizes differ ({} and {})", impl(x).shape[0], impl(y).shape[0]), x, y, at);
  require_product("bmm", x, y, at);
  return multiply("bmm", x, y, at);
}

Tensor dot(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("dot", x, 1, y, 1, at);
  if (impl(x).numel != impl(y).numel) [[unlikely]]
    refuse("dot", fmt::format("sizes differ ({} and {})", impl(x).numel, impl(y).numel), x, y, at);
  return multiply("dot", x, y, at);
}

Tensor outer(const Tensor& x, const Tensor& y, Location at) {
  require_defined("outer", x, at);
  require_defined("outer", y, at);
  if (impl(x).dtype != impl(y).dtype) {
    const DType both = promote_types(impl(x).dtype, impl(y).dtype);
    return outer(x.to(both, at), y.to(both, at), at);
  }
  require_ranks("outer", x, 1, y, 1, at);
  Tensor out;
  {
    const NoGradGuard off;
    out = mul(unsqueeze(x, 1, at), unsqueeze(y, 0, at), at);
  }
  const bool tape = grad_enabled();
  const Tensor none;
  return detail::record_op(
      "outer", std::move(out), {x, y},
      {tape && detail::wants_grad(y) ? x : none, tape && detail::wants_grad(x) ? y : none},
      [](const Saved& s, const Tensor& grad) -> Grads {
        const Tensor g = detail::contiguous_for_gemm(grad);
        return {s.needs(0) ? matmul_op(g, false, s[1], false) : Tensor(),
                s.needs(1) ? matmul_op(g, true, s[0], false) : Tensor()};
      },
      at);
}

}  // namespace xgrad
