#include "ops/matrices.hpp"

#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/lapack.hpp"

namespace xgrad::detail {

Shape Matrices::shape(std::int64_t rows, std::int64_t columns) const {
  Shape s = lead;
  s.push_back(rows);
  s.push_back(columns);
  return s;
}
Shape Matrices::shape(std::int64_t size) const {
  Shape s = lead;
  s.push_back(size);
  return s;
}

Matrices require_matrices(const char* op, const Tensor& x, const Location& at) {
  require_floating(op, x, at);
  const Shape& s = impl(x).shape;
  if (s.rank() < 2)
    ErrorReport(op, fmt::format("needs matrices, a tensor of rank 2 or more, got rank {}", s.rank()), at)
        .operand("input", x)
        .shape_error();
  Matrices sizes{s, 1, s[s.rank() - 2], s[s.rank() - 1]};
  sizes.lead.erase(s.rank() - 1);
  sizes.lead.erase(s.rank() - 2);
  for (int d = 0; d < sizes.lead.rank(); ++d) sizes.count *= sizes.lead[d];
  if (!lapack::fits(sizes.m, sizes.n))
    ErrorReport(op, "the matrices are too large for LAPACK", at).operand("input", x).shape_error();
  return sizes;
}

Matrices require_square(const char* op, const Tensor& x, const Location& at) {
  const Matrices sizes = require_matrices(op, x, at);
  if (sizes.m != sizes.n)
    ErrorReport(op, fmt::format("needs square matrices, got {} rows and {} columns", sizes.m, sizes.n), at)
        .operand("input", x)
        .shape_error();
  return sizes;
}

Matrices require_matrices_like(const char* op, const Tensor& y, const Tensor& x, const Location& at) {
  require_defined(op, y, at);
  require_same_dtype(op, x, y, at);
  return require_matrices(op, y, at);
}

void require_finite_matrices(const char* op, const Tensor& x, const Location& at) {
  const NoGradGuard off;
  if (!all(isfinite(x)).item<bool>())
    ErrorReport(op, "the input has NaN or infinity, for which the iteration does not converge", at)
        .operand("input", x)
        .value_error();
}

Tensor to_columns(const Tensor& x) {
  const NoGradGuard off;
  return transpose(x, -2, -1).clone();
}
Tensor from_columns(const Tensor& columns) { return to_columns(columns); }

std::int64_t Outcomes::first() const {
  for (std::size_t i = 0; i < info_.size(); ++i)
    if (info_[i] != 0) return static_cast<std::int64_t>(i);
  return -1;
}

Tensor Outcomes::as_tensor(const Shape& lead) const {
  Tensor t = make_tensor(lead, DType::int32);
  std::copy(info_.begin(), info_.end(), detail::data<std::int32_t>(t));
  return t;
}

std::string Outcomes::matrix(const Shape& lead) const {
  return lead.rank() == 0 ? "" : fmt::format(" (matrix {} of the batch {})", first(), to_string(lead));
}

std::pair<Tensor, Tensor> broadcast_matrices(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  const Matrices a = require_matrices(op, x, at), b = require_matrices(op, y, at);
  if (a.lead == b.lead) return {x, y};
  const NoGradGuard off;
  const Matrices both{broadcast_shapes(op, a.lead, b.lead, at)};
  return {expand(x, both.shape(a.m, a.n), at), expand(y, both.shape(b.m, b.n), at)};
}

Tensor mT(const Tensor& x) { return transpose(x, -2, -1); }

Tensor on_diagonal(std::int64_t m, std::int64_t n) {
  Tensor mask = zeros_raw({m, n}, DType::boolean);
  bool* p = detail::data<bool>(mask);
  for (std::int64_t i = 0; i < std::min(m, n); ++i) p[i * n + i] = true;
  return mask;
}

Tensor identity_matrices(const Matrices& size, std::int64_t n, DType dtype) {
  const NoGradGuard off;
  return expand(eye(n, n, {.dtype = dtype}), size.shape(n, n)).clone();
}

}  // namespace xgrad::detail
