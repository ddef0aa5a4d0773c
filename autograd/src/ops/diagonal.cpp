// Diagonals, as views and back, and triangles.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::view_of;

namespace {

struct Plane {
  std::int64_t offset;
  int dim1, dim2;
};

// The diagonal of t as a view that is not recorded.
Tensor diagonal_of(const Tensor& t, const Plane& p) {
  Shape shape = impl(t).shape, strides = impl(t).strides;
  const std::int64_t rows = shape[p.dim1], columns = shape[p.dim2];
  const std::int64_t down = strides[p.dim1], right = strides[p.dim2];
  const std::int64_t offset = std::clamp(p.offset, -rows, columns);
  const std::int64_t length = offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns);
  const std::int64_t first = length == 0 ? 0 : offset >= 0 ? offset * right : -offset * down;
  const int low = std::min(p.dim1, p.dim2), high = std::max(p.dim1, p.dim2);
  for (Shape* s : {&shape, &strides}) {
    s->erase(high);
    s->erase(low);
  }
  shape.push_back(length);
  strides.push_back(down + right);
  return view_of(t, shape, strides, first);
}

Plane plane(const char* op, const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2, int rank,
            Location at) {
  const int a = wrap_dim(op, dim1, rank, at), b = wrap_dim(op, dim2, rank, at);
  if (rank < 2) [[unlikely]]
    ErrorReport(op, fmt::format("needs rank 2 or more, got {}", rank), at).operand("input", x).shape_error();
  if (a == b) [[unlikely]]
    ErrorReport(op, fmt::format("dim {} given twice", dim2), at).operand("input", x).index_error();
  return {offset, a, b};
}

Tensor take_diagonal(const Tensor& x, const Plane& p, Location at);

// Zeros of `shape` with g on the diagonal.
Tensor put_diagonal(const char* op, const Tensor& g, const Shape& shape, const Plane& p, Location at) {
  Tensor out = make_tensor(shape, impl(g).dtype, at);
  detail::fill_raw(out, 0);
  if (impl(g).numel > 0) {
    Tensor place = diagonal_of(out, p);
    detail::copy_raw(place, g);
  }
  return detail::record_op(
      op, std::move(out), {g}, {},
      [p](const Saved&, const Tensor& gg) -> Grads { return {take_diagonal(gg, p, Location::current())}; }, at,
      detail::named<"offset">(p.offset), detail::named<"dim1">(p.dim1), detail::named<"dim2">(p.dim2));
}

Tensor take_diagonal(const Tensor& x, const Plane& p, Location at) {
  return detail::record_op(
      "diagonal", diagonal_of(x, p), {x}, {},
      [p, shape = impl(x).shape](const Saved&, const Tensor& g) -> Grads {
        return {put_diagonal("diagonal_backward", g, shape, p, Location::current())};
      },
      at, detail::named<"offset">(p.offset), detail::named<"dim1">(p.dim1), detail::named<"dim2">(p.dim2));
}

Tensor embedded(const char* op, const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2,
                Location at) {
  const Shape& from = impl(x).shape;
  const Plane p = plane(op, x, offset, dim1, dim2, from.rank() + 1, at);
  std::int64_t n = 0;
  if (offset == INT64_MIN || __builtin_add_overflow(from.back(), std::abs(offset), &n)) [[unlikely]]
    ErrorReport(op, fmt::format("offset {} is too large", offset), at).operand("input", x).shape_error();
  Shape shape = from;
  shape.erase(-1);
  shape.insert(std::min(p.dim1, p.dim2), n, at);
  shape.insert(std::max(p.dim1, p.dim2), n, at);
  return put_diagonal("diag_embed", x, shape, p, at);
}

}  // namespace

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2, Location at) {
  require_defined("diagonal", x, at);
  return take_diagonal(x, plane("diagonal", x, offset, dim1, dim2, impl(x).shape.rank(), at), at);
}

Tensor diag_embed(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2, Location at) {
  require_defined("diag_embed", x, at);
  if (impl(x).shape.rank() == 0) [[unlikely]]
    ErrorReport("diag_embed", "needs rank 1 or more, got 0", at).operand("input", x).shape_error();
  return embedded("diag_embed", x, offset, dim1, dim2, at);
}

Tensor diag(const Tensor& x, std::int64_t offset, Location at) {
  require_defined("diag", x, at);
  const int rank = impl(x).shape.rank();
  if (rank != 1 && rank != 2) [[unlikely]]
    ErrorReport("diag", fmt::format("needs rank 1 or 2, got {}", rank), at)
        .operand("input", x)
        .help("diagonal and diag_embed take more dimensions")
        .shape_error();
  if (rank == 1) return embedded("diag", x, offset, 0, 1, at);
  return take_diagonal(x, {offset, 0, 1}, at).clone(at);
}

Tensor diagflat(const Tensor& x, std::int64_t offset, Location at) {
  require_defined("diagflat", x, at);
  return embedded("diagflat", ravel(x, at), offset, 0, 1, at);
}

namespace {

Tensor with_diagonal(const Tensor& x, const Tensor& src, const Plane& p, Location at) {
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  if (impl(src).numel > 0) {
    Tensor place = diagonal_of(y, p);
    detail::copy_raw(place, src);
  }
  return detail::record_op(
      "diagonal_scatter", std::move(y), {x, src}, {},
      [p, shape = impl(src).shape](const Saved& s, const Tensor& g) -> Grads {
        const Location here = Location::current();
        Tensor rest;
        if (s.needs(0)) rest = with_diagonal(g, expand(detail::zeros_raw({}, impl(g).dtype), shape), p, here);
        return {rest, s.needs(1) ? take_diagonal(g, p, here) : Tensor()};
      },
      at, detail::named<"offset">(p.offset), detail::named<"dim1">(p.dim1), detail::named<"dim2">(p.dim2));
}

}  // namespace

Tensor diagonal_scatter(const Tensor& x, const Tensor& src, std::int64_t offset, std::int64_t dim1, std::int64_t dim2,
                        Location at) {
  require_defined("diagonal_scatter", x, at);
  const Plane p = plane("diagonal_scatter", x, offset, dim1, dim2, impl(x).shape.rank(), at);
  require_same_dtype("diagonal_scatter", x, src, at);
  const Shape part = impl(diagonal_of(x, p)).shape;
  if (!(impl(src).shape == part)) [[unlikely]]
    ErrorReport("diagonal_scatter",
                fmt::format("src has shape {}, the diagonal {}", to_string(impl(src).shape), to_string(part)), at)
        .operand("input", x)
        .operand("src", src)
        .shape_error();
  return with_diagonal(x, src, p, at);
}

// ---- triangles ----
namespace {

// Columns [begin(row), end(row)) of every row are kept.
void copy_triangle(const Tensor& from, Tensor& to, bool lower, std::int64_t offset) {
  const Shape& shape = impl(from).shape;
  const std::int64_t n = shape.back(), m = shape[-2], item = item_size(impl(from).dtype);
  const std::int64_t shift = std::clamp(offset, -m, n);
  const char* x = impl(from).memory();
  char* y = impl(to).memory();
  const double ns = 2 + 0.1 * static_cast<double>(n * item);
  detail::parallel_for(impl(from).numel / n, detail::grain_for(ns), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const std::int64_t edge = std::clamp<std::int64_t>(r % m + shift + (lower ? 1 : 0), 0, n);
      const std::int64_t begin = lower ? 0 : edge, end = lower ? edge : n, row = r * n;
      std::memset(y + row * item, 0, static_cast<std::size_t>(begin * item));
      std::memcpy(y + (row + begin) * item, x + (row + begin) * item, static_cast<std::size_t>((end - begin) * item));
      std::memset(y + (row + end) * item, 0, static_cast<std::size_t>((n - end) * item));
    }
  });
}

Tensor triangle(const char* op, const Tensor& x, bool lower, std::int64_t offset, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() < 2) [[unlikely]]
    ErrorReport(op, fmt::format("needs rank 2 or more, got {}", impl(x).shape.rank()), at)
        .operand("input", x)
        .shape_error();
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  if (impl(x).numel > 0) copy_triangle(detail::contiguous_copy(x), y, lower, offset);
  return detail::record_op(
      op, std::move(y), {x}, {},
      [lower, offset](const Saved&, const Tensor& g) -> Grads { return {lower ? tril(g, offset) : triu(g, offset)}; },
      at, detail::named<"diagonal">(offset));
}

}  // namespace

Tensor tril(const Tensor& x, std::int64_t offset, Location at) { return triangle("tril", x, true, offset, at); }
Tensor triu(const Tensor& x, std::int64_t offset, Location at) { return triangle("triu", x, false, offset, at); }

}  // namespace xgrad
