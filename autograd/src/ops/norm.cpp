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
#include "core/running_op.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/distances.hpp"
#include "ops/matrices.hpp"
#include "ops/p_norm.hpp"
#include "ops/reduce_dims.hpp"

namespace xgrad {

using detail::DimSet;
using detail::impl;

namespace {

void require_order(const char* op, double p, const Location& at) {
  if (std::isnan(p)) ErrorReport(op, "the order of the norm is NaN", at).value_error();
}

// The dimensions that are reduced become one, the last.
Tensor together(const Tensor& x, DimSet dims, const Location& at) {
  const Shape& s = impl(x).shape;
  if (s.rank() > 0 && dims == DimSet{1} << (s.rank() - 1)) return x;
  Shape order, sizes;
  for (int d = 0; d < s.rank(); ++d)
    if (!detail::has_dim(dims, d)) {
      order.push_back(d);
      sizes.push_back(s[d]);
    }
  for (const std::int64_t d : detail::dim_list(dims)) order.push_back(d);
  sizes.push_back(detail::reduced_count(s, dims));
  return reshape(permute(x, order, at), sizes, at);
}

Tensor vector_norm_as(const char* op, const Tensor& x, double p, const Shape& dims, bool keepdim, const Location& at) {
  require_floating(op, x, at);
  require_order(op, p, at);
  const DimSet reduced = detail::dim_set(op, x, dims, at);
  if (detail::reduced_count(impl(x).shape, reduced) == 0 && (p < 0 || std::isinf(p)))
    ErrorReport(op, fmt::format("no elements, of which a norm of order {} would be an extreme", p), at)
        .operand("input", x)
        .shape_error();
  const Tensor y = detail::p_norm(together(x, reduced, at), p, at);
  return keepdim ? reshape(y, detail::reduced_shape(impl(x).shape, reduced, true), at) : y;
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
  detail::dim_set(op, x, dims, at);
  return {wrap_dim(op, dims[0], x, at), wrap_dim(op, dims[1], x, at)};
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
  detail::require_finite_matrices("matrix_norm", x, at);
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

// How many rows of x are compared with all of y at a time.
std::int64_t rows_at_a_time(const Tensor& x, const Tensor& y) {
  const std::int64_t n = x.size(-2), each = n > 0 ? x.numel() / n * std::max<std::int64_t>(y.size(-2), 1) : 0;
  return std::max<std::int64_t>(1, kAtATime / std::max<std::int64_t>(each, 1));
}

Tensor differences(const Tensor& x, const Tensor& y) { return sub(unsqueeze(x, -2), unsqueeze(y, -3)); }

Shape distances_shape(const Tensor& x, const Tensor& y, const Location& at) {
  const auto lead = [](Shape s) {
    s.erase(s.rank() - 1);
    s.erase(s.rank() - 1);
    return s;
  };
  Shape shape = broadcast_shapes("cdist", lead(x.shape()), lead(y.shape()), at);
  shape.push_back(x.size(-2), at);
  shape.push_back(y.size(-2), at);
  return shape;
}

// The operands of the kernel for p = 2: one for each batch of the result, laid out.
struct Rows {
  Tensor x, y;
  detail::DistanceShape shape;

  Rows(const Tensor& a, const Tensor& b, const Shape& out) : x(laid_out(a, out)), y(laid_out(b, out)) {
    const std::int64_t rows = a.size(-2), columns = b.size(-2);
    shape = {out.numel() / std::max<std::int64_t>(rows * columns, 1), rows, columns, a.size(-1)};
  }

 private:
  static Tensor laid_out(const Tensor& t, Shape lead) {
    lead[lead.rank() - 2] = t.size(-2);
    lead[lead.rank() - 1] = t.size(-1);
    const NoGradGuard off;
    return detail::contiguous_copy(impl(t).shape == lead ? t : t.expand(lead));
  }
};

bool has_kernel(const Tensor& x, const Shape& out, double p) { return p == 2 && out.numel() > 0 && x.size(-1) > 0; }

Tensor euclidean_distances(const Tensor& x, const Tensor& y, const Shape& shape, const Location& at) {
  detail::note_op("cdist", at);
  const Tensor out = detail::make_tensor(shape, x.dtype(), at);
  const Rows r(x, y, shape);
  detail::dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    detail::distances_forward<T>(r.shape, detail::data<T>(r.x), detail::data<T>(r.y), detail::data<T>(out));
  });
  return out;
}

Grads euclidean_backward(const Saved& s, const Tensor& g) {
  const Tensor x = s[0], y = s[1], out = detail::contiguous_copy(s[2]), seed = detail::contiguous_copy(g);
  const Rows r(x, y, impl(out).shape);
  const Tensor dx = s.needs(0) ? detail::make_tensor(impl(r.x).shape, x.dtype()) : Tensor(),
               dy = s.needs(1) ? detail::make_tensor(impl(r.y).shape, x.dtype()) : Tensor();
  detail::dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto to = [](const Tensor& t) { return t.defined() ? detail::data<T>(t) : nullptr; };
    detail::distances_backward<T>(r.shape, detail::data<T>(r.x), detail::data<T>(r.y), detail::data<T>(out),
                                  detail::data<T>(seed), to(dx), to(dy));
  });
  return {dx, dy};
}

// Off the tape. The memory of the result is asked for before anything is computed.
Tensor distances(const Tensor& x, const Tensor& y, const Shape& shape, double p, const Location& at) {
  if (has_kernel(x, shape, p)) return euclidean_distances(x, y, shape, at);
  const NoGradGuard off;
  const auto of_rows = [&](const Tensor& rows) {
    const Tensor d = differences(rows, y);
    return d.size(-1) == 0 ? sum(d, {-1}) : detail::p_norm(d, p, at);
  };
  const std::int64_t n = x.size(-2), step = rows_at_a_time(x, y);
  if (n <= step) return of_rows(x);
  detail::note_op("cdist", at);
  const Tensor out = detail::make_tensor(shape, x.dtype(), at);
  for (std::int64_t i = 0; i < n; i += step) {
    const std::int64_t rows = std::min(step, n - i);
    Tensor part = narrow(out, -2, i, rows);
    detail::copy_raw(part, of_rows(narrow(x, -2, i, rows)));
  }
  return out;
}

// What differences are divided by in the gradient. Those of 0 have no slope, as for any other p, also where the
// distance is NaN: an infinity in a row would else reach all of its columns through the row's distance to itself.
Tensor divisors(const Tensor& apart, const Tensor& out, double p) {
  const Tensor lengths = unsqueeze(out, -1);
  return p == 2 ? where(logical_and(eq(apart, 0), isnan(lengths)), 1, lengths) : lengths;
}

// The differences are computed again: kept, they would be larger than inputs and result by far. Where this is recorded,
// all at once.
Grads distances_backward(const Saved& s, const Tensor& g, double p) {
  const Tensor x = s[0], y = s[1], out = s[2];
  if (!grad_enabled() && has_kernel(x, impl(out).shape, p)) return euclidean_backward(s, g);
  const std::int64_t n = x.size(-2), step = grad_enabled() ? std::max<std::int64_t>(n, 1) : rows_at_a_time(x, y);
  std::vector<Tensor> of_x;
  Tensor of_y;
  for (std::int64_t i = 0; i == 0 || i < n; i += step) {
    const auto part = [&](const Tensor& t) { return narrow(t, -2, i, std::min(step, n - i)); };
    const Tensor apart = differences(part(x), y);
    const Tensor each = detail::p_norm_backward(unsqueeze(part(g), -1), apart, divisors(apart, part(out), p), p);
    if (s.needs(0)) of_x.push_back(sum(each, {-2}));
    if (!s.needs(1)) continue;
    const Tensor more = sum(each, {-3});
    of_y = of_y.defined() ? sub(of_y, more) : neg(more);
  }
  return {s.needs(0) ? sum_to_size(cat(of_x, -2), x.shape()) : Tensor(),
          s.needs(1) ? sum_to_size(of_y, y.shape()) : Tensor()};
}

}  // namespace

Tensor cdist(const Tensor& x, const Tensor& y, double p, Location at) {
  require_rows("cdist", x, y, p, at);
  const Tensor out = distances(x, y, distances_shape(x, y, at), p, at);
  return detail::record_op(
      "cdist", out, {x, y}, {x, y, out},
      [p](const Saved& s, const Tensor& g) -> Grads { return distances_backward(s, g, p); }, at, detail::named<"p">(p));
}

Tensor pdist(const Tensor& x, double p, Location at) {
  require_rank("pdist", x, 2, at);
  require_rows("pdist", x, x, p, at);
  const std::int64_t n = x.size(0);
  detail::note_op("pdist", at);
  const Tensor above = detail::make_tensor({n * (n - 1) / 2}, DType::int64, at);  // the diagonal of all distances
  auto* place = detail::data<std::int64_t>(above);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = i + 1; j < n; ++j) *place++ = i * n + j;
  return index_select(reshape(cdist(x, x, p, at), {n * n}, at), 0, above, at);
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
