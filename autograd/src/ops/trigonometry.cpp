// Functions of angles, and hyperbolic ones.
#include <xgrad/ops/trigonometry.hpp>

#include "core/tape/record.hpp"
#include "kernels/sinc.hpp"
#include "kernels/special.hpp"
#include "ops/binary.hpp"
#include "ops/map_numbers.hpp"
#include "ops/unary.hpp"

namespace xgrad {

using detail::Keep;
using detail::map_numbers;
using detail::require_broadcast;
using detail::unary;

Tensor sin(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "sin", x, [](auto v) { return sin(v); }, [](auto g, auto v) { return g * cos(v); }, at);
}

Tensor cos(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "cos", x, [](auto v) { return cos(v); }, [](auto g, auto v) { return -g * sin(v); }, at);
}

Tensor tan(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "tan", x, [](auto v) { return tan(v); }, [](auto g, auto y) { return g * (y * y + 1); }, at);
}

namespace {
// The k-th derivative of sinc, whose own is the next.
Tensor sinc_of_order(double k, const Tensor& x, const Location& at) {
  Tensor y = k == 0   ? map([](auto v) { return detail::sinc_value(v); }, x)
             : k == 1 ? map([](auto v) { return detail::sinc_slope(v); }, x)
                      : map_numbers(&detail::sinc_of, k, x);
  return detail::record_op(
      "sinc", std::move(y), {x}, {x},
      [k](const Saved& s, const Tensor& g) -> Grads { return {g * sinc_of_order(k + 1, s[0], Location::current())}; },
      at, detail::named<"order">(k));
}
}  // namespace

Tensor sinc(const Tensor& x, Location at) {
  require_defined("sinc", x, at);
  return sinc_of_order(0, detail::as_floating(x), at);
}

Tensor asin(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "asin", x, [](auto v) { return asin(v); }, [](auto g, auto v) { return g * rsqrt((1 - v) * (v + 1)); }, at);
}

Tensor acos(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "acos", x, [](auto v) { return acos(v); }, [](auto g, auto v) { return -g * rsqrt((1 - v) * (v + 1)); }, at);
}

Tensor atan(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "atan", x, [](auto v) { return atan(v); }, [](auto g, auto v) { return g / (v * v + 1); }, at);
}

Tensor atan2(const Tensor& y, const Tensor& x, Location at) {
  require_broadcast("atan2", y, x, at);
  const DType both = detail::result_type(y, x), type = is_floating(both) ? both : DType::float32;
  if (detail::is_mixed(y, x, type)) return atan2(y.to(type, at), x.to(type, at), at);
  return detail::record_op(
      "atan2", map([](auto a, auto b) { return atan2(a, b); }, y, x), {y, x}, {y, x},
      [](const Saved& s, const Tensor& g) -> Grads {
        const auto part = [](auto u, auto along, auto across) {  // u along / r^2, whose square would over- or underflow
          auto r = hypot(where((along == 0) && (across == 0), 1, along), across);
          return u * (along / r / r);
        };
        return {s.needs(0) ? fuse(part, g, s[1], s[0]) : Tensor(), s.needs(1) ? fuse(part, -g, s[0], s[1]) : Tensor()};
      },
      at);
}

Tensor hypot(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("hypot", x, y, at);
  const DType type = detail::result_type(x, y);
  if (!is_floating(type))
    ErrorReport("hypot", "takes floating tensors", at).operand("left", x).operand("right", y).dtype_error();
  if (detail::is_mixed(x, y, type)) return hypot(x.to(type, at), y.to(type, at), at);
  Tensor out = map([](auto a, auto b) { return hypot(a, b); }, x, y);
  return detail::record_op(
      "hypot", out, {x, y}, {x, y, out},
      [](const Saved& s, const Tensor& g) -> Grads {
        const auto part = [](auto u, auto a, auto r) { return u * (a / r); };
        return {s.needs(0) ? fuse(part, g, s[0], s[2]) : Tensor(), s.needs(1) ? fuse(part, g, s[1], s[2]) : Tensor()};
      },
      at);
}

Tensor deg2rad(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "deg2rad", x, [](auto v) { return v * 0.017453292519943295769; },
      [](auto g, auto) { return g * 0.017453292519943295769; }, at);
}

Tensor rad2deg(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "rad2deg", x, [](auto v) { return v * 57.295779513082320877; },
      [](auto g, auto) { return g * 57.295779513082320877; }, at);
}

Tensor angle(const Tensor& x, Location at) {
  require_defined("angle", x, at);
  const auto f = [](auto v) { return where(v < 0, 3.14159265358979323846, where(v != v, v, 0)); };
  return detail::record_op(
      "angle", map(f, detail::as_floating(x)), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return detail::zero_grad(g); }, at);
}

// ---- hyperbolic functions ----
Tensor sinh(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "sinh", x, [](auto v) { return sinh(v); }, [](auto g, auto v) { return g * cosh(v); }, at);
}

Tensor cosh(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "cosh", x, [](auto v) { return cosh(v); }, [](auto g, auto v) { return g * sinh(v); }, at);
}

Tensor asinh(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "asinh", x, [](auto v) { return asinh(v); }, [](auto g, auto v) { return g * rsqrt(v * v + 1); }, at);
}

// (x - 1)(x + 1) would be positive below -1 too.
Tensor acosh(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "acosh", x, [](auto v) { return acosh(v); }, [](auto g, auto v) { return g * (rsqrt(v - 1) * rsqrt(v + 1)); },
      at);
}

Tensor atanh(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "atanh", x, [](auto v) { return atanh(v); }, [](auto g, auto v) { return g / ((1 - v) * (v + 1)); }, at);
}

}  // namespace xgrad
