// Another shape or order of the same elements, as views over the same memory. The backward function of a view is the
// inverse view.
#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/reduce_dims.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::TensorImpl;
using detail::view_of;

namespace {

[[noreturn, gnu::cold]] void does_not_fit(const char* op, const Tensor& x, std::int64_t n, const Shape& shape,
                                          bool inferred, Location at) {
  const std::string of = inferred ? std::string() : fmt::format(" of {}", shape.numel());
  ErrorReport(op, fmt::format("{} elements do not fit shape {}{}", n, to_string(shape), of), at)
      .operand("input", x)
      .shape_error();
}

// The wanted sizes of n elements of x with a -1 filled in.
Shape infer_sizes(const char* op, const Tensor& x, std::int64_t n, const Shape& wanted, Location at) {
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
      does_not_fit(op, x, n, wanted, false, at);
    return wanted;
  }
  if (known == 0 && n == 0) [[unlikely]]
    ErrorReport(op, "-1 is ambiguous for 0 elements: any size fits", at).operand("input", x).shape_error();
  if (known == 0 || n % known != 0) [[unlikely]]
    does_not_fit(op, x, n, wanted, true, at);
  Shape filled = wanted;
  filled[open] = n / known;
  return filled;
}

Shape infer_shape(const char* op, const Tensor& x, const Shape& wanted, Location at) {
  return infer_sizes(op, x, impl(x).numel, wanted, at);
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
  return detail::record_op(
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
  return detail::record_op(
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

namespace {

// Without those of the dimensions (one bit each) that have size 1.
Tensor squeezed(const Tensor& x, unsigned dims, const Location& at) {
  const TensorImpl& from = impl(x);
  Shape shape, strides;
  detail::DimSet gone = 0;
  for (int i = 0; i < from.shape.rank(); ++i) {
    if ((dims >> i & 1u) != 0 && from.shape[i] == 1) {
      gone |= detail::DimSet{1} << i;
      continue;
    }
    shape.push_back(from.shape[i]);
    strides.push_back(from.strides[i]);
  }
  return detail::record_op(
      "squeeze", view_of(x, shape, strides), {x}, {},
      [back = from.shape](const Saved&, const Tensor& g) -> Grads { return {reshape(g, back)}; }, at,
      detail::named<"dim">(detail::Dims{gone}));
}

}  // namespace

Tensor squeeze(const Tensor& x, Location at) {
  require_defined("squeeze", x, at);
  return squeezed(x, ~0u, at);
}
Tensor squeeze(const Tensor& x, std::int64_t dim, Location at) {
  return squeezed(x, 1u << wrap_dim("squeeze", dim, x, at), at);
}
Tensor squeeze(const Tensor& x, const Shape& dims, Location at) {
  require_defined("squeeze", x, at);
  return squeezed(x, dims.empty() ? 0 : detail::dim_set("squeeze", x, dims, at), at);
}

Tensor unsqueeze(const Tensor& x, std::int64_t dim, Location at) {
  require_defined("unsqueeze", x, at);
  const TensorImpl& from = impl(x);
  const int d = wrap_dim("unsqueeze", dim, from.shape.rank() + 1, at);
  Shape shape = from.shape, strides = from.strides;
  const std::int64_t step = d < shape.rank() ? shape[d] * strides[d] : 1;
  shape.insert(d, 1);
  strides.insert(d, step);
  return detail::record_op(
      "unsqueeze", view_of(x, shape, strides), {x}, {},
      [d](const Saved&, const Tensor& g) -> Grads { return {squeeze(g, d)}; }, at, detail::named<"dim">(d));
}

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1, Location at) {
  const int a = wrap_dim("transpose", dim0, x, at), b = wrap_dim("transpose", dim1, x, at);
  Shape shape = impl(x).shape, strides = impl(x).strides;
  if (shape.rank() > 0) {
    std::swap(shape[a], shape[b]);
    std::swap(strides[a], strides[b]);
  }
  return detail::record_op(
      "transpose", view_of(x, shape, strides), {x}, {},
      [a, b](const Saved&, const Tensor& g) -> Grads { return {transpose(g, a, b)}; }, at, detail::named<"dim0">(a),
      detail::named<"dim1">(b));
}

namespace {

struct Permutation {
  Shape inverse;
};
void describe(const Permutation& p, Attributes& list) {
  Shape dims = p.inverse;
  for (int i = 0; i < dims.rank(); ++i) dims[p.inverse[i]] = i;
  list.add("dims", dims);
}

}  // namespace

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
  return detail::record_with_attributes(
      "permute", Permutation{inverse}, view_of(x, shape, strides), {x}, {},
      [](const Permutation& p, const Saved&, const Tensor& g) -> Grads { return {permute(g, p.inverse)}; }, at);
}

namespace {

// Sizes of x expanded to `wanted`, with the strides of the view.
void expand_geometry(const char* op, const Tensor& x, const Shape& wanted, Shape& shape, Shape& strides, Location at) {
  const TensorImpl& from = impl(x);
  const int lead = wanted.rank() - from.shape.rank();
  auto fail = [&](const std::string& rule) {
    ErrorReport(op, rule, at).operand("input", x).line("wanted", to_string(wanted)).shape_error();
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

Tensor expanded(const char* op, const Tensor& x, const Shape& wanted, Location at) {
  require_defined(op, x, at);
  Shape shape, strides;
  expand_geometry(op, x, wanted, shape, strides, at);
  // The engine sums a gradient over the dimensions that were repeated.
  return detail::record_op(
      "expand", view_of(x, shape, strides), {x}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

}  // namespace

Tensor expand(const Tensor& x, const Shape& wanted, Location at) { return expanded("expand", x, wanted, at); }
Tensor broadcast_to(const Tensor& x, const Shape& wanted, Location at) {
  return expanded("broadcast_to", x, wanted, at);
}

std::vector<Tensor> broadcast_tensors(const std::vector<Tensor>& tensors, Location at) {
  for (const Tensor& x : tensors) require_defined("broadcast_tensors", x, at);
  std::vector<Tensor> out;
  if (tensors.empty()) return out;
  Shape shape = impl(tensors[0]).shape;
  for (const Tensor& x : tensors) shape = broadcast_shapes("broadcast_tensors", shape, impl(x).shape, at);
  for (const Tensor& x : tensors) out.push_back(expanded("broadcast_tensors", x, shape, at));
  return out;
}

// ---- dimensions split, moved and added ----

Tensor unflatten(const Tensor& x, std::int64_t dim, const Shape& sizes, Location at) {
  const int d = wrap_dim("unflatten", dim, x, at);
  const std::int64_t n = detail::size_along(x, d);
  if (sizes.empty()) [[unlikely]]
    ErrorReport("unflatten", "sizes must not be empty", at).operand("input", x).value_error();
  const Shape parts = infer_sizes("unflatten", x, n, sizes, at);
  Shape shape, strides;
  for (int i = 0; i < d; ++i) {
    shape.push_back(impl(x).shape[i], at);
    strides.push_back(impl(x).strides[i], at);
  }
  const std::int64_t step = impl(x).shape.rank() ? impl(x).strides[d] : 1;
  const Shape inner = parts.contiguous_strides();
  for (int i = 0; i < parts.rank(); ++i) {
    shape.push_back(parts[i], at);
    strides.push_back(inner[i] * step, at);
  }
  for (int i = d + 1; i < impl(x).shape.rank(); ++i) {
    shape.push_back(impl(x).shape[i], at);
    strides.push_back(impl(x).strides[i], at);
  }
  return detail::record_op(
      "unflatten", view_of(x, shape, strides), {x}, {},
      [back = impl(x).shape](const Saved&, const Tensor& g) -> Grads { return {reshape(g, back)}; }, at,
      detail::named<"dim">(d));
}

Tensor ravel(const Tensor& x, Location at) {
  require_defined("ravel", x, at);
  return impl(x).shape.rank() == 1 ? x : reshaped("flatten", x, Shape{impl(x).numel}, at);
}

namespace {

Tensor moved(const char* op, const Tensor& x, const Shape& source, const Shape& destination, Location at) {
  require_defined(op, x, at);
  if (source.rank() != destination.rank()) [[unlikely]]
    ErrorReport(op, fmt::format("{} dimensions to move, {} destinations", source.rank(), destination.rank()), at)
        .operand("input", x)
        .value_error();
  const int rank = impl(x).shape.rank();
  Shape order;  // -1: not decided yet
  for (int i = 0; i < rank; ++i) order.push_back(-1);
  unsigned from = 0, to = 0;
  for (int i = 0; i < source.rank(); ++i) {
    const int a = wrap_dim(op, source[i], x, at), b = wrap_dim(op, destination[i], x, at);
    if ((from >> a | to >> b) & 1u) [[unlikely]]
      ErrorReport(op, fmt::format("dim {} given twice", from >> a & 1u ? source[i] : destination[i]), at)
          .operand("input", x)
          .index_error();
    from |= 1u << a;
    to |= 1u << b;
    if (rank > 0) order[b] = a;
  }
  int next = 0;
  for (std::int64_t& o : order) {
    if (o >= 0) continue;
    while (from >> next & 1u) ++next;
    o = next++;
  }
  return permute(x, order, at);
}

Tensor swapped(const char* op, const Tensor& x, std::int64_t dim0, std::int64_t dim1, Location at) {
  return transpose(x, wrap_dim(op, dim0, x, at), wrap_dim(op, dim1, x, at), at);
}

}  // namespace

Tensor movedim(const Tensor& x, const Shape& source, const Shape& destination, Location at) {
  return moved("movedim", x, source, destination, at);
}
Tensor moveaxis(const Tensor& x, const Shape& source, const Shape& destination, Location at) {
  return moved("moveaxis", x, source, destination, at);
}
Tensor swapaxes(const Tensor& x, std::int64_t axis0, std::int64_t axis1, Location at) {
  return swapped("swapaxes", x, axis0, axis1, at);
}
Tensor swapdims(const Tensor& x, std::int64_t dim0, std::int64_t dim1, Location at) {
  return swapped("swapdims", x, dim0, dim1, at);
}

Tensor atleast_1d(const Tensor& x, Location at) {
  require_defined("atleast_1d", x, at);
  return impl(x).shape.rank() >= 1 ? x : reshape(x, {1}, at);
}
Tensor atleast_2d(const Tensor& x, Location at) {
  require_defined("atleast_2d", x, at);
  const Shape& s = impl(x).shape;
  return s.rank() >= 2 ? x : s.rank() == 1 ? unsqueeze(x, 0, at) : reshape(x, {1, 1}, at);
}
Tensor atleast_3d(const Tensor& x, Location at) {
  require_defined("atleast_3d", x, at);
  const Shape& s = impl(x).shape;
  if (s.rank() >= 3) return x;
  if (s.rank() == 2) return unsqueeze(x, 2, at);
  return reshape(x, {1, s.numel(), 1}, at);
}

// ---- windows ----
namespace {

// Zeros of `shape` with the windows g added where they were cut from. Windows overlap, so this is done in pieces that
// do not: window by window, or one place of all windows at a time, whichever is fewer.
Tensor unfold_backward(const Tensor& g, const Shape& shape, int dim, std::int64_t size, std::int64_t step) {
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  const TensorImpl& from = impl(g);
  const int last = from.shape.rank() - 1;
  const std::int64_t windows = from.shape[dim], to_step = shape.rank() ? impl(out).strides[dim] : 1;
  const bool by_window = windows < size;
  for (std::int64_t i = 0; from.numel > 0 && i < std::min(windows, size); ++i) {
    const int fixed = by_window ? dim : last;
    Shape sizes = from.shape, from_strides = from.strides;
    sizes.erase(fixed);
    from_strides.erase(fixed);
    Shape to_strides = shape.rank() ? impl(out).strides : Shape{1};
    if (by_window) {  // the window's own dimension is the last one
      to_strides.erase(dim);
      to_strides.push_back(to_step);
    } else {
      to_strides[dim] *= step;
    }
    const std::int64_t first = i * to_step * (by_window ? step : 1);
    Tensor place = view_of(out, sizes, to_strides, first);
    detail::add_raw(place, view_of(g, sizes, from_strides, i * from.strides[fixed]));
  }
  return detail::record_op(
      "unfold_backward", std::move(out), {g}, {},
      [dim, size, step](const Saved&, const Tensor& gg) -> Grads { return {unfold(gg, dim, size, step)}; },
      Location::current(), detail::named<"dimension">(dim), detail::named<"size">(size), detail::named<"step">(step));
}

}  // namespace

Tensor unfold(const Tensor& x, std::int64_t dim, std::int64_t size, std::int64_t step, Location at) {
  const int d = wrap_dim("unfold", dim, x, at);
  const std::int64_t n = detail::size_along(x, d);
  if (size < 0 || step <= 0) [[unlikely]]
    ErrorReport("unfold", fmt::format("size must not be negative and step positive, got {} and {}", size, step), at)
        .operand("input", x)
        .value_error();
  if (size > n) [[unlikely]]
    ErrorReport("unfold", fmt::format("windows of {} do not fit dim {} of size {}", size, d, n), at)
        .operand("input", x)
        .shape_error();
  const bool scalar = impl(x).shape.rank() == 0;
  Shape shape = scalar ? Shape{} : impl(x).shape, strides = scalar ? Shape{} : impl(x).strides;
  const std::int64_t windows = (n - size) / step + 1, inner = scalar ? 1 : strides[d];
  if (!scalar) {
    shape[d] = windows;
    strides[d] = windows > 1 ? inner * step : inner;
  }
  shape.push_back(size, at);
  strides.push_back(inner, at);
  return detail::record_op(
      "unfold", view_of(x, shape, strides), {x}, {},
      [from = impl(x).shape, d, size, step](const Saved&, const Tensor& g) -> Grads {
        return {from.rank() ? unfold_backward(g, from, d, size, step) : reshape(sum(g), from)};
      },
      at, detail::named<"dimension">(d), detail::named<"size">(size), detail::named<"step">(step));
}

}  // namespace xgrad
