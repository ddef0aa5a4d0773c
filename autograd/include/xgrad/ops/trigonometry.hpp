// Functions of angles and of hyperbolas, element by element (tanh is in <xgrad/ops/activation.hpp>). Integers are
// computed in float32. At the ends of a domain gradients are infinite, outside NaN, as the values are.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor sin(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cos(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor tan(const Tensor& x, Location at = Location::current());
// sin(pi x) / (pi x), 1 at 0.
[[nodiscard]] XGRAD_API Tensor sinc(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor asin(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor acos(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor atan(const Tensor& x, Location at = Location::current());
// The angle of the point (x = second, y = first operand), from -pi to pi. Gradient 0 at the origin.
[[nodiscard]] XGRAD_API Tensor atan2(const Tensor& y, const Tensor& x, Location at = Location::current());
// sqrt(x^2 + y^2), without overflow. Gradient (x, y) / hypot: NaN at the origin.
[[nodiscard]] XGRAD_API Tensor hypot(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor deg2rad(const Tensor& x, Location at = Location::current());  // x pi / 180
[[nodiscard]] XGRAD_API Tensor rad2deg(const Tensor& x, Location at = Location::current());  // x 180 / pi
// The angle of a real number: 0, pi below 0, NaN of NaN. Gradient 0.
[[nodiscard]] XGRAD_API Tensor angle(const Tensor& x, Location at = Location::current());

// ---- hyperbolic functions ----
[[nodiscard]] XGRAD_API Tensor sinh(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cosh(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor asinh(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor acosh(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor atanh(const Tensor& x, Location at = Location::current());

}  // namespace xgrad
