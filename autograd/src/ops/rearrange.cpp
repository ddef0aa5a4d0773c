// Elements in another order, or several times. The backward function of a new order is the inverse one; of repeated
// elements it is the sum over the repeats.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/rearrange.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/strided_copy.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/index_places.hpp"
#include "ops/reduce_dims.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::TensorImpl;
using detail::view_of;

// ---- flip, rot90 ----
namespace {

// x read backwards along the dimensions with a bit in `dims`.
void copy_reversed(Tensor& y, const Tensor& x, unsigned dims) {
  const TensorImpl &from = impl(x), &to = impl(y);
  if (from.numel == 0) return;
  const std::int64_t item = item_size(from.dtype);
  detail::StridedMemory source{from.memory(), {}}, target{to.memory(), {}};
  for (int d = 0; d < from.shape.rank(); ++d) {
    const std::int64_t step = from.strides[d] * item;
    target.strides[d] = to.strides[d] * item;
    source.strides[d] = dims >> d & 1u ? -step : step;
    if (dims >> d & 1u) source.data += (from.shape[d] - 1) * step;
  }
  detail::strided_copy(static_cast<int>(item), from.shape.rank(), from.shape.begin(), target, source);
}

Tensor flipped(const Tensor& x, unsigned dims, Location at) {
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  copy_reversed(y, x, dims);
  return detail::record_op(
      "flip", std::move(y), {x}, {},
      [dims](const Saved&, const Tensor& g) -> Grads { return {flipped(g, dims, Location::current())}; }, at,
      detail::named<"dims">(detail::Dims{dims}));
}

Tensor flip_one(const char* op, const Tensor& x, int rank, int dim, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() < rank) [[unlikely]]
    ErrorReport(op, fmt::format("needs rank {} or more, got {}", rank, impl(x).shape.rank()), at)
        .operand("input", x)
        .shape_error();
  return flipped(x, 1u << dim, at);
}

}  // namespace

Tensor flip(const Tensor& x, const Shape& dims, Location at) {
  require_defined("flip", x, at);
  return flipped(x, dims.empty() ? 0 : detail::dim_set("flip", x, dims, at), at);
}
Tensor fliplr(const Tensor& x, Location at) { return flip_one("fliplr", x, 2, 1, at); }
Tensor flipud(const Tensor& x, Location at) { return flip_one("flipud", x, 1, 0, at); }

Tensor rot90(const Tensor& x, std::int64_t k, const Shape& dims, Location at) {
  require_defined("rot90", x, at);
  if (dims.rank() != 2) [[unlikely]]
    ErrorReport("rot90", fmt::format("turns in a plane of 2 dims, got {}", to_string(dims)), at)
        .operand("input", x)
        .value_error();
  if (impl(x).shape.rank() < 2) [[unlikely]]
    ErrorReport("rot90", fmt::format("needs rank 2 or more, got {}", impl(x).shape.rank()), at)
        .operand("input", x)
        .shape_error();
  const int a = wrap_dim("rot90", dims[0], x, at), b = wrap_dim("rot90", dims[1], x, at);
  if (a == b) [[unlikely]]
    ErrorReport("rot90", fmt::format("dim {} given twice", dims[1]), at).operand("input", x).index_error();
  switch (((k % 4) + 4) % 4) {
    case 1:
      return transpose(flipped(x, 1u << b, at), a, b, at);
    case 2:
      return flipped(x, 1u << a | 1u << b, at);
    case 3:
      return transpose(flipped(x, 1u << a, at), a, b, at);
    default:
      return flipped(x, 0, at);
  }
}

// ---- roll ----
namespace {

struct Shifts {
  Shape each;  // of every dimension
};
void describe(const Shifts& s, Attributes& list) { list.add("shifts", s.each); }

// shifts[d] in 0..size-1 along every dimension. The result is made of two blocks along each shifted dimension.
Tensor rolled(const Tensor& x, const Shape& shifts, Location at) {
  const Shape& shape = impl(x).shape;
  Tensor y = make_tensor(shape, impl(x).dtype, at);
  const unsigned combinations = impl(x).numel == 0 ? 0 : 1u << shape.rank();
  for (unsigned wrapped = 0; wrapped < combinations; ++wrapped) {  // a bit for each dimension, where the end went round
    Shape sizes = shape;
    std::int64_t from = 0, to = 0;
    for (int d = 0; d < shape.rank(); ++d) {
      const bool round = wrapped >> d & 1u;
      sizes[d] = round ? shifts[d] : shape[d] - shifts[d];
      from += round ? (shape[d] - shifts[d]) * impl(x).strides[d] : 0;
      to += round ? 0 : shifts[d] * impl(y).strides[d];
    }
    if (sizes.numel() == 0) continue;
    Tensor place = view_of(y, sizes, impl(y).strides, to);
    detail::copy_raw(place, view_of(x, sizes, impl(x).strides, from));
  }
  return detail::record_with_attributes(
      "roll", Shifts{shifts}, std::move(y), {x}, {},
      [](const Shifts& s, const Saved&, const Tensor& g) -> Grads {
        Shape back = s.each;
        for (int d = 0; d < back.rank(); ++d) back[d] = back[d] == 0 ? 0 : impl(g).shape[d] - back[d];
        return {rolled(g, back, Location::current())};
      },
      at);
}

std::int64_t modulo(std::int64_t a, std::int64_t n) { return n == 0 ? 0 : (a % n + n) % n; }

}  // namespace

Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims, Location at) {
  require_defined("roll", x, at);
  const Shape& shape = impl(x).shape;
  if (shifts.rank() != (dims.empty() ? 1 : dims.rank())) [[unlikely]]
    ErrorReport("roll", fmt::format("{} shifts for {} dims", shifts.rank(), dims.empty() ? 1 : dims.rank()), at)
        .operand("input", x)
        .value_error();
  if (dims.empty()) {
    const std::int64_t n = impl(x).numel;
    return reshape(rolled(reshape(x, {n}, at), {modulo(shifts[0], n)}, at), shape, at);
  }
  Shape total = shape;
  for (std::int64_t& s : total) s = 0;
  for (int i = 0; i < dims.rank(); ++i) {
    const int d = wrap_dim("roll", dims[i], x, at);
    if (shape.rank() > 0) total[d] = modulo(total[d] + modulo(shifts[i], shape[d]), shape[d]);
  }
  return rolled(x, total, at);
}

// ---- repeat, tile ----
namespace {

// out has rows of x's last dimension, each `times` times in a row.
template <class T>
void copy_repeated(const T* x, const Shape& sizes, T* out, const Shape& to) {
  const int last = to.rank() - 1;
  const std::int64_t run = sizes[last], rows = to.numel() / to[last], times = to[last] / run;
  const Shape strides = sizes.contiguous_strides();
  const double ns = 5 + 0.1 * sizeof(T) * static_cast<double>(to[last]);
  detail::parallel_for(rows, detail::grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      std::int64_t rest = r, from = 0;
      for (int d = last - 1; d >= 0; --d) {
        from += rest % to[d] % sizes[d] * strides[d];
        rest /= to[d];
      }
      T* row = out + r * to[last];
      if (run == 1)
        std::fill_n(row, times, x[from]);
      else
        for (std::int64_t i = 0; i < times; ++i) std::copy_n(x + from, run, row + i * run);
    }
  });
}

// The sum of all copies of x, whose sizes with leading ones are `sizes`.
Tensor repeat_backward(Tensor g, const Shape& sizes, const Shape& repeats, const Shape& shape) {
  for (int d = 0; d < sizes.rank(); ++d) {
    if (repeats[d] == 1) continue;
    const Shape& now = impl(g).shape;
    std::int64_t outer = 1, inner = 1;
    for (int i = 0; i < d; ++i) outer *= now[i];
    for (int i = d + 1; i < now.rank(); ++i) inner *= now[i];
    Shape after = now;
    after[d] = sizes[d];
    g = reshape(sum(reshape(g, {outer, repeats[d], sizes[d], inner}), {1}), after);
  }
  return reshape(g, shape);
}

Tensor repeated(const char* op, const Tensor& x, const Shape& repeats, Location at) {
  Shape sizes = impl(x).shape;
  while (sizes.rank() < repeats.rank()) sizes.insert(0, 1, at);
  Shape to = sizes;
  for (int d = 0; d < to.rank(); ++d) {
    if (repeats[d] < 0) [[unlikely]]
      ErrorReport(op, fmt::format("negative number {} at dimension {}", repeats[d], d), at)
          .operand("input", x)
          .value_error();
    if (__builtin_mul_overflow(to[d], repeats[d], &to[d])) [[unlikely]]
      ErrorReport(op, fmt::format("size {} times {} overflows 64 bits", sizes[d], repeats[d]), at)
          .operand("input", x)
          .shape_error();
  }
  Tensor y = make_tensor(to, impl(x).dtype, at);
  if (to.empty()) {
    detail::copy_raw(y, x);
  } else if (impl(y).numel > 0) {
    const Tensor from = detail::contiguous_copy(x);
    detail::dispatch_width(impl(x).dtype, [&](auto unit) {
      using T = decltype(unit);
      copy_repeated(detail::data<T>(from), sizes, detail::data<T>(y), to);
    });
  }
  return detail::record_op(
      "repeat", std::move(y), {x}, {},
      [sizes, repeats, shape = impl(x).shape](const Saved&, const Tensor& g) -> Grads {
        return {repeat_backward(g, sizes, repeats, shape)};
      },
      at);
}

}  // namespace

Tensor repeat(const Tensor& x, const Shape& repeats, Location at) {
  require_defined("repeat", x, at);
  if (repeats.rank() < impl(x).shape.rank()) [[unlikely]]
    ErrorReport("repeat", fmt::format("{} numbers given for a tensor of rank {}", repeats.rank(), impl(x).shape.rank()),
                at)
        .operand("input", x)
        .help("tile takes fewer")
        .shape_error();
  return repeated("repeat", x, repeats, at);
}

Tensor tile(const Tensor& x, const Shape& repeats, Location at) {
  require_defined("tile", x, at);
  Shape all = repeats;
  while (all.rank() < impl(x).shape.rank()) all.insert(0, 1);
  return repeated("tile", x, all, at);
}

// ---- repeat_interleave ----

Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<std::int64_t> dim, Location at) {
  require_defined("repeat_interleave", x, at);
  if (repeats < 0) [[unlikely]]
    ErrorReport("repeat_interleave", fmt::format("repeats must not be negative, got {}", repeats), at)
        .operand("input", x)
        .value_error();
  if (!dim) return repeat_interleave(ravel(x, at), repeats, 0, at);
  const int d = wrap_dim("repeat_interleave", *dim, x, at);
  Shape shape = impl(x).shape.rank() ? impl(x).shape : Shape{1};
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < d; ++i) outer *= shape[i];
  for (int i = d + 1; i < shape.rank(); ++i) inner *= shape[i];
  const std::int64_t n = shape[d];
  if (__builtin_mul_overflow(n, repeats, &shape[d])) [[unlikely]]
    ErrorReport("repeat_interleave", fmt::format("size {} times {} overflows 64 bits", n, repeats), at)
        .operand("input", x)
        .shape_error();
  return reshape(expand(reshape(x, {outer, n, 1, inner}, at), {outer, n, repeats, inner}, at), shape, at);
}

Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<std::int64_t> dim, Location at) {
  require_defined("repeat_interleave", x, at);
  require_index_dtype("repeat_interleave", repeats, at);
  if (!dim) return repeat_interleave(ravel(x, at), repeats, 0, at);
  const int d = wrap_dim("repeat_interleave", *dim, x, at);
  const std::int64_t n = detail::size_along(x, d), given = impl(repeats).numel;
  if (impl(repeats).shape.rank() > 1 || (given != n && given != 1)) [[unlikely]]
    ErrorReport("repeat_interleave",
                fmt::format("needs a number for each of {} elements, got shape {}", n, to_string(impl(repeats).shape)),
                at)
        .operand("input", x)
        .operand("repeats", repeats)
        .shape_error();
  const Tensor plain = detail::as_index(repeats);
  const auto* times = detail::data<std::int64_t>(plain);
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < given; ++i)
    if (times[i] < 0 || __builtin_add_overflow(total, times[i], &total)) [[unlikely]]
      ErrorReport("repeat_interleave", fmt::format("repeats must be small and not negative, got {}", times[i]), at)
          .operand("input", x)
          .operand("repeats", repeats)
          .value_error();
  if (given == 1 && n != 1) return repeat_interleave(x, times[0], d, at);
  Tensor places = make_tensor({total}, DType::int64, at);
  auto* to = detail::data<std::int64_t>(places);
  for (std::int64_t i = 0; i < n; ++i) to = std::fill_n(to, times[i], i);
  const Tensor rows = impl(x).shape.rank() ? x : reshape(x, {1}, at);
  return index_select(rows, d, places, at);
}

}  // namespace xgrad
