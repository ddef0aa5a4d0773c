// Views: another geometry over the same memory. The backward function of a view is the inverse view, or, where the
// view dropped elements, a scatter into zeros whose own backward is the view again.
#include <fmt/format.h>

#include <cstring>
#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/shape.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tensor_impl.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::make_view;
using detail::TensorImpl;

namespace {

Tensor view_of(const Tensor& x, const Shape& shape, const Shape& strides, std::int64_t first = 0) {
  return make_view(x, shape, strides, impl(x).offset() + first);
}

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
      fail(fmt::format("-1 keeps a size, but dimension {} is new", i));
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

// ---- pieces ----
namespace detail {

Tensor narrow_view(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  Shape shape = impl(x).shape;
  shape[dim] = length;
  return make_view(x, shape, impl(x).strides, impl(x).offset() + start * impl(x).strides[dim]);
}

}  // namespace detail

namespace {

struct Piece {
  int dim;
  std::int64_t size, start, step;  // of the dimension it was cut from
};

Tensor cut(const char* op, const Tensor& x, const Piece& p, std::int64_t length, Location at);

// The piece of `whole`, a contiguous gradient, that g belongs to.
Tensor piece_of(const Tensor& whole, const Shape& shape, const Piece& p) {
  Shape strides = impl(whole).strides;
  const std::int64_t first = p.start * strides[p.dim];
  if (shape[p.dim] > 1) strides[p.dim] *= p.step;
  return view_of(whole, shape, strides, first);
}
Tensor piece_of(const Tensor& whole, const Shape& shape, int dim, std::int64_t index) {
  Shape strides = impl(whole).strides;
  const std::int64_t first = index * strides[dim];
  strides.erase(dim);
  return view_of(whole, shape, strides, first);
}

// Adds g to its piece of what is collected for input 0, so that n pieces of one tensor cost its size once, not n times.
template <class... Where>
bool added_in_place(const Tensor& g, const Where&... where) {
  const Tensor whole = detail::collected_gradient(0);
  if (!whole.defined()) return false;
  if (impl(g).numel > 0) {
    Tensor piece = piece_of(whole, impl(g).shape, where...);
    detail::add_raw(piece, g);
  }
  return true;
}

// Zeros with g at the piece it came from.
Tensor slice_backward(const Tensor& g, const Piece& p) {
  const std::int64_t length = impl(g).shape[p.dim];
  Shape shape = impl(g).shape;
  shape[p.dim] = p.size;
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  if (impl(g).numel > 0) {
    Tensor hole = piece_of(out, impl(g).shape, p);
    detail::copy_raw(hole, g);
  }
  return record("slice_backward", std::move(out), {g}, {}, [p, length](const Saved&, const Tensor& gg) -> Grads {
    return {cut("slice", gg, p, length, Location::current())};
  });
}

// Elements start, start + step, ... (`length` of them) along p.dim; bounds are checked by the caller.
Tensor cut(const char* op, const Tensor& x, const Piece& p, std::int64_t length, Location at) {
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const std::int64_t first = length > 0 ? p.start * strides[p.dim] : 0;
  shape[p.dim] = length;
  if (length > 1) strides[p.dim] *= p.step;
  return record(
      op, view_of(x, shape, strides, first), {x}, {},
      [p](const Saved&, const Tensor& g) -> Grads {
        return {added_in_place(g, p) ? Tensor() : slice_backward(g, p)};
      },
      at);
}

Tensor pick(const Tensor& x, int dim, std::int64_t index, Location at);

Tensor select_backward(const Tensor& g, int dim, std::int64_t size, std::int64_t index) {
  Shape shape = impl(g).shape;
  shape.insert(dim, size);
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  if (impl(g).numel == 1) {
    const int item = item_size(impl(g).dtype);
    std::memcpy(impl(out).memory() + index * impl(out).strides[dim] * item, impl(g).memory(), static_cast<std::size_t>(item));
  } else {
    Tensor hole = piece_of(out, impl(g).shape, dim, index);
    detail::copy_raw(hole, g);
  }
  return record("select_backward", std::move(out), {g}, {}, [dim, index](const Saved&, const Tensor& gg) -> Grads {
    return {pick(gg, dim, index, Location::current())};
  });
}

Tensor pick(const Tensor& x, int dim, std::int64_t index, Location at) {
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const std::int64_t size = shape[dim], first = index * strides[dim];
  shape.erase(dim);
  strides.erase(dim);
  return record(
      "select", view_of(x, shape, strides, first), {x}, {},
      [dim, size, index](const Saved&, const Tensor& g) -> Grads {
        return {added_in_place(g, dim, index) ? Tensor() : select_backward(g, dim, size, index)};
      },
      at);
}

// A dimension that can be indexed: as wrap_dim, but a 0-d tensor has none.
int indexed_dim(const char* op, std::int64_t dim, const Tensor& x, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "too many indices: a tensor of rank 0 has no dimension to index", at)
        .operand("input", x)
        .index_error();
  return wrap_dim(op, dim, x, at);
}

}  // namespace

Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t stop, std::int64_t step, Location at) {
  const int d = indexed_dim("slice", dim, x, at);
  if (step <= 0) [[unlikely]]
    ErrorReport("slice", fmt::format("step must be positive, got {}", step), at).operand("input", x).value_error();
  const std::int64_t n = impl(x).shape[d];
  auto clip = [n](std::int64_t i) { return i < 0 ? std::max<std::int64_t>(0, i + n) : std::min(i, n); };
  start = clip(start);
  stop = clip(stop);
  const std::int64_t length = stop <= start ? 0 : 1 + (stop - start - 1) / step;
  return cut("slice", x, {d, n, start, step}, length, at);
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length, Location at) {
  const int d = indexed_dim("narrow", dim, x, at);
  const std::int64_t n = impl(x).shape[d];
  if (length < 0) [[unlikely]]
    ErrorReport("narrow", fmt::format("length must not be negative, got {}", length), at)
        .operand("input", x)
        .value_error();
  const std::int64_t first = start < 0 ? start + n : start;
  if (first < 0 || first > n || length > n - first) [[unlikely]]
    ErrorReport("narrow",
                fmt::format("start {} with length {} is out of range for dim {} of size {}", start, length, d, n), at)
        .operand("input", x)
        .index_error();
  return cut("narrow", x, {d, n, first, 1}, length, at);
}

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index, Location at) {
  const int d = indexed_dim("select", dim, x, at);
  const std::int64_t n = impl(x).shape[d];
  if (index < -n || index >= n) [[unlikely]]
    ErrorReport("select", fmt::format("index {} out of range for size {} (dim {})", index, n, d), at)
        .operand("input", x)
        .index_error();
  return pick(x, d, index < 0 ? index + n : index, at);
}

std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim, Location at) {
  const int d = indexed_dim("unbind", dim, x, at);
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const std::int64_t n = shape[d], step = strides[d], first = impl(x).offset();
  if (n == 0) return {};
  shape.erase(d);
  strides.erase(d);
  std::vector<Tensor> out(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    out[static_cast<std::size_t>(i)] = make_view(x, shape, strides, first + i * step);
  return record(
      "unbind", std::move(out), {x}, {},
      [d, shape, dtype = impl(x).dtype](const Saved&, std::span<const Tensor> g) -> Grads {
        // One joined write; a result that was not used counts as zeros, which take no memory as an expanded number.
        std::vector<Tensor> all(g.begin(), g.end());
        Tensor zero;
        for (Tensor& t : all)
          if (!t.defined()) t = zero.defined() ? zero : zero = expand(detail::zeros_raw({}, dtype), shape);
        return {stack(all, d)};
      },
      at);
}

}  // namespace xgrad
