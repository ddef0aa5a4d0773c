// Single elements by a tensor of their places. All indices are checked before anything is written. Sums over repeated
// indices run in the order of the index, whatever the number of threads.
#include <array>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/index_places.hpp"
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
using detail::strides_of;

namespace {

// Visits the rows (runs along the last dimension) of a box of `sizes`, limited to [begin, end) in dimension `split`:
// f(offsets, n), with the offset of the row's first element for each list of strides.
template <std::size_t N, class F>
void for_rows(const Shape& sizes, int split, std::int64_t begin, std::int64_t end, const std::array<Shape, N>& strides,
              F f) {
  const int last = sizes.rank() - 1;
  Shape low = sizes, high = sizes;
  for (std::int64_t& i : low) i = 0;
  low[split] = begin;
  high[split] = end;
  Shape at = low;
  for (;;) {
    std::array<std::int64_t, N> offset{};
    for (std::size_t k = 0; k < N; ++k)
      for (int i = 0; i <= last; ++i) offset[k] += at[i] * strides[k][i];
    f(offset, high[last] - low[last]);
    int i = last - 1;
    for (; i >= 0; --i) {
      if (++at[i] < high[i]) break;
      at[i] = low[i];
    }
    if (i < 0) return;
  }
}

// The longest dimension, other than `avoid`.
int split_dimension(const Shape& sizes, int avoid) {
  int best = -1;
  for (int i = 0; i < sizes.rank(); ++i)
    if (i != avoid && (best < 0 || sizes[i] > sizes[best])) best = i;
  return best;
}

// f(offsets, n) over the rows of the index box on several threads. avoid: the dimension along which places collide.
template <std::size_t N, class F>
void visit(const Shape& sizes, int avoid, const std::array<Shape, N>& strides, F f) {
  const int split = split_dimension(sizes, avoid);
  if (split < 0) return for_rows(sizes, 0, 0, sizes[0], strides, f);
  detail::parallel_for(sizes[split], grain(sizes[split], 2.0 * static_cast<double>(sizes.numel())),
                       [&](std::int64_t begin, std::int64_t end) { for_rows(sizes, split, begin, end, strides, f); });
}

// Strides of x for positions of the index: the index itself supplies the place along dim.
Shape strides_without(const Tensor& x, int dim) {
  Shape s = strides_of(x);
  s[dim] = 0;
  return s;
}

void require_box(const char* op, const Tensor& x, const Tensor& index, int dim, Location at) {
  const Shape xs = sizes_of(x), is = sizes_of(index);
  if (xs.rank() != is.rank()) [[unlikely]]
    ErrorReport(op, fmt::format("index has rank {}, the input rank {}", impl(index).shape.rank(), impl(x).shape.rank()),
                at)
        .operand("input", x)
        .operand("index", index)
        .shape_error();
  if (impl(index).numel == 0) return;
  for (int i = 0; i < xs.rank(); ++i)
    if (i != dim && is[i] > xs[i]) [[unlikely]]
      ErrorReport(op, fmt::format("index has size {} at dim {}, the input only {}", is[i], i, xs[i]), at)
          .operand("input", x)
          .operand("index", index)
          .shape_error();
}

// out[.. index ..] += source over the index's box; all indices are valid.
void scatter_into(Tensor& out, int dim, const Tensor& plain, const Tensor& source) {
  if (impl(plain).numel == 0) return;
  const Shape sizes = sizes_of(plain);
  const std::int64_t step = strides_of(out)[dim];
  const std::array<Shape, 3> strides{sizes.contiguous_strides(), strides_without(out, dim), strides_of(source)};
  const int last = sizes.rank() - 1;
  const std::int64_t out_last = strides[1][last], source_last = strides[2][last];
  const auto* index = detail::data<std::int64_t>(plain);
  detail::dispatch_all(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = detail::data<T>(out);
    const T* v = detail::data<T>(source);
    visit(sizes, dim, strides, [=](const std::array<std::int64_t, 3>& o, std::int64_t n) {
      const std::int64_t* places = index + o[0];
      T* to = y + o[1];
      const T* from = v + o[2];
      if (out_last == 0 && step == 1 && source_last == 1) {
        for (std::int64_t i = 0; i < n; ++i) to[places[i]] = add_wrapping(to[places[i]], from[i]);
        return;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        T& place = to[i * out_last + places[i] * step];
        place = add_wrapping(place, from[i * source_last]);
      }
    });
  });
}

// Where nothing is to be found any integer type will do, as in PyTorch.
void require_places(const char* op, const Tensor& index, const Location& at) {
  require_defined(op, index, at);
  if (impl(index).numel > 0 || impl(index).dtype == DType::boolean || is_floating(impl(index).dtype))
    require_index_dtype(op, index, at);
}

Tensor gather_backward(const Tensor& g, const Shape& shape, int dim, const Tensor& index) {
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  scatter_into(out, dim, as_index(index), g);
  return record("gather_backward", std::move(out), {g}, {index},
                [dim](const Saved& s, const Tensor& gg) -> Grads { return {gather(gg, dim, s[0])}; });
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index, Location at) {
  const int d = wrap_dim("gather", dim, x, at);
  require_places("gather", index, at);
  require_box("gather", x, index, d, at);
  const Tensor plain = as_index(index);
  require_in_range("gather", plain, sizes_of(x)[d], d, x, at);
  Tensor y = make_tensor(impl(index).shape, impl(x).dtype, at);
  if (impl(y).numel > 0) {
    const Shape sizes = sizes_of(plain);
    const std::int64_t step = strides_of(x)[d];
    const std::array<Shape, 2> strides{sizes.contiguous_strides(), strides_without(x, d)};
    const std::int64_t x_last = strides[1].back();
    const auto* places = detail::data<std::int64_t>(plain);
    dispatch_width(impl(x).dtype, [&](auto unit) {
      using T = decltype(unit);
      const T* from = detail::data<T>(x);
      T* to = detail::data<T>(y);
      visit(sizes, -1, strides, [=](const std::array<std::int64_t, 2>& o, std::int64_t n) {
        const T* row = from + o[1];
        if (x_last == 0 && step == 1) {
          for (std::int64_t i = 0; i < n; ++i) to[o[0] + i] = row[places[o[0] + i]];
          return;
        }
        for (std::int64_t i = 0; i < n; ++i) to[o[0] + i] = row[i * x_last + places[o[0] + i] * step];
      });
    });
  }
  return detail::record_reading(
      "gather", {index}, std::move(y), {x}, {index},
      [d, shape = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        return {gather_backward(g, shape, d, s[0])};
      },
      at);
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src, Location at) {
  const int d = wrap_dim("scatter_add", dim, x, at);
  require_places("scatter_add", index, at);
  require_same_dtype("scatter_add", x, src, at);
  require_box("scatter_add", x, index, d, at);
  const Shape is = sizes_of(index), ss = sizes_of(src);
  bool fits = is.rank() == ss.rank();
  for (int i = 0; fits && i < is.rank(); ++i) fits = is[i] <= ss[i];
  if (!fits) [[unlikely]]
    ErrorReport("scatter_add",
                fmt::format("index of shape {} exceeds src of shape {}", to_string(impl(index).shape),
                            to_string(impl(src).shape)),
                at)
        .operand("input", x)
        .operand("index", index)
        .operand("src", src)
        .shape_error();
  const Tensor plain = as_index(index);
  require_in_range("scatter_add", plain, sizes_of(x)[d], d, x, at);
  Tensor used = src;  // the part of src that the index covers
  for (int i = 0; i < is.rank(); ++i)
    if (is[i] < ss[i]) used = used.narrow(i, 0, is[i], at);
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  scatter_into(y, d, plain, used);
  return detail::record_added<&gather>("scatter_add", std::move(y), x, index, used, d, at);
}

}  // namespace xgrad
