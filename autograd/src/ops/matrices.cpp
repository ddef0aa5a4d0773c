#include "ops/matrices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/running_op.hpp"
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

Outcomes::Outcomes(std::int64_t count) {
  const auto n = static_cast<std::size_t>(count);
  try {
    info_.resize(n);
  } catch (const std::bad_alloc&) {
    out_of_memory(n * sizeof(std::int32_t));
  }
}

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

double epsilon(DType dtype) {
  return dtype == DType::float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

void require_tolerance(const char* op, const Tolerance& t, const Location& at) {
  for (const auto& [name, value] : {std::pair{"atol", t.atol}, std::pair{"rtol", t.rtol}})
    if (value && !(*value >= 0))
      ErrorReport(op, fmt::format("{} must not be negative, got {}", name, *value), at).value_error();
}

Tensor least_that_counts(const Tensor& values, const Matrices& size, const Tolerance& t) {
  const NoGradGuard off;
  const double atol = t.atol.value_or(0),
               usual = epsilon(values.dtype()) * static_cast<double>(std::max(size.m, size.n));
  const double rtol = t.rtol.value_or(atol > 0 ? 0 : usual);
  return clamp_min(mul(amax(values, {-1}, true), rtol), atol);
}

Tensor mT(const Tensor& x) { return transpose(x, -2, -1); }

Tensor on_diagonal(std::int64_t m, std::int64_t n) {
  Tensor mask = zeros_raw({m, n}, DType::boolean);
  bool* p = detail::data<bool>(mask);
  for (std::int64_t i = 0; i < std::min(m, n); ++i) p[i * n + i] = true;
  return mask;
}

namespace {
// The rows as the pivots leave them, in order: row i of P^T A is row order[i] of A.
std::vector<std::int64_t> row_order(const std::int32_t* pivots, std::int64_t rows, std::int64_t swaps) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = 0; i < swaps; ++i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(pivots[i] - 1)]);
  return order;
}
}  // namespace

Tensor permutation_of(const Tensor& pivots, const Matrices& size, DType dtype) {
  Tensor p = zeros_raw(size.shape(size.m, size.m), dtype);
  const std::int64_t k = std::min(size.m, size.n);
  dispatch_floating(dtype, [&](auto zero) {
    auto* to = data<decltype(zero)>(p);
    const std::int32_t* swaps = data<std::int32_t>(pivots);
    for (std::int64_t b = 0; b < size.count; ++b) {
      const auto order = row_order(swaps + b * k, size.m, k);
      for (std::int64_t i = 0; i < size.m; ++i) to[(b * size.m + order[static_cast<std::size_t>(i)]) * size.m + i] = 1;
    }
  });
  return p;
}

Tensor identity_matrices(const Matrices& size, std::int64_t n, DType dtype) {
  Tensor t = zeros_raw(size.shape(n, n), dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = detail::data<T>(t);
    for (std::int64_t b = 0; b < size.count; ++b, p += n * n)
      for (std::int64_t i = 0; i < n; ++i) p[i * (n + 1)] = T(1);
  });
  return t;
}

}  // namespace xgrad::detail
