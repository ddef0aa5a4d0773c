// Whole rows by a list of their numbers. All indices are checked before anything is written. Sums over repeated indices
// run in the order of the index, whatever the number of threads: threads share out the places of the result, not the
// indices.
#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tape/trace_all.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/row_select.hpp"
#include "ops/factory_checks.hpp"
#include "ops/index_places.hpp"
#include "ops/index_range.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::add_wrapping;
using detail::as_index;
using detail::dispatch_width;
using detail::grain;
using detail::impl;
using detail::make_tensor;
using detail::require_in_range;
using detail::sizes_of;

namespace {

template <class T>
XGRAD_CLONES void add_row(T* to, const T* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = add_wrapping(to[i], from[i]);
}

// A shape around dimension dim: (outer, size, inner).
struct Around {
  std::int64_t outer = 1, size, inner = 1;
  Around(const Shape& s, int dim) : size(s[dim]) {
    for (int i = 0; i < dim; ++i) outer *= s[i];
    for (int i = dim + 1; i < s.rank(); ++i) inner *= s[i];
  }
};

// The rows of `source` to those places of one block that are in [low, high).
template <class T>
void add_block(T* block, const std::int64_t* index, std::int64_t n, std::int64_t inner, std::int64_t low,
               std::int64_t high, bool all, const T* source) {
  if (all && inner == 1) {
    for (std::int64_t j = 0; j < n; ++j) block[index[j]] = add_wrapping(block[index[j]], source[j]);
    return;
  }
  for (std::int64_t j = 0; j < n; ++j) {
    if (index[j] < low || index[j] >= high) continue;
    T* to = block + index[j] * inner;
    const T* from = source + j * inner;
    if (inner == 1)
      *to = add_wrapping(*to, *from);
    else
      add_row(to, from, inner);
  }
}

template <class T>
void add_rows(T* out, const std::int64_t* index, std::int64_t n, const Around& a, const T* source) {
  const std::int64_t rows = a.outer * a.size;
  const double ns = static_cast<double>(a.outer * n) * (2 + 0.3 * static_cast<double>(a.inner));
  detail::parallel_for(rows, grain(rows, ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin / a.size; o * a.size < end; ++o) {
      const std::int64_t low = std::max<std::int64_t>(0, begin - o * a.size), high = std::min(a.size, end - o * a.size);
      add_block(out + o * a.size * a.inner, index, n, a.inner, low, high, low == 0 && high == a.size,
                source + o * n * a.inner);
    }
  });
}

// out += source along dim at index; `out` is contiguous and all indices are valid.
void add_at(Tensor& out, int dim, const Tensor& plain, const Tensor& source) {
  if (impl(source).numel == 0) return;
  const Tensor s = detail::contiguous_copy(source);
  const Around a(sizes_of(out), dim);
  detail::dispatch_all(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    add_rows(detail::data<T>(out), detail::data<std::int64_t>(plain), impl(plain).numel, a, detail::data<T>(s));
  });
}

void require_list(const char* op, const Tensor& index, Location at) {
  require_index_dtype(op, index, at);
  if (impl(index).shape.rank() > 1) [[unlikely]]
    ErrorReport(op, fmt::format("index must have rank 0 or 1, got rank {}", impl(index).shape.rank()), at)
        .operand("index", index)
        .shape_error();
}

// Zeros with the rows of g added at index: the gradient of index_select.
Tensor index_select_backward(const Tensor& g, const Shape& shape, int dim, const Tensor& index) {
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  add_at(out, dim, as_index(index), g);
  return detail::record_op(
      "index_select_backward", std::move(out), {g}, {index},
      [dim](const Saved& s, const Tensor& gg) -> Grads { return {index_select(gg, dim, s[0])}; }, Location::current(),
      detail::named<"dim">(dim));
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index, Location at) {
  const int d = wrap_dim("index_select", dim, x, at);
  require_list("index_select", index, at);
  const Tensor plain = as_index(index);
  const Around a(sizes_of(x), d);
  require_in_range("index_select", plain, a.size, d, x, at);
  const std::int64_t n = impl(plain).numel;
  Shape shape = impl(x).shape;
  if (shape.rank())
    shape[d] = n;
  else if (n != 1) [[unlikely]]
    ErrorReport("index_select", fmt::format("a tensor of rank 0 takes 1 index, got {}", n), at)
        .operand("input", x)
        .index_error();
  Tensor y = make_tensor(shape, impl(x).dtype, at);
  if (impl(y).numel > 0) {
    const Tensor from = detail::contiguous_copy(x);
    dispatch_width(impl(x).dtype, [&](auto unit) {
      using T = decltype(unit);
      detail::select_rows(detail::data<T>(from), detail::data<std::int64_t>(plain), n, a.outer, a.size, a.inner,
                          detail::data<T>(y));
    });
  }
  return detail::record_reading(
      "index_select", {index}, std::move(y), {x}, {index},
      [d, shape = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        return {index_select_backward(g, shape, d, s[0])};
      },
      at, detail::named<"dim">(d));
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source, Scalar alpha,
                 Location at) {
  const int d = wrap_dim("index_add", dim, x, at);
  require_list("index_add", index, at);
  require_same_dtype("index_add", x, source, at);
  Shape expected = sizes_of(x);
  const std::int64_t size = expected[d];
  expected[d] = impl(index).numel;
  if (!(sizes_of(source) == expected)) [[unlikely]]
    ErrorReport("index_add",
                fmt::format("source has shape {}, expected {}", to_string(impl(source).shape), to_string(expected)), at)
        .operand("input", x)
        .operand("index", index)
        .operand("source", source)
        .shape_error();
  const Tensor plain = as_index(index);
  require_in_range("index_add", plain, size, d, x, at);
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  const Tensor added = alpha.to_double() == 1 ? source : mul(source, alpha, at);
  require_same_dtype("index_add", x, added, at);  // alpha may be a fraction
  add_at(y, d, plain, added);
  return detail::record_added<&index_select>("index_add", std::move(y), x, index, added, d, at);
}

Tensor one_hot(const Tensor& x, std::int64_t num_classes, Location at) {
  require_index_dtype("one_hot", x, at);
  const Tensor plain = as_index(x);
  const auto* p = detail::data<std::int64_t>(plain);
  const std::int64_t n = impl(plain).numel;
  if (num_classes < -1 || (num_classes == 0 && n > 0)) [[unlikely]]
    ErrorReport("one_hot", fmt::format("num_classes must be positive or -1, got {}", num_classes), at).value_error();
  if (num_classes == -1) {
    if (n == 0) [[unlikely]]
      ErrorReport("one_hot", "cannot infer num_classes from an empty tensor", at).operand("input", x).value_error();
    for (std::int64_t i = 0; i < n; ++i) num_classes = std::max(num_classes, p[i]);
    if (num_classes == INT64_MAX) [[unlikely]]
      ErrorReport("one_hot", "class 2^63 - 1 is too large", at).operand("input", x).value_error();
    ++num_classes;
  }
  if (const std::int64_t i = detail::first_outside(plain, num_classes); i >= 0) [[unlikely]]
    ErrorReport("one_hot", fmt::format("class {} at element {} outside 0..{}", p[i], i, num_classes - 1), at)
        .operand("input", x)
        .index_error();
  Shape shape = impl(x).shape;
  shape.push_back(num_classes, at);
  detail::require_shape("one_hot", shape, at);
  Tensor y = make_tensor(shape, DType::int64, at);
  auto* out = detail::data<std::int64_t>(y);
  const std::int64_t together =
      std::max<std::int64_t>(1, 2048 / std::max<std::int64_t>(1, num_classes));  // rows that stay in the cache
  detail::parallel_for(n, grain(n, static_cast<double>(n) * (1 + 0.4 * static_cast<double>(num_classes))),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t first = begin; first < end; first += together) {
                           const std::int64_t last = std::min(end, first + together);
                           std::fill(out + first * num_classes, out + last * num_classes, 0);
                           for (std::int64_t i = first; i < last; ++i) out[i * num_classes + p[i]] = 1;
                         }
                       });
  return detail::traced("one_hot", std::move(y), {x}, at, detail::named<"num_classes">(num_classes));
}

}  // namespace xgrad
