// Whole numbers near a number, and what division leaves over. Rounding keeps integers as they are, and its gradient is
// 0 everywhere; DTypeError for bool. Quotients and remainders broadcast, with PyTorch's result types.
#pragma once

#include <xgrad/ops/operand.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor floor(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor ceil(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor trunc(const Tensor& x, Location at = Location::current());  // towards 0
[[nodiscard]] XGRAD_API Tensor fix(const Tensor& x, Location at = Location::current());    // the same
// To the nearest whole number, halves to the even one.
[[nodiscard]] XGRAD_API Tensor round(const Tensor& x, Location at = Location::current());
// To so many decimals; negative ones count tens. x 10^decimals is rounded, so that 0.285 may lie on either side of a
// half. DTypeError for integers unless decimals is 0.
[[nodiscard]] XGRAD_API Tensor round(const Tensor& x, std::int64_t decimals, Location at = Location::current());
// x - trunc(x), with the sign of x. Gradient 1. DTypeError for integers.
[[nodiscard]] XGRAD_API Tensor frac(const Tensor& x, Location at = Location::current());

// div(x, y, Rounding::floor): the quotient rounded down. Integers stay integers; ValueError where they divide by 0.
[[nodiscard]] XGRAD_API Tensor floor_divide(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor floor_divide(const Tensor& x, Scalar y, Location at = Location::current());
// x - y floor(x / y), with the sign of y. Gradient 1 for x, -floor(x / y) for y. Of y = 0: NaN; integers, a ValueError.
[[nodiscard]] XGRAD_API Tensor remainder(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor remainder(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor remainder(Scalar x, const Tensor& y, Location at = Location::current());
// i % 2 and 7 % i, as Python's.
inline Tensor operator%(const Tensor& a, const Operand& b) {
  return b.tensor ? remainder(a, *b.tensor, b.at) : remainder(a, b.scalar, b.at);
}
template <Arithmetic T>
Tensor operator%(T a, const Operand& b) {
  return remainder(Scalar(a), *b.tensor, b.at);
}
// x - y trunc(x / y), with the sign of x. Gradient 1 for x, -trunc(x / y) for y. Of y = 0: NaN; integers, a ValueError.
[[nodiscard]] XGRAD_API Tensor fmod(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor fmod(const Tensor& x, Scalar y, Location at = Location::current());

}  // namespace xgrad
