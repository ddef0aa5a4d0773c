// Reading images at given places: one kernel for the values, one for the gradients, one for the gradients of those.
#include "kernels/grid_sample.hpp"

#include <span>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/grid_sample.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/grid_sample_composed.hpp"

namespace xgrad::detail {

static void describe(const GridShape& s, Attributes& list) {
  list.add("mode", s.taps == 1 ? "nearest" : s.taps == 2 ? "bilinear" : "bicubic");
  list.add("padding_mode", s.edge == GridEdge::zeros ? "zeros" : s.edge == GridEdge::border ? "border" : "reflection");
  list.add("align_corners", s.align_corners);
}

}  // namespace xgrad::detail

namespace xgrad {

using detail::GridShape;
using detail::impl;

namespace {

void require_images(const Tensor& x, const Tensor& grid, const GridSampleOptions& o, const Location& at) {
  const char* op = "grid_sample";
  require_floating(op, x, at);
  require_defined(op, grid, at);
  require_same_dtype(op, x, grid, at);
  const Shape &s = impl(x).shape, &g = impl(grid).shape;
  const auto refuse = [&](const std::string& rule) {
    ErrorReport(op, rule, at).operand("input", x).operand("grid", grid).shape_error();
  };
  if (s.rank() != 4 && s.rank() != 5) refuse("needs images (N, C, H, W) or volumes (N, C, D, H, W)");
  if (g.rank() != s.rank() || g[0] != s[0] || g.back() != s.rank() - 2)
    refuse(fmt::format("for input of shape {} the grid must be ({}, {}{})", to_string(s), s[0],
                       s.rank() == 4 ? "H, W, " : "D, H, W, ", s.rank() - 2));
  for (int d = 2; d < s.rank(); ++d)
    if (s[d] == 0) refuse("there is nothing to read: the input has size 0");
  if (o.mode == GridMode::bicubic && s.rank() == 5)
    ErrorReport(op, "the mode bicubic is for images, not for volumes", at).operand("input", x).value_error();
}

GridShape shape_of(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  const Shape &s = impl(x).shape, &g = impl(grid).shape;
  GridShape shape{.batches = s[0],
                  .channels = s[1],
                  .places = 1,
                  .spatial = s.rank() - 2,
                  .sizes = {s.rank() == 5 ? s[2] : 1, s[-2], s[-1]},
                  .taps = o.mode == GridMode::nearest    ? 1
                          : o.mode == GridMode::bilinear ? 2
                                                         : 4,
                  .edge = o.padding_mode == GridPadding::zeros    ? detail::GridEdge::zeros
                          : o.padding_mode == GridPadding::border ? detail::GridEdge::border
                                                                  : detail::GridEdge::reflection,
                  .align_corners = o.align_corners};
  for (int d = 1; d + 1 < g.rank(); ++d) shape.places *= g[d];
  return shape;
}

Shape output_shape(const Tensor& x, const Tensor& grid) {
  const Shape &s = impl(x).shape, &g = impl(grid).shape;
  Shape out{s[0], s[1]};
  for (int d = 1; d + 1 < g.rank(); ++d) out.push_back(g[d]);
  return out;
}

template <class T>
const T* numbers(const Tensor& t) {
  return t.defined() ? detail::data<T>(t) : nullptr;
}

Tensor sampled(const GridShape& shape, const Tensor& x, const Tensor& grid, const Location& at) {
  const Tensor image = detail::contiguous_copy(x), places = detail::contiguous_copy(grid);
  Tensor y = detail::make_tensor(output_shape(x, grid), impl(x).dtype, at);
  if (impl(y).numel > 0)
    detail::dispatch_floating(impl(x).dtype, [&](auto zero) {
      using T = decltype(zero);
      detail::grid_sample_forward(shape, numbers<T>(image), numbers<T>(places), detail::data<T>(y));
    });
  return y;
}

Grads second_derivative(const GridShape& shape, const Saved& s, const Tensor& a, const Tensor& b) {
  const Tensor g = s[0], x = s[1], grid = s[2];
  if (grad_enabled()) return detail::grid_sample_second_composed(shape, g, x, grid, a, b);
  const DType type = impl(x).dtype;
  const auto packed = [](const Tensor& t) { return t.defined() ? detail::contiguous_copy(t) : t; };
  const Tensor gp = packed(g), xp = packed(x), places = packed(grid), ap = packed(a), bp = packed(b);
  const Tensor dg = s.needs(0) ? detail::zeros_raw(impl(g).shape, type) : Tensor(),
               dx = s.needs(1) ? detail::zeros_raw(impl(x).shape, type) : Tensor(),
               dgrid = s.needs(2) ? detail::zeros_raw(impl(grid).shape, type) : Tensor();
  if (impl(g).numel > 0)
    detail::dispatch_floating(type, [&](auto zero) {
      using T = decltype(zero);
      const auto to = [](const Tensor& t) { return t.defined() ? detail::data<T>(t) : nullptr; };
      detail::grid_sample_backward_twice<T>(shape, numbers<T>(xp), numbers<T>(places), numbers<T>(gp),
                                            {numbers<T>(ap), numbers<T>(bp), to(dg), to(dx), to(dgrid)});
    });
  return {dg, dx, dgrid};
}

// The gradients of x and of the grid, as an operation with a derivative of its own.
Grads first_derivative(const GridShape& shape, const Tensor& x, const Tensor& grid, const Tensor& g, bool of_x,
                       bool of_grid) {
  const DType type = impl(x).dtype;
  const Tensor image = detail::contiguous_copy(x), places = detail::contiguous_copy(grid),
               seed = detail::contiguous_copy(g);
  const Tensor dx = of_x ? detail::zeros_raw(impl(x).shape, type) : Tensor(),
               dgrid = of_grid ? detail::zeros_raw(impl(grid).shape, type) : Tensor();
  if (impl(g).numel > 0)
    detail::dispatch_floating(type, [&](auto zero) {
      using T = decltype(zero);
      detail::grid_sample_backward<T>(shape, numbers<T>(image), numbers<T>(places), numbers<T>(seed),
                                      of_x ? detail::data<T>(dx) : nullptr,
                                      of_grid && shape.taps > 1 ? detail::data<T>(dgrid) : nullptr);
    });
  if (!grad_enabled()) return {dx, dgrid};
  const bool both = of_x && of_grid;
  std::vector<Tensor> out = detail::record_with_attributes(
      "grid_sample_backward", shape, both ? std::vector<Tensor>{dx, dgrid} : std::vector<Tensor>{of_x ? dx : dgrid},
      {g, x, grid}, {g, x, grid},
      [of_x, both](const GridShape& of, const Saved& s, std::span<const Tensor> d) -> Grads {
        return second_derivative(of, s, of_x ? d[0] : Tensor(), both ? d[1] : of_x ? Tensor() : d[0]);
      });
  return {of_x ? out[0] : Tensor(), both ? out[1] : of_x ? Tensor() : out[0]};
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o, Location at) {
  require_images(x, grid, o, at);
  const GridShape shape = shape_of(x, grid, o);
  Tensor y = detail::record_with_attributes(
      "grid_sample", shape, sampled(shape, x, grid, at), {x, grid}, {x, grid},
      [](const GridShape& of, const Saved& s, const Tensor& g) -> Grads {
        return first_derivative(of, s[0], s[1], g, s.needs(0), s.needs(1));
      },
      at);
  const double time = detail::pass_time(impl(y).numel) * 8;
  return detail::recomputable(std::move(y), {x, grid}, time,
                              [shape](std::span<const Tensor> in) { return sampled(shape, in[0], in[1], Location()); });
}

// ---- affine maps ----
namespace {

// `steps` places from -1 to 1, the outer ones half a step inside unless the corners are aligned.
Tensor across(std::int64_t steps, bool align_corners, DType dtype) {
  if (steps <= 1) return zeros({steps}, {dtype});
  const double edge = align_corners ? 1 : static_cast<double>(steps - 1) / static_cast<double>(steps);
  return linspace(-edge, edge, steps, {dtype});
}

}  // namespace

Tensor affine_grid(const Tensor& theta, const Shape& size, bool align_corners, Location at) {
  const char* op = "affine_grid";
  require_floating(op, theta, at);
  const int spatial = size.rank() - 2;
  if (spatial != 2 && spatial != 3)
    ErrorReport(op, fmt::format("size must be (N, C, H, W) or (N, C, D, H, W), got {}", to_string(size)), at)
        .operand("theta", theta)
        .shape_error();
  if (!(impl(theta).shape == Shape{size[0], spatial, spatial + 1}))
    ErrorReport(
        op, fmt::format("theta must be ({}, {}, {}) for size {}", size[0], spatial, spatial + 1, to_string(size)), at)
        .operand("theta", theta)
        .shape_error();
  for (const std::int64_t n : size)
    if (n < 1) ErrorReport(op, fmt::format("sizes must be positive, got {}", to_string(size)), at).value_error();
  Shape places;
  for (int d = 0; d < spatial; ++d) places.push_back(size[d + 2]);
  std::vector<Tensor> columns;  // x, y, (z,) 1
  {
    const NoGradGuard off;
    for (int d = spatial - 1; d >= 0; --d) {
      Shape along;
      for (int i = 0; i < spatial; ++i) along.push_back(i == d ? size[d + 2] : 1);
      columns.push_back(expand(reshape(across(size[d + 2], align_corners, theta.dtype()), along), places));
    }
    columns.push_back(ones(places, {theta.dtype()}, at));
  }
  const Tensor base = reshape(stack(columns, -1, at), {places.numel(), spatial + 1}, at);
  Shape out{size[0]};
  for (const std::int64_t n : places) out.push_back(n);
  out.push_back(spatial);
  return reshape(matmul(base, transpose(theta, 1, 2, at), at), out, at);
}

}  // namespace xgrad
