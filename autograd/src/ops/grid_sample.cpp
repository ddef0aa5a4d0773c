// Reading images at given places: a sum over the elements around each place, as rows of channels, with products of
// weights along the dimensions. Where the elements are is a constant; rows and weights are recorded operations, so that
// every order of derivative follows.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/grid_sample.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/rounding.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad {

using detail::impl;

namespace {

constexpr double kFar = 1e9;  // no image reaches there, and an integer can say it

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

// From -1 .. 1 to elements.
Tensor unnormalised(const Tensor& v, std::int64_t size, bool align_corners, const Location& at) {
  const auto n = static_cast<double>(size);
  if (align_corners) return mul(add(v, 1, at), (n - 1) / 2, at);
  return mul(sub(mul(add(v, 1, at), n, at), 1, at), 0.5, at);
}

Tensor one_minus(const Tensor& v, const Location& at) { return rsub(v, 1, at); }

// Reflected between the ends of the image, or the centres of its outer elements.
Tensor reflected(const Tensor& v, std::int64_t size, bool align_corners, const Location& at) {
  const auto n = static_cast<double>(size);
  const double low = align_corners ? 0 : -0.5, span = align_corners ? n - 1 : n;
  if (span <= 0) return mul(v, 0, at);
  const Tensor from = sub(v, low, at), away = where(lt(from, 0), neg(from, at), from, at);
  Tensor before, even;  // what was passed, by whole lengths
  {
    const NoGradGuard off;
    const Tensor flips = floor(div(away, span));
    before = mul(flips, span);
    even = eq(remainder(flips, 2), 0);
  }
  const Tensor rest = sub(away, before, 1, at);
  return where(even, add(rest, low, at), rsub(rest, span + low, at), at);
}

// Places inside the image, or, for zeros, near it. As in PyTorch there is no gradient at the edge or beyond.
Tensor padded(const Tensor& v, std::int64_t size, const GridSampleOptions& o, const Location& at) {
  const auto n = static_cast<double>(size);
  if (o.padding_mode == GridPadding::zeros) return hardtanh(v, -2, n + 1, at);
  if (o.padding_mode == GridPadding::border) return hardtanh(v, 0, n - 1, at);
  return hardtanh(reflected(hardtanh(v, -kFar, kFar, at), size, o.align_corners, at), 0, n - 1, at);
}

// One element of each place along one dimension: its number, in the image, and whether it is there.
struct Tap {
  Tensor place, inside, weight;  // weight: undefined for 1
};

// Elements `base` + `shift`, off the tape; outside the image they are found as the padding says, or nowhere.
Tap tap_at(const Tensor& base, std::int64_t shift, std::int64_t size, const GridSampleOptions& o) {
  const NoGradGuard off;
  Tensor v = add(base, static_cast<double>(shift));
  if (o.padding_mode == GridPadding::reflection) v = reflected(v, size, o.align_corners, Location());
  const auto last = static_cast<double>(size - 1);
  Tap t;
  if (o.padding_mode == GridPadding::zeros) t.inside = logical_and(ge(v, 0), le(v, last));
  t.place = clamp(v, 0, last).to(DType::int64);
  return t;
}

using Taps = std::vector<Tap>;

Taps linear_taps(const Tensor& v, std::int64_t size, const GridSampleOptions& o, const Location& at) {
  const Tensor base = floor(v.detach()), t = sub(v, base, 1, at);
  Taps taps{tap_at(base, 0, size, o), tap_at(base, 1, size, o)};
  taps[0].weight = one_minus(t, at);
  taps[1].weight = t;
  return taps;
}

// R. Keys 1981, a = -0.75.
Taps cubic_taps(const Tensor& v, std::int64_t size, const GridSampleOptions& o, const Location& at) {
  constexpr double a = -0.75;
  const Tensor base = floor(v.detach()), t = sub(v, base, 1, at), back = one_minus(t, at);
  const auto polynomial = [&](const Tensor& d, double c3, double c2, double c1, double c0) {
    const Tensor square = add(mul(d, c3, at), c2, at), linear = add(mul(square, d, at), c1, at);
    return add(mul(linear, d, at), c0, at);
  };
  const auto near = [&](const Tensor& d) { return polynomial(d, a + 2, -a - 3, 0, 1); };
  const auto far = [&](const Tensor& d) { return polynomial(d, a, -5 * a, 8 * a, -4 * a); };
  Taps taps;
  for (int k = -1; k <= 2; ++k) taps.push_back(tap_at(base, k, size, o));
  taps[0].weight = far(add(t, 1, at));
  taps[1].weight = near(t);
  taps[2].weight = near(back);
  taps[3].weight = far(add(back, 1, at));
  return taps;
}

Taps taps_of(const Tensor& coordinate, std::int64_t size, const GridSampleOptions& o, const Location& at) {
  const Tensor known = where(isnan(coordinate), -1, coordinate, at);
  const Tensor v = unnormalised(known, size, o.align_corners, at);
  if (o.mode == GridMode::bicubic) return cubic_taps(hardtanh(v, -kFar, kFar, at), size, o, at);
  if (o.mode == GridMode::bilinear) return linear_taps(padded(v, size, o, at), size, o, at);
  const NoGradGuard off;
  return {tap_at(round(padded(v, size, o, at)), 0, size, o)};
}

// What the places of all dimensions together read: rows (N S, C) at (N, P) places with weights.
struct Reading {
  Tensor place, inside, weight;
};

Reading joined(const Reading& before, const Tap& tap, std::int64_t size) {
  const NoGradGuard off;
  Reading r{add(mul(before.place, size), tap.place), before.inside, before.weight};
  if (tap.inside.defined()) r.inside = r.inside.defined() ? logical_and(r.inside, tap.inside) : tap.inside;
  return r;
}

// An element that is not there is 0 whatever stands where it was looked for.
Tensor read_rows(const Tensor& rows, const Reading& r, const Location& at) {
  Tensor y = index_select(rows, 0, ravel(r.place), at);
  if (r.inside.defined()) y = where(reshape(r.inside, {-1, 1}), y, 0, at);
  return r.weight.defined() ? mul(y, reshape(r.weight, {-1, 1}, at), at) : y;
}

// The sum over all combinations of elements from dimension d on.
Tensor sum_of_readings(const Tensor& rows, const std::vector<Taps>& taps, const Shape& sizes, std::size_t d,
                       const Reading& r, const Location& at) {
  if (d == taps.size()) return read_rows(rows, r, at);
  Tensor sum;
  for (const Tap& tap : taps[d]) {
    Reading next = joined(r, tap, sizes[d]);
    if (tap.weight.defined()) next.weight = r.weight.defined() ? mul(r.weight, tap.weight, at) : tap.weight;
    const Tensor part = sum_of_readings(rows, taps, sizes, d + 1, next, at);
    sum = sum.defined() ? add(sum, part, 1, at) : part;
  }
  return sum;
}

// The gradient of 0 that a grid has which only chooses.
Tensor with_flat_grid(const Tensor& y, const Tensor& grid, const Location& at) {
  return detail::record_op(
      "grid_sample", detail::make_alias(y), {y, grid}, {},
      [shape = impl(grid).shape](const Saved& s, const Tensor& g) -> Grads {
        return {g, s.needs(1) ? detail::zeros_raw(shape, g.dtype()) : Tensor()};
      },
      at);
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o, Location at) {
  require_images(x, grid, o, at);
  const Shape &s = impl(x).shape, &g = impl(grid).shape;
  const int spatial = s.rank() - 2;
  const std::int64_t n = s[0], channels = s[1];
  Shape sizes, rows_out{n};
  std::int64_t places = 1, elements = 1;
  for (int d = 0; d < spatial; ++d) {
    sizes.push_back(s[d + 2]);
    rows_out.push_back(g[d + 1]);
    places *= g[d + 1];
    elements *= s[d + 2];
  }
  rows_out.push_back(channels);
  const Tensor flat = reshape(grid, {n, places, spatial}, at);
  const Tensor rows = reshape(movedim(x, 1, -1, at), {n * elements, channels}, at);
  std::vector<Taps> taps;
  for (int d = 0; d < spatial; ++d) taps.push_back(taps_of(select(flat, 2, spatial - 1 - d, at), sizes[d], o, at));
  const Reading start{arange(n).reshape({n, 1}), Tensor(), Tensor()};
  const Tensor read = sum_of_readings(rows, taps, sizes, 0, start, at);
  const Tensor y = movedim(reshape(read, rows_out, at), -1, 1, at).contiguous(at);
  return o.mode == GridMode::nearest ? with_flat_grid(y, grid, at) : y;
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
