// Norms and distances on the tape. The p-norm itself is p_norm.cpp.
#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/decomposition.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "ops/p_norm.hpp"

namespace xgrad {

using detail::impl;

namespace {

void require_order(const char* op, double p, const Location& at) {
  if (std::isnan(p)) ErrorReport(op, "the order of the norm is NaN", at).value_error();
}

// Dimensions of x, each once; all when none is given.
std::vector<int> dims_of(const char* op, const Shape& dims, const Tensor& x, const Location& at) {
  std::vector<int> out;
  if (dims.rank() == 0)
    for (int d = 0; d < impl(x).shape.rank(); ++d) out.push_back(d);
  for (int i = 0; i < dims.rank(); ++i) {
    const int d = wrap_dim(op, dims[i], x, at);
    if (std::find(out.begin(), out.end(), d) != out.end())
      ErrorReport(op, fmt::format("dimension {} is given twice", d), at).operand("input", x).index_error();
    out.push_back(d);
  }
  return out;
}

// The dimensions that are reduced become one, the last.
Tensor together(const Tensor& x, const std::vector<int>& dims, const Location& at) {
  const Shape& s = impl(x).shape;
  Shape order, sizes;
  std::int64_t n = 1;
  for (int d = 0; d < s.rank(); ++d)
    if (std::find(dims.begin(), dims.end(), d) == dims.end()) {
      order.push_back(d);
      sizes.push_back(s[d]);
    }
  for (const int d : dims)
    if (d < s.rank()) {
      order.push_back(d);
      n *= s[d];
    }
  sizes.push_back(n);
  return reshape(permute(x, order, at), sizes, at);
}

Tensor with_kept(const Tensor& y, const Tensor& x, const std::vector<int>& dims, bool keepdim, const Location& at) {
  if (!keepdim) return y;
  Shape shape = impl(x).shape;
  for (const int d : dims)
    if (d < shape.rank()) shape[d] = 1;
  return reshape(y, shape, at);
}

Tensor vector_norm_as(const char* op, const Tensor& x, double p, const Shape& dims, bool keepdim, const Location& at) {
  require_floating(op, x, at);
  require_order(op, p, at);
  const std::vector<int> reduced = dims_of(op, dims, x, at);
  std::int64_t count = 1;
  for (const int d : reduced)
    if (d < impl(x).shape.rank()) count *= impl(x).shape[d];
  if (count == 0 && (p < 0 || std::isinf(p)))
    ErrorReport(op, fmt::format("no elements, of which a norm of order {} would be an extreme", p), at)
        .operand("input", x)
        .shape_error();
  return with_kept(detail::p_norm(together(x, reduced, at), p, at), x, reduced, keepdim, at);
}

// ---- matrices ----

struct MatrixDims {
  int row, column;
};

MatrixDims matrix_dims(const char* op, const Tensor& x, const Shape& dims, const Location& at) {
  require_floating(op, x, at);
  if (impl(x).shape.rank() < 2)
    ErrorReport(op, fmt::format("needs matrices, a tensor of rank 2 or more, got rank {}", impl(x).shape.rank()), at)
        .operand("input", x)
        .shape_error();
  if (dims.rank() != 2)
    ErrorReport(op, fmt::format("a matrix norm is over 2 dimensions, got {}", dims.rank()), at)
        .operand("input", x)
        .value_error();
  const std::vector<int> both = dims_of(op, dims, x, at);
  return {both[0], both[1]};
}

// Largest or smallest sum of |x| along `summed`.
Tensor extreme_sum(const char* op, const Tensor& x, int summed, int over, bool largest, const Location& at) {
  if (impl(x).shape[over] == 0)
    ErrorReport(op, "no rows or columns, of which the norm would be an extreme", at).operand("input", x).shape_error();
  const Tensor sums = sum(abs(x, at), {summed}, true, at);
  return largest ? amax(sums, {over}, true, at) : amin(sums, {over}, true, at);
}

// Singular values over the last dimension, in matrices moved there; f gives (..., 1).
template <class F>
Tensor of_singular_values(const Tensor& x, const MatrixDims& d, F f, const Location& at) {
  Shape order;
  for (int i = 0; i < impl(x).shape.rank(); ++i)
    if (i != d.row && i != d.column) order.push_back(i);
  order.push_back(d.row);
  order.push_back(d.column);
  const Tensor y = f(linalg::svdvals(permute(x, order, at), at));
  Shape shape = impl(x).shape;
  shape[d.row] = shape[d.column] = 1;
  return reshape(y, shape, at);
}

Tensor without(const Tensor& y, const MatrixDims& d, bool keepdim, const Location& at) {
  if (keepdim) return y;
  return squeeze(squeeze(y, std::max(d.row, d.column), at), std::min(d.row, d.column), at);
}

}  // namespace

namespace linalg {

Tensor vector_norm(const Tensor& x, double ord, const Shape& dims, bool keepdim, Location at) {
  return vector_norm_as("vector_norm", x, ord, dims, keepdim, at);
}

Tensor matrix_norm(const Tensor& x, const std::string& ord, const Shape& dims, bool keepdim, Location at) {
  const MatrixDims d = matrix_dims("matrix_norm", x, dims, at);
  if (ord == "fro") return vector_norm_as("matrix_norm", x, 2, dims, keepdim, at);
  if (ord != "nuc")
    ErrorReport("matrix_norm", fmt::format("ord must be \"fro\", \"nuc\" or a number, got \"{}\"", ord), at)
        .value_error();
  return without(of_singular_values(
                     x, d, [&](const Tensor& s) { return sum(s, {-1}, true, at); }, at),
                 d, keepdim, at);
}

Tensor matrix_norm(const Tensor& x, double ord, const Shape& dims, bool keepdim, Location at) {
  const MatrixDims d = matrix_dims("matrix_norm", x, dims, at);
  const double size = std::abs(ord);
  const bool largest = ord > 0;
  if (size == 1) return without(extreme_sum("matrix_norm", x, d.row, d.column, largest, at), d, keepdim, at);
  if (std::isinf(ord)) return without(extreme_sum("matrix_norm", x, d.column, d.row, largest, at), d, keepdim, at);
  if (size != 2)
    ErrorReport("matrix_norm", fmt::format("ord must be 1, 2, infinity or one of them negative, got {}", ord), at)
        .help("linalg::vector_norm takes every order")
        .value_error();
  if (impl(x).shape[d.row] == 0 || impl(x).shape[d.column] == 0)
    ErrorReport("matrix_norm", "no singular values, of which the norm would be an extreme", at)
        .operand("input", x)
        .shape_error();
  const auto one = [&](const Tensor& s) { return largest ? amax(s, {-1}, true, at) : amin(s, {-1}, true, at); };
  return without(of_singular_values(x, d, one, at), d, keepdim, at);
}

namespace {

// Whether an order given for these dimensions is one of matrices.
bool is_of_matrices(const Tensor& x, const Shape& dims, const Location& at) {
  require_floating("norm", x, at);
  const int n = dims.rank() > 0 ? dims.rank() : impl(x).shape.rank();
  if (n > 2)
    ErrorReport("norm", fmt::format("an order is for one dimension or two, got {}", n), at)
        .operand("input", x)
        .help("linalg::vector_norm takes any number of dimensions")
        .value_error();
  return n == 2;
}

Shape last_two(const Shape& dims) { return dims.rank() > 0 ? dims : Shape{-2, -1}; }

}  // namespace

Tensor norm(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return vector_norm_as("norm", x, 2, dims, keepdim, at);
}
Tensor norm(const Tensor& x, double ord, const Shape& dims, bool keepdim, Location at) {
  return is_of_matrices(x, dims, at) ? matrix_norm(x, ord, last_two(dims), keepdim, at)
                                     : vector_norm_as("norm", x, ord, dims, keepdim, at);
}
Tensor norm(const Tensor& x, const std::string& ord, const Shape& dims, bool keepdim, Location at) {
  if (!is_of_matrices(x, dims, at))
    ErrorReport("norm", fmt::format("the norm \"{}\" is of matrices", ord), at).operand("input", x).value_error();
  return matrix_norm(x, ord, last_two(dims), keepdim, at);
}

}  // namespace linalg

Tensor norm(const Tensor& x, double p, const Shape& dims, bool keepdim, Location at) {
  return vector_norm_as("norm", x, p, dims, keepdim, at);
}

Tensor norm(const Tensor& x, const std::string& p, const Shape& dims, bool keepdim, Location at) {
  require_floating("norm", x, at);
  if (p == "fro") return vector_norm_as("norm", x, 2, dims, keepdim, at);
  return linalg::matrix_norm(x, p, linalg::last_two(dims), keepdim, at);
}

// ---- distances ----

Tensor dist(const Tensor& x, const Tensor& y, double p, Location at) {
  require_floating("dist", x, at);
  require_floating("dist", y, at);
  broadcast_shapes("dist", x, y, at);
  return vector_norm_as("dist", sub(x, y, 1, at), p, {}, false, at);
}

Tensor renorm(const Tensor& x, double p, std::int64_t dim, double max_norm, Location at) {
  require_floating("renorm", x, at);
  if (!(p > 0)) ErrorReport("renorm", fmt::format("p must be positive, got {}", p), at).value_error();
  if (!(max_norm >= 0))
    ErrorReport("renorm", fmt::format("max_norm must not be negative, got {}", max_norm), at).value_error();
  if (impl(x).shape.rank() < 2)
    ErrorReport("renorm", "needs 2 dimensions or more", at).operand("input", x).shape_error();
  const int kept = wrap_dim("renorm", dim, x, at);
  Shape others;
  for (int d = 0; d < impl(x).shape.rank(); ++d)
    if (d != kept) others.push_back(d);
  const Tensor norms = vector_norm_as("renorm", x, p, others, true, at);
  const Tensor scale = div(full_like(norms, max_norm), add(norms, 1e-7, at), at);  // 1e-7 as in PyTorch
  return mul(x, where(gt(norms, Scalar(max_norm), at), scale, Scalar(1), at), at);
}

Tensor pairwise_distance(const Tensor& x, const Tensor& y, double p, double eps, bool keepdim, Location at) {
  require_floating("pairwise_distance", x, at);
  require_floating("pairwise_distance", y, at);
  broadcast_shapes("pairwise_distance", x, y, at);
  return vector_norm_as("pairwise_distance", add(sub(x, y, 1, at), eps, at), p, {-1}, keepdim, at);
}

namespace {

void require_rows(const char* op, const Tensor& x, const Tensor& y, double p, const Location& at) {
  require_floating(op, x, at);
  require_defined(op, y, at);
  require_same_dtype(op, x, y, at);
  if (!(p >= 0)) ErrorReport(op, fmt::format("p must not be negative, got {}", p), at).value_error();
  const Shape &a = impl(x).shape, &b = impl(y).shape;
  if (a.rank() < 2 || b.rank() < 2 || a.back() != b.back())
    ErrorReport(op, "needs rows of one length, in tensors of rank 2 or more", at)
        .operand("x1", x)
        .operand("x2", y)
        .shape_error();
}

// Elements of differences that are made at a time when nothing is recorded.
constexpr std::int64_t kAtATime = std::int64_t{1} << 22;

}  // namespace

Tensor cdist(const Tensor& x, const Tensor& y, double p, Location at) {
  require_rows("cdist", x, y, p, at);
  const auto distances = [&](const Tensor& rows) {
    const Tensor d = sub(unsqueeze(rows, -2, at), unsqueeze(y, -3, at), 1, at);
    return d.size(-1) == 0 ? sum(d, {-1}, false, at) : vector_norm_as("cdist", d, p, {-1}, false, at);
  };
  const std::int64_t n = x.size(-2), each = n > 0 ? x.numel() / n * std::max<std::int64_t>(y.size(-2), 1) : 0;
  const std::int64_t step = std::max<std::int64_t>(1, kAtATime / std::max<std::int64_t>(each, 1));
  if (detail::needs_tape({x, y}) || n <= step) return distances(x);
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < n; i += step) parts.push_back(distances(narrow(x, -2, i, std::min(step, n - i))));
  return cat(parts, -2);
}

Tensor pdist(const Tensor& x, double p, Location at) {
  require_rank("pdist", x, 2, at);
  require_rows("pdist", x, x, p, at);
  const std::int64_t n = x.size(0);
  std::vector<std::int64_t> first, second;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = i + 1; j < n; ++j) {
      first.push_back(i);
      second.push_back(j);
    }
  const Tensor d = sub(index_select(x, 0, tensor(first), at), index_select(x, 0, tensor(second), at), 1, at);
  return d.size(-1) == 0 ? sum(d, {-1}, false, at) : vector_norm_as("pdist", d, p, {-1}, false, at);
}

Tensor normalize(const Tensor& x, double p, std::int64_t dim, double eps, Location at) {
  const Tensor norms = vector_norm_as("normalize", x, p, {dim}, true, at);
  return div(x, clamp_min(norms, eps, at), at);
}

Tensor cosine_similarity(const Tensor& x, const Tensor& y, std::int64_t dim, double eps, Location at) {
  require_floating("cosine_similarity", x, at);
  require_floating("cosine_similarity", y, at);
  if (!(eps >= 0))
    ErrorReport("cosine_similarity", fmt::format("eps must not be negative, got {}", eps), at).value_error();
  const Shape shape = broadcast_shapes("cosine_similarity", x, y, at);
  const Tensor a = expand(x, shape, at), b = expand(y, shape, at);
  const auto unit = [&](const Tensor& v) {  // before the product, which would overflow
    return div(v, clamp_min(vector_norm_as("cosine_similarity", v, 2, {dim}, true, at), eps, at), at);
  };
  return sum(mul(unit(a), unit(b), at), {dim}, false, at);
}

}  // namespace xgrad
