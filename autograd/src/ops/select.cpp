// Choosing between values: maximum, minimum, clamp, where.
#include <fmt/format.h>

#include <limits>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>

#include "core/tape/record.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::as_type;
using detail::dispatch_all;
using detail::impl;

namespace {

// Of elements of the size of B, by their bits: a condition read as bool would become a branch for each element.
template <class B>
XGRAD_CLONES void where_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const auto* c = static_cast<const std::uint8_t*>(in[0]);
  const B* a = static_cast<const B*>(in[1]);
  const B* b = static_cast<const B*>(in[2]);
  B* y = static_cast<B*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    const B mask = static_cast<B>(-static_cast<B>(c[i] != 0));
    y[i] = static_cast<B>((a[i] & mask) | (b[i] & ~mask));
  }
}

detail::TileFn where_kernel(int item) {
  switch (item) {
    case 1:
      return &where_tile<std::uint8_t>;
    case 4:
      return &where_tile<std::uint32_t>;
    default:
      return &where_tile<std::uint64_t>;
  }
}

Tensor where_raw(const Tensor& c, const Tensor& a, const Tensor& b) {
  const Tensor* in[] = {&c, &a, &b};
  Tensor out = detail::tile_output(in, 3, impl(a).dtype);
  detail::run_tiles({where_kernel(item_size(impl(a).dtype)), nullptr, 0.3}, out, in, 3);
  return out;
}

Tensor constant(Scalar v, DType type) {
  Tensor t = detail::make_tensor({}, type);
  detail::fill_raw(t, v);
  return t;
}

template <class F>
Tensor extremum(const char* op, const Tensor& x, const Tensor& y, F better, const Location& at) {
  detail::require_broadcast(op, x, y, at);
  const DType type = detail::result_type(x, y);
  const Tensor a = as_type(x, type), b = as_type(y, type);
  if (!is_floating(type)) {
    NoGradGuard off;
    return where_raw(better(a, b), a, b);
  }
  Tensor out = elementwise([better](auto p, auto q) { return where(better(p, q) || (p != p), p, q); }, a, b);
  return record(
      op, out, {x, y}, {a, b},
      [better](const Saved& s, const Tensor& g) -> Grads {
        auto part = [better](auto u, auto p, auto q) { return where(p == q, u * 0.5, where(better(q, p), 0, u)); };
        return {s.needs(0) ? fuse(part, g, s[0], s[1]) : Tensor(), s.needs(1) ? fuse(part, g, s[1], s[0]) : Tensor()};
      },
      at);
}

}  // namespace

Tensor maximum(const Tensor& x, const Tensor& y, Location at) {
  return extremum(
      "maximum", x, y, [](auto a, auto b) { return a > b; }, at);
}
Tensor minimum(const Tensor& x, const Tensor& y, Location at) {
  return extremum(
      "minimum", x, y, [](auto a, auto b) { return a < b; }, at);
}

namespace {

Tensor clamp_between(const Tensor& x, double lo, double hi, const Location& at) {
  // max(x, lo) first, then min with hi: hi wins when lo > hi, as in PyTorch.
  Tensor y = elementwise(
      [=](auto v) {
        auto w = where(v < lo, lo, v);
        return where(w > hi, hi, w);
      },
      x);
  return record(
      "clamp", y, {x}, {x},
      [=](const Saved& s, const Tensor& g) -> Grads {
        return {fuse([=](auto u, auto v) { return where((v >= lo) && (v <= hi), u, 0); }, g, s[0])};
      },
      at);
}

Tensor clamp_any(const Tensor& x, const Scalar* lo, const Scalar* hi, const Location& at) {
  require_defined("clamp", x, at);
  DType type = impl(x).dtype;
  if (lo) type = promote_types(type, *lo);
  if (hi) type = promote_types(type, *hi);
  const Tensor v = as_type(x, type);
  if (is_floating(type))
    return clamp_between(v, lo ? lo->to_double() : -std::numeric_limits<double>::infinity(),
                         hi ? hi->to_double() : std::numeric_limits<double>::infinity(), at);
  Tensor y = v;
  if (lo) y = maximum(y, constant(*lo, type), at);
  if (hi) y = minimum(y, constant(*hi, type), at);
  return y;
}

// A tensor as the bound: x keeps its gradient where it equals the bound.
template <class F, class G>
Tensor clamp_by(const char* op, const Tensor& x, const Tensor& bound, F inside, G outside, const Location& at) {
  detail::require_broadcast(op, x, bound, at);
  const DType type = detail::result_type(x, bound);
  const Tensor v = as_type(x, type), b = as_type(bound, type);
  Tensor out = elementwise([outside](auto p, auto q) { return where(outside(p, q) || (q != q), q, p); }, v, b);
  return record(
      op, std::move(out), {x, bound}, {v, b},
      [inside, outside](const Saved& s, const Tensor& g) -> Grads {
        return {s.needs(0) ? fuse([inside](auto u, auto p, auto q) { return where(inside(p, q), u, 0); }, g, s[0], s[1]) : Tensor(),
                s.needs(1) ? fuse([outside](auto u, auto p, auto q) { return where(outside(p, q), u, 0); }, g, s[0], s[1]) : Tensor()};
      },
      at);
}

}  // namespace

Tensor clamp_min(const Tensor& x, const Tensor& min, Location at) {
  detail::require_broadcast("clamp_min", x, min, at);
  if (!is_floating(detail::result_type(x, min))) return maximum(x, min, at);
  return clamp_by("clamp_min", x, min, [](auto v, auto b) { return v >= b; }, [](auto v, auto b) { return v < b; }, at);
}
Tensor clamp_max(const Tensor& x, const Tensor& max, Location at) {
  detail::require_broadcast("clamp_max", x, max, at);
  if (!is_floating(detail::result_type(x, max))) return minimum(x, max, at);
  return clamp_by("clamp_max", x, max, [](auto v, auto b) { return v <= b; }, [](auto v, auto b) { return v > b; }, at);
}
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max, Location at) {
  return clamp_max(clamp_min(x, min, at), max, at);
}

Tensor clamp(const Tensor& x, Scalar min, Scalar max, Location at) { return clamp_any(x, &min, &max, at); }
Tensor clamp_min(const Tensor& x, Scalar min, Location at) { return clamp_any(x, &min, nullptr, at); }
Tensor clamp_max(const Tensor& x, Scalar max, Location at) { return clamp_any(x, nullptr, &max, at); }

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y, Location at) {
  require_defined("where", condition, at);
  if (impl(condition).dtype != DType::boolean)
    ErrorReport("where", fmt::format("the condition must be bool, got {}", name(condition.dtype())), at)
        .operand("condition", condition)
        .dtype_error();
  detail::require_broadcast("where", x, y, at);
  const Shape both = impl(x).shape == impl(y).shape ? impl(x).shape : broadcast_shapes("where", x, y, at);
  if (!(impl(condition).shape == both)) broadcast_shapes("where", impl(condition).shape, both, at);
  const DType type = detail::result_type(x, y);
  Tensor out = where_raw(condition, as_type(x, type), as_type(y, type));
  return record(
      "where", std::move(out), {condition, x, y}, {condition},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {Tensor(), s.needs(1) ? where(s[0], g, Scalar(0.0)) : Tensor(),
                s.needs(2) ? where(s[0], Scalar(0.0), g) : Tensor()};
      },
      at);
}
Tensor where(const Tensor& condition, const Tensor& x, Scalar y, Location at) {
  require_defined("where", x, at);
  return where(condition, x, constant(y, promote_types(impl(x).dtype, y)), at);
}
Tensor where(const Tensor& condition, Scalar x, const Tensor& y, Location at) {
  require_defined("where", y, at);
  return where(condition, constant(x, promote_types(impl(y).dtype, x)), y, at);
}

}  // namespace xgrad
