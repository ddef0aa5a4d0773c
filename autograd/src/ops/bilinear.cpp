// The bilinear form as two products: x1 with all of W at once, the result with x2 row by row.
#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad {

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
