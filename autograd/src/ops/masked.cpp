// Elements where a mask holds.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/factory_checks.hpp"
#include "ops/index_places.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::dispatch_width;
using detail::impl;
using detail::make_tensor;

namespace {

// The broadcast shape of x and mask.
Shape mask_shape(const char* op, const Tensor& x, const Tensor& mask, Location at) {
  require_defined(op, x, at);
  require_defined(op, mask, at);
  if (mask.dtype() != DType::boolean) [[unlikely]]
    ErrorReport(op, fmt::format("mask must be bool, got {}", name(mask.dtype())), at)
        .operand("mask", mask)
        .dtype_error();
  const Shape &a = impl(x).shape, &b = impl(mask).shape;
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const std::int64_t m = a[a.rank() - i], n = b[b.rank() - i];
    if (m != n && m != 1 && n != 1) [[unlikely]]
      ErrorReport(op, fmt::format("mask shape {} does not match {}", to_string(b), to_string(a)), at)
          .operand("input", x)
          .operand("mask", mask)
          .shape_error();
    out[out.rank() - i] = m == 1 ? n : m;
  }
  return out;
}

// All elements of x broadcast to `shape`, in order in memory.
Tensor as_one_block(const Tensor& x, const Shape& shape) {
  NoGradGuard off;
  return detail::contiguous_copy(impl(x).shape == shape ? x : x.expand(shape));
}

Tensor take_masked(const Tensor& x, const Tensor& mask, const Shape& shape, Location at);

// Zeros with the elements of g where the mask holds.
Tensor masked_select_backward(const Tensor& g, const Tensor& mask, const Shape& shape) {
  const Tensor m = as_one_block(mask, shape), from = detail::contiguous_copy(g);
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  dispatch_width(impl(g).dtype, [&](auto unit) {
    using T = decltype(unit);
    const bool* keep = detail::data<bool>(m);
    const T* p = detail::data<T>(from);
    T* to = detail::data<T>(out);
    const T* const end = p + impl(from).numel;
    for (std::int64_t i = 0; p != end; ++i) {  // without branches: masks are hard to predict
      to[i] = static_cast<T>(*p & -static_cast<T>(keep[i]));
      p += keep[i];
    }
  });
  return detail::record_op("masked_select_backward", std::move(out), {g}, {mask},
                           [shape](const Saved& s, const Tensor& gg) -> Grads {
                             return {take_masked(gg, s[0], shape, Location::current())};
                           });
}

Tensor take_masked(const Tensor& x, const Tensor& mask, const Shape& shape, Location at) {
  const Tensor m = as_one_block(mask, shape), from = as_one_block(x, shape);
  const bool* keep = detail::data<bool>(m);
  const std::int64_t n = impl(m).numel;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += keep[i];
  Tensor y = make_tensor({count}, impl(x).dtype, at);
  dispatch_width(impl(x).dtype, [&](auto unit) {
    using T = decltype(unit);
    const T* p = detail::data<T>(from);
    T* to = detail::data<T>(y);
    T* const end = to + count;
    for (std::int64_t i = 0; to != end; ++i) {
      *to = p[i];
      to += keep[i];
    }
  });
  return detail::record_reading(
      "masked_select", {mask}, std::move(y), {x}, {mask},
      [shape](const Saved& s, const Tensor& g) -> Grads { return {masked_select_backward(g, s[0], shape)}; }, at);
}

template <class T>
XGRAD_CLONES void fill_masked_tile(const void* value, std::int64_t n, void* out, const void* const* in) {
  const T v = *static_cast<const T*>(value);
  const T* x = static_cast<const T*>(in[0]);
  const auto* mask = static_cast<const std::uint8_t*>(in[1]);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = mask[i] ? v : x[i];
}

}  // namespace

Tensor masked_select(const Tensor& x, const Tensor& mask, Location at) {
  return take_masked(x, mask, mask_shape("masked_select", x, mask, at), at);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Location at) {
  const Shape shape = mask_shape("masked_fill", x, mask, at);
  detail::require_fits("masked_fill", value, impl(x).dtype, at);
  Tensor y = make_tensor(shape, impl(x).dtype, at);
  const Tensor* in[] = {&x, &mask};
  detail::dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T v = value.to<T>();
    detail::run_tiles({&fill_masked_tile<T>, &v, 0.2}, y, in, 2);
  });
  return detail::record_reading(
      "masked_fill", {mask}, std::move(y), {x}, {mask},
      [](const Saved& s, const Tensor& g) -> Grads { return {masked_fill(g, s[0], 0)}; }, at,
      detail::named<"value">(value.to_double()));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value, Location at) {
  mask_shape("masked_fill", x, mask, at);
  require_defined("masked_fill", value, at);
  if (impl(value).shape.rank() != 0) [[unlikely]]
    ErrorReport("masked_fill", fmt::format("value needs rank 0, got {}", impl(value).shape.rank()), at)
        .operand("input", x)
        .operand("value", value)
        .shape_error();
  if (is_floating(impl(value).dtype) && !is_floating(impl(x).dtype)) [[unlikely]]
    ErrorReport("masked_fill", "a floating value does not fit an integer tensor", at)
        .operand("input", x)
        .operand("value", value)
        .dtype_error();
  return where(mask, value.to(impl(x).dtype, at), x, at);
}

// ---- masked_scatter, nonzero ----

Tensor masked_scatter(const Tensor& x, const Tensor& mask, const Tensor& source, Location at) {
  const Shape shape = mask_shape("masked_scatter", x, mask, at);
  require_same_dtype("masked_scatter", x, source, at);
  const Tensor m = as_one_block(mask, shape), from = as_one_block(source, impl(source).shape);
  const bool* keep = detail::data<bool>(m);
  const std::int64_t n = impl(m).numel, count = std::count(keep, keep + n, true);
  if (count > impl(source).numel) [[unlikely]]
    ErrorReport("masked_scatter", fmt::format("{} elements for {} places of the mask", impl(source).numel, count), at)
        .operand("input", x)
        .operand("mask", mask)
        .operand("source", source)
        .shape_error();
  Tensor y = make_tensor(shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  dispatch_width(impl(x).dtype, [&](auto unit) {
    using T = decltype(unit);
    const T* next = detail::data<T>(from);
    T* out = detail::data<T>(y);
    for (std::int64_t i = 0; i < n; ++i)
      if (keep[i]) out[i] = *next++;
  });
  return detail::record_reading(
      "masked_scatter", {mask}, std::move(y), {x, source}, {m},
      [count, size = impl(source).shape](const Saved& s, const Tensor& g) -> Grads {
        Tensor gs;
        if (s.needs(1)) {
          const Tensor used = masked_select(g, s[0]), rest = detail::zeros_raw({size.numel() - count}, impl(g).dtype);
          gs = reshape(cat({used, rest}), size);
        }
        return {s.needs(0) ? masked_fill(g, s[0], 0) : Tensor(), gs};
      },
      at);
}

namespace {

Tensor positions(const char* op, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  const Shape shape = impl(x).shape;
  const Tensor block = as_one_block(x, shape);
  const std::int64_t n = impl(x).numel;
  const int rank = shape.rank();
  std::vector<std::int64_t> found;
  detail::dispatch_all(impl(x).dtype, [&](auto zero) {
    const auto* p = detail::data<decltype(zero)>(block);
    for (std::int64_t i = 0; i < n; ++i)
      if (p[i] != zero) found.push_back(i);
  });
  Tensor y = make_tensor({static_cast<std::int64_t>(found.size()), rank}, DType::int64, at);
  auto* out = detail::data<std::int64_t>(y);
  for (std::int64_t place : found) {
    for (int d = rank - 1; d >= 0; --d) {
      out[d] = place % shape[d];
      place /= shape[d];
    }
    out += rank;
  }
  return y;
}

}  // namespace

Tensor nonzero(const Tensor& x, Location at) { return positions("nonzero", x, at); }
Tensor argwhere(const Tensor& x, Location at) { return positions("argwhere", x, at); }

}  // namespace xgrad
