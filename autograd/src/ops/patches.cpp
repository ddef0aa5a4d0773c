// Patches as columns, each the derivative of the other; shuffles as permutations of views.
#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/patches.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad {

using detail::impl;

namespace {

// One direction of the windows.
struct Windows {
  std::int64_t size, kernel, dilation, padding, stride;
  std::int64_t count() const {
    const std::int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
  }
  // Where element k of window i lies, possibly in the padding.
  std::int64_t place(std::int64_t i, std::int64_t k) const { return i * stride - padding + k * dilation; }
};

struct Plan {
  Windows rows, columns;
  std::int64_t patch() const { return rows.kernel * columns.kernel; }
  std::int64_t count() const { return rows.count() * columns.count(); }
};

Plan plan(const char* op, std::int64_t height, std::int64_t width, const Extents<2>& kernel, const PatchOptions& o,
          const Location& at) {
  const auto one = [&](std::int64_t size, int d) {
    return Windows{size, kernel[d], o.dilation[d], o.padding[d], o.stride[d]};
  };
  const Plan p{one(height, 0), one(width, 1)};
  for (const Windows& w : {p.rows, p.columns}) {
    const std::pair<const char*, std::int64_t> positive[] = {
        {"kernel_size", w.kernel}, {"dilation", w.dilation}, {"stride", w.stride}};
    for (const auto& [name, value] : positive)
      if (value < 1) ErrorReport(op, fmt::format("{} must be at least 1, got {}", name, value), at).value_error();
    if (w.padding < 0)
      ErrorReport(op, fmt::format("padding must not be negative, got {}", w.padding), at).value_error();
  }
  return p;
}

void require_windows(const char* op, const Plan& p, const Tensor& x, const Location& at) {
  if (p.count() == 0)
    ErrorReport(op,
                fmt::format("a kernel of ({}, {}) exceeds the padded image of ({}, {})", p.rows.kernel,
                            p.columns.kernel, p.rows.size + 2 * p.rows.padding, p.columns.size + 2 * p.columns.padding),
                at)
        .operand("input", x)
        .shape_error();
}

// For each channel and element of the kernel, f(column index, image index) for the windows that lie inside.
template <class F>
void for_patches(const Plan& p, F f) {
  const std::int64_t across = p.columns.count(), down = p.rows.count();
  for (std::int64_t a = 0; a < p.rows.kernel; ++a)
    for (std::int64_t b = 0; b < p.columns.kernel; ++b)
      for (std::int64_t i = 0; i < down; ++i) {
        const std::int64_t y = p.rows.place(i, a);
        if (y < 0 || y >= p.rows.size) continue;
        for (std::int64_t j = 0; j < across; ++j) {
          const std::int64_t x = p.columns.place(j, b);
          if (x < 0 || x >= p.columns.size) continue;
          f(((a * p.columns.kernel + b) * down + i) * across + j, y * p.columns.size + x);
        }
      }
}

// images (planes, H W) <-> columns (planes, kh kw L), for contiguous memory; each plane on one thread.
template <bool ToColumns>
Tensor convert(const Tensor& from, const Shape& shape, std::int64_t planes, const Plan& p) {
  const Tensor source = detail::contiguous_copy(from);
  Tensor out = detail::zeros_raw(shape, impl(from).dtype);
  const std::int64_t image = p.rows.size * p.columns.size, columns = p.patch() * p.count();
  detail::dispatch_floating(impl(from).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* read = detail::data<T>(source);
    T* write = detail::data<T>(out);
    detail::parallel_cost(planes, 2 * static_cast<double>(columns), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        const T* r = read + k * (ToColumns ? image : columns);
        T* w = write + k * (ToColumns ? columns : image);
        for_patches(p, [&](std::int64_t column, std::int64_t pixel) {
          if constexpr (ToColumns)
            w[column] = r[pixel];
          else
            w[pixel] += r[column];
        });
      }
    });
  });
  return out;
}

void require_batched(const char* op, const char* what, const Tensor& x, int rank, const Location& at) {
  require_floating(op, x, at);
  const int r = impl(x).shape.rank();
  if (r != rank && r != rank - 1)
    ErrorReport(op, fmt::format("needs {} of rank {}, or {} without the batch, got rank {}", what, rank, rank - 1, r),
                at)
        .operand("input", x)
        .shape_error();
}

}  // namespace

namespace {

struct Patches {
  Extents<2> kernel_size;
  PatchOptions options;
};
void describe(const Patches& p, Attributes& list) {
  list.add("kernel_size", p.kernel_size.v);
  list.add("dilation", p.options.dilation.v);
  list.add("padding", p.options.padding.v);
  list.add("stride", p.options.stride.v);
}

}  // namespace

Tensor im2col(const Tensor& x, Extents<2> kernel_size, PatchOptions options, Location at) {
  require_batched("im2col", "images", x, 4, at);
  const Shape& s = impl(x).shape;
  const int r = s.rank();
  const Plan p = plan("im2col", s[r - 2], s[r - 1], kernel_size, options, at);
  require_windows("im2col", p, x, at);
  const std::int64_t planes = (r == 4 ? s[0] : 1) * s[r - 3];
  Shape shape{s[r - 3] * p.patch(), p.count()};
  if (r == 4) shape = {s[0], shape[0], shape[1]};
  return detail::record_with_attributes(
      "im2col", Patches{kernel_size, options}, convert<true>(x, shape, planes, p), {x}, {},
      [height = s[r - 2], width = s[r - 1]](const Patches& of, const Saved&, const Tensor& g) -> Grads {
        return {col2im(g, {height, width}, of.kernel_size, of.options)};
      },
      at);
}

Tensor col2im(const Tensor& x, Extents<2> output_size, Extents<2> kernel_size, PatchOptions options, Location at) {
  require_batched("col2im", "columns", x, 3, at);
  const Shape& s = impl(x).shape;
  const int r = s.rank();
  const Plan p = plan("col2im", output_size[0], output_size[1], kernel_size, options, at);
  if (s[r - 2] % p.patch() != 0 || s[r - 1] != p.count())
    ErrorReport(
        "col2im",
        fmt::format("columns of {} elements and {} patches do not fit: patches have {} elements for each channel, "
                    "and an image of ({}, {}) has {} of them",
                    s[r - 2], s[r - 1], p.patch(), output_size[0], output_size[1], p.count()),
        at)
        .operand("input", x)
        .shape_error();
  const std::int64_t channels = s[r - 2] / p.patch(), batch = r == 3 ? s[0] : 1;
  Shape shape{channels, output_size[0], output_size[1]};
  if (r == 3) shape = {batch, channels, output_size[0], output_size[1]};
  return detail::record_with_attributes(
      "col2im", Patches{kernel_size, options}, convert<false>(x, shape, batch * channels, p), {x}, {},
      [](const Patches& of, const Saved&, const Tensor& g) -> Grads { return {im2col(g, of.kernel_size, of.options)}; },
      at);
}

// ---- shuffles ----
namespace {

// The sizes before the last three.
Shape leading(const char* op, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  Shape lead = impl(x).shape;
  if (lead.rank() < 3)
    ErrorReport(op, fmt::format("needs rank 3 or more, got {}", lead.rank()), at).operand("input", x).shape_error();
  if (lead.rank() > kMaxRank - 2)
    ErrorReport(op, fmt::format("takes ranks up to {}, got {}", kMaxRank - 2, lead.rank()), at)
        .operand("input", x)
        .shape_error();
  for (int i = 0; i < 3; ++i) lead.erase(lead.rank() - 1);
  return lead;
}

Shape with(Shape lead, std::initializer_list<std::int64_t> last) {
  for (const std::int64_t n : last) lead.push_back(n);
  return lead;
}

// The leading dimensions where they are, then those of the last ones in this order.
Shape order_of(const Shape& lead, std::initializer_list<std::int64_t> last) {
  Shape order;
  for (int d = 0; d < lead.rank(); ++d) order.push_back(d);
  for (const std::int64_t d : last) order.push_back(lead.rank() + d);
  return order;
}

void require_factor(const char* op, const char* what, std::int64_t factor, const Location& at) {
  if (factor < 1) ErrorReport(op, fmt::format("{} must be at least 1, got {}", what, factor), at).value_error();
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, std::int64_t r, Location at) {
  const Shape lead = leading("pixel_shuffle", x, at);
  require_factor("pixel_shuffle", "upscale_factor", r, at);
  const std::int64_t c = x.size(-3), h = x.size(-2), w = x.size(-1);
  if (c % (r * r) != 0)
    ErrorReport("pixel_shuffle", fmt::format("{} channels are not divisible by {} x {}", c, r, r), at)
        .operand("input", x)
        .shape_error();
  const Tensor parts = reshape(x, with(lead, {c / (r * r), r, r, h, w}), at);
  return reshape(permute(parts, order_of(lead, {0, 3, 1, 4, 2}), at), with(lead, {c / (r * r), h * r, w * r}), at);
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t r, Location at) {
  const Shape lead = leading("pixel_unshuffle", x, at);
  require_factor("pixel_unshuffle", "downscale_factor", r, at);
  const std::int64_t c = x.size(-3), h = x.size(-2), w = x.size(-1);
  if (h % r != 0 || w % r != 0)
    ErrorReport("pixel_unshuffle", fmt::format("an image of ({}, {}) is not divisible by {}", h, w, r), at)
        .operand("input", x)
        .shape_error();
  const Tensor parts = reshape(x, with(lead, {c, h / r, r, w / r, r}), at);
  return reshape(permute(parts, order_of(lead, {0, 2, 4, 1, 3}), at), with(lead, {c * r * r, h / r, w / r}), at);
}

Tensor channel_shuffle(const Tensor& x, std::int64_t groups, Location at) {
  require_defined("channel_shuffle", x, at);
  require_factor("channel_shuffle", "groups", groups, at);
  const Shape& s = impl(x).shape;
  if (s.rank() < 2)
    ErrorReport("channel_shuffle", fmt::format("needs rank 2 or more, got {}", s.rank()), at)
        .operand("input", x)
        .shape_error();
  if (s[1] % groups != 0)
    ErrorReport("channel_shuffle", fmt::format("{} channels are not divisible by {} groups", s[1], groups), at)
        .operand("input", x)
        .shape_error();
  std::int64_t rest = 1;
  for (int d = 2; d < s.rank(); ++d) rest *= s[d];
  const Tensor matrix = reshape(x, {s[0], groups, s[1] / groups, rest}, at);
  return reshape(transpose(matrix, 1, 2, at), s, at);
}

}  // namespace xgrad
