// Functions of mathematics, element by element: signs, powers, exponentials, logarithms. Those of angles are in
// <xgrad/ops/trigonometry.hpp>, those with names of people in <xgrad/ops/special.hpp>. An integer input of a function
// that yields fractions is computed in float32. DTypeError for types they do not take.
#pragma once

#include <xgrad/detail/std_calls.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor abs(const Tensor& x, Location at = Location::current());   // gradient 0 at 0
[[nodiscard]] XGRAD_API Tensor sign(const Tensor& x, Location at = Location::current());  // gradient 0
[[nodiscard]] XGRAD_API Tensor sgn(const Tensor& x, Location at = Location::current());   // the same, for real numbers
[[nodiscard]] XGRAD_API Tensor positive(const Tensor& x, Location at = Location::current());  // x itself

// ---- powers ----
// x^y. d/dx = y x^(y-1) (0 where y = 0), d/dy = x^y log x (0 where x = 0 and y >= 0).
[[nodiscard]] XGRAD_API Tensor pow(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pow(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pow(Scalar x, const Tensor& y, Location at = Location::current());
// The same in float64, whatever the types of x and y.
[[nodiscard]] XGRAD_API Tensor float_power(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor float_power(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor float_power(Scalar x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor square(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sqrt(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor rsqrt(const Tensor& x, Location at = Location::current());       // 1 / sqrt(x)
[[nodiscard]] XGRAD_API Tensor reciprocal(const Tensor& x, Location at = Location::current());  // 1 / x

// ---- exponentials and logarithms ----
[[nodiscard]] XGRAD_API Tensor exp(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor exp2(const Tensor& x, Location at = Location::current());   // 2^x
[[nodiscard]] XGRAD_API Tensor expm1(const Tensor& x, Location at = Location::current());  // exp(x) - 1
[[nodiscard]] XGRAD_API Tensor log(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log2(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log10(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log1p(const Tensor& x, Location at = Location::current());  // log(1 + x)
// log(e^x + e^y) and log2(2^x + 2^y), without overflow; an infinity on both sides stays one.
[[nodiscard]] XGRAD_API Tensor logaddexp(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor logaddexp2(const Tensor& x, const Tensor& y, Location at = Location::current());

// ---- parts of numbers ----
// |x| with the sign of y, that of a zero included. Gradient 0 at x = 0, and for y.
[[nodiscard]] XGRAD_API Tensor copysign(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor copysign(const Tensor& x, Scalar y, Location at = Location::current());
// The number of x's type next to x on the way to y, of floating tensors of one type; no gradient.
[[nodiscard]] XGRAD_API Tensor nextafter(const Tensor& x, const Tensor& y, Location at = Location::current());
// x 2^y.
[[nodiscard]] XGRAD_API Tensor ldexp(const Tensor& x, const Tensor& y, Location at = Location::current());
// x = mantissa 2^exponent with 1/2 <= |mantissa| < 1; the exponent is int32, 0 for 0 and for what is not finite.
struct MantissaExponent {
  Tensor mantissa, exponent;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const MantissaExponent& r);
[[nodiscard]] XGRAD_API MantissaExponent frexp(const Tensor& x, Location at = Location::current());

}  // namespace xgrad
