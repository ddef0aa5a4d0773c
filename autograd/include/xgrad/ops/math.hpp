// Functions of mathematics, element by element. An integer input of a function that yields fractions is computed in
// float32. DTypeError for types they do not take.
#pragma once

#include <xgrad/detail/std_calls.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor abs(const Tensor& x, Location at = Location::current());   // gradient 0 at 0
[[nodiscard]] XGRAD_API Tensor sign(const Tensor& x, Location at = Location::current());  // gradient 0

// ---- powers ----
// x^y. d/dx = y x^(y-1) (0 where y = 0), d/dy = x^y log x (0 where x = 0 and y >= 0).
[[nodiscard]] XGRAD_API Tensor pow(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pow(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pow(Scalar x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor square(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sqrt(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor rsqrt(const Tensor& x, Location at = Location::current());       // 1 / sqrt(x)
[[nodiscard]] XGRAD_API Tensor reciprocal(const Tensor& x, Location at = Location::current());  // 1 / x

// ---- exponentials and logarithms ----
[[nodiscard]] XGRAD_API Tensor exp(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor expm1(const Tensor& x, Location at = Location::current());  // exp(x) - 1
[[nodiscard]] XGRAD_API Tensor log(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log1p(const Tensor& x, Location at = Location::current());  // log(1 + x)

// ---- trigonometry ----
[[nodiscard]] XGRAD_API Tensor sin(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cos(const Tensor& x, Location at = Location::current());

// ---- special functions ----
[[nodiscard]] XGRAD_API Tensor erf(const Tensor& x, Location at = Location::current());

}  // namespace xgrad
