// Another shape or order of the same elements, as views over the same memory. The backward function of a view is the
// inverse view.
#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tensor_impl.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::TensorImpl;
using detail::view_of;

namespace {

[[noreturn, gnu::cold]] void does_not_fit(const char* op, const Tensor& x, const Shape& shape, bool inferred,
                                          Location at) {
  const std::string of = inferred ? std::string() : fmt::format(" of {}", shape.numel());
  ErrorReport(op, fmt::format("{} elements do not fit shape {}{}", impl(x).numel, to_string(shape), of), at)
      .operand("input", x)
      .shape_error();
}

// The wanted shape with a -1 filled in.
Shape infer_shape(const char* op, const Tensor& x, const Shape& wanted, Location at) {
  const std::int64_t n = impl(x).numel;
  std::int64_t known = 1;
  int open = -1;
  bool zero = false, overflow = false;
  for (int i = 0; i < wanted.rank(); ++i) {
    if (wanted[i] == -1) {
      if (open >= 0) [[unlikely]]
        ErrorReport(op, fmt::format("only one size may be -1, got {}", to_string(wanted)), at)
            .operand("input", x)
            .shape_error();
      open = i;
      continue;
    }
    if (wanted[i] < 0) [[unlikely]]
      ErrorReport(op, fmt::format("negative size {} at dimension {}", wanted[i], i), at)
          .operand("input", x)
          .shape_error();
    zero |= wanted[i] == 0;
    overflow |= __builtin_mul_overflow(known, wanted[i], &known);
  }
  if (zero)
    known = 0;
  else if (overflow) [[unlikely]]
    ErrorReport(op, fmt::format("element count of shape {} overflows 64 bits", to_string(wanted)), at)
        .operand("input", x)
        .shape_error();
  if (open < 0) {
    if (known != n) [[unlikely]]
      does_not_fit(op, x, wanted, false, at);
    return wanted;
  }
  if (known == 0 && n == 0) [[unlikely]]
    ErrorReport(op, "-1 is ambiguous for 0 elements: any size fits", at).operand("input", x).shape_error();
  if (known == 0 || n % known != 0) [[unlikely]]
    does_not_fit(op, x, wanted, true, at);
  Shape filled = wanted;
  filled[open] = n / known;
  return filled;
}

// Strides that walk the elements of x in row-major order under another shape of as many elements; false when only a
// copy can. Dimensions of x that step through memory as one form a run; every run must be a product of new sizes.
bool strides_for(const TensorImpl& x, const Shape& shape, Shape& strides) {
  strides = shape.contiguous_strides();
  if (x.contiguous) return true;
  int d = shape.rank() - 1;
  for (int i = x.shape.rank() - 1; i >= 0;) {
    if (x.shape[i] == 1) {
      --i;
      continue;
    }
    const std::int64_t step = x.strides[i];
    std::int64_t run = x.shape[i];
    for (--i; i >= 0 && (x.shape[i] == 1 || x.strides[i] == step * run); --i) run *= x.shape[i];
    std::int64_t used = 1;
    for (; d >= 0 && (used < run || shape[d] == 1); --d) {
      strides[d] = step * used;
      used *= shape[d];
    }
    if (used != run) return false;
  }
  return true;
}

// The row-major elements of x under another shape of as many elements: a view where the strides allow, else a copy.
Tensor reshaped(const char* op, const Tensor& x, const Shape& shape, Location at) {
  Tensor y;
  Shape strides;
  if (strides_for(impl(x), shape, strides)) {
    y = view_of(x, shape, strides);
  } else {
    y = make_tensor(shape, impl(x).dtype, at);
    Tensor as_x = view_of(y, impl(x).shape, impl(x).shape.contiguous_strides());
    detail::copy_raw(as_x, x);
  }
  return record(
      op, std::move(y), {x}, {},
      [back = impl(x).shape](const Saved&, const Tensor& g) -> Grads { return {reshape(g, back)}; }, at);
}

}  // namespace

Tensor view(const Tensor& x, const Shape& wanted, Location at) {
  require_defined("view", x, at);
  const Shape shape = infer_shape("view", x, wanted, at);
  Shape strides;
  if (!strides_for(impl(x), shape, strides)) [[unlikely]]
    ErrorReport("view",
                fmt::format("the strides {} of shape {} do not allow a view of shape {}", to_string(impl(x).strides),
                            to_string(impl(x).shape), to_string(shape)),
                at)
        .operand("input", x)
        .help("use reshape, which copies when it must")
        .shape_error();
  return record(
      "view", view_of(x, shape, strides), {x}, {},
      [back = impl(x).shape](const Saved&, const Tensor& g) -> Grads { return {reshape(g, back)}; }, at);
}

Tensor reshape(const Tensor& x, const Shape& wanted, Location at) {
  require_defined("reshape", x, at);
  return reshaped("reshape", x, infer_shape("reshape", x, wanted, at), at);
}

Tensor flatten(const Tensor& x, std::int64_t start_dim, std::int64_t end_dim, Location at) {
  const int first = wrap_dim("flatten", start_dim, x, at), last = wrap_dim("flatten", end_dim, x, at);
  if (first > last) [[unlikely]]
    ErrorReport("flatten", fmt::format("start_dim {} comes after end_dim {}", start_dim, end_dim), at)
        .operand("input", x)
        .value_error();
  const Shape& from = impl(x).shape;
  if (from.rank() == 0) return reshaped("flatten", x, Shape{1}, at);
  if (first == last) return x;
  Shape shape;
  for (int i = 0; i < first; ++i) shape.push_back(from[i]);
  std::int64_t merged = 1;
  for (int i = first; i <= last; ++i) merged *= from[i];
  shape.push_back(merged);
  for (int i = last + 1; i < from.rank(); ++i) shape.push_back(from[i]);
  return reshaped("flatten", x, shape, at);
}

Tensor squeeze(const Tensor& x, Location at) {
  require_defined("squeeze", x, at);
  const TensorImpl& from = impl(x);
  Shape shape, strides;
  for (int i = 0; i < from.shape.rank(); ++i) {
    if (from.shape[i] == 1) continue;
    shape.push_back(from.shape[i]);
    strides.push_back(from.strides[i]);
  }
  return record(
      "squeeze", view_of(x, shape, strides), {x}, {},
      [back = from.shape](const Saved&, const Tensor& g) -> Grads { return {reshape(g, back)}; }, at);
}

Tensor squeeze(const Tensor& x, std::int64_t dim, Location at) {
  const int d = wrap_dim("squeeze", dim, x, at);
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const bool drop = shape.rank() > 0 && shape[d] == 1;
  if (drop) {
    shape.erase(d);
    strides.erase(d);
  }
  return record(
      "squeeze", view_of(x, shape, strides), {x}, {},
      [d, drop](const Saved&, const Tensor& g) -> Grads { return {drop ? unsqueeze(g, d) : g}; }, at);
}

Tensor unsqueeze(const Tensor& x, std::int64_t dim, Location at) {
  require_defined("unsqueeze", x, at);
  const TensorImpl& from = impl(x);
  const int d = wrap_dim("unsqueeze", dim, from.shape.rank() + 1, at);
  Shape shape = from.shape, strides = from.strides;
  const std::int64_t step = d < shape.rank() ? shape[d] * strides[d] : 1;
  shape.insert(d, 1);
  strides.insert(d, step);
  return record(
      "unsqueeze", view_of(x, shape, strides), {x}, {},
      [d](const Saved&, const Tensor& g) -> Grads { return {squeeze(g, d)}; }, at);
}

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1, Location at) {
  const int a = wrap_dim("transpose", dim0, x, at), b = wrap_dim("transpose", dim1, x, at);
  Shape shape = impl(x).shape, strides = impl(x).strides;
  if (shape.rank() > 0) {
    std::swap(shape[a], shape[b]);
    std::swap(strides[a], strides[b]);
  }
  return record(
      "transpose", view_of(x, shape, strides), {x}, {},
      [a, b](const Saved&, const Tensor& g) -> Grads { return {transpose(g, a, b)}; }, at);
}

Tensor permute(const Tensor& x, const Shape& dims, Location at) {
  require_defined("permute", x, at);
  const TensorImpl& from = impl(x);
  const int rank = from.shape.rank();
  if (dims.rank() != rank) [[unlikely]]
    ErrorReport("permute", fmt::format("{} dims given for a tensor of rank {}", dims.rank(), rank), at)
        .operand("input", x)
        .shape_error();
  Shape shape = from.shape, strides = from.strides, inverse = dims;
  unsigned seen = 0;
  for (int i = 0; i < rank; ++i) {
    const int d = wrap_dim("permute", dims[i], x, at);
    if (seen & (1u << d)) [[unlikely]]
      ErrorReport(
          "permute",
          fmt::format("dim {} given twice: {} is not a permutation of 0..{}", dims[i], to_string(dims), rank - 1), at)
          .operand("input", x)
          .index_error();
    seen |= 1u << d;
    shape[i] = from.shape[d];
    strides[i] = from.strides[d];
    inverse[d] = i;
  }
  return record(
      "permute", view_of(x, shape, strides), {x}, {},
      [inverse](const Saved&, const Tensor& g) -> Grads { return {permute(g, inverse)}; }, at);
}

namespace {

// Sizes of x expanded to `wanted`, with the strides of the view.
void expand_geometry(const Tensor& x, const Shape& wanted, Shape& shape, Shape& strides, Location at) {
  const TensorImpl& from = impl(x);
  const int lead = wanted.rank() - from.shape.rank();
  auto fail = [&](const std::string& rule) {
    ErrorReport("expand", rule, at).operand("input", x).line("wanted", to_string(wanted)).shape_error();
  };
  if (lead < 0) [[unlikely]]
    fail(fmt::format("{} sizes given for a tensor of rank {}", wanted.rank(), from.shape.rank()));
  shape = strides = wanted;
  bool zero = false, overflow = false;
  std::int64_t count = 1;
  for (int i = 0; i < wanted.rank(); ++i) {
    const std::int64_t old = i < lead ? 1 : from.shape[i - lead];
    if (wanted[i] == -1 && i >= lead)
      shape[i] = old;
    else if (wanted[i] == -1) [[unlikely]]
      fail(fmt::format("-1 keeps the size of an existing dimension, but dimension {} is new", i));
    else if (wanted[i] < 0) [[unlikely]]
      fail(fmt::format("negative size {} at dimension {}", wanted[i], i));
    if (shape[i] != old && old != 1) [[unlikely]]
      fail(fmt::format("dimension {} has size {}, only size 1 expands (wanted {})", i, old, shape[i]));
    strides[i] = i < lead || shape[i] != old ? 0 : from.strides[i - lead];
    zero |= shape[i] == 0;
    overflow |= __builtin_mul_overflow(count, shape[i], &count);
  }
  if (overflow && !zero) [[unlikely]]
    fail(fmt::format("element count of shape {} overflows 64 bits", to_string(shape)));
}

}  // namespace

Tensor expand(const Tensor& x, const Shape& wanted, Location at) {
  require_defined("expand", x, at);
  Shape shape, strides;
  expand_geometry(x, wanted, shape, strides, at);
  // The engine sums a gradient over the dimensions that were repeated.
  return record(
      "expand", view_of(x, shape, strides), {x}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

}  // namespace xgrad
