// Bits of integers and of truth values, and divisors of integers. Operands broadcast, with PyTorch's result types; no
// gradients. DTypeError for floating tensors and numbers, and for bool where it says so.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor bitwise_and(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_and(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_or(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_or(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_xor(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_xor(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_not(const Tensor& x, Location at = Location::current());  // of bool: logical_not
// x 2^y and x / 2^y rounded down, of integers. Bits that leave the type are lost; y outside of 0 to its number of bits
// - 1 leaves 0, or -1 of a negative number shifted right. DTypeError for bool.
[[nodiscard]] XGRAD_API Tensor bitwise_left_shift(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_left_shift(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_right_shift(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor bitwise_right_shift(const Tensor& x, Scalar y, Location at = Location::current());
// The greatest common divisor and the least common multiple, neither negative; 0 where both, or one, are 0. DTypeError
// for bool.
[[nodiscard]] XGRAD_API Tensor gcd(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor lcm(const Tensor& x, const Tensor& y, Location at = Location::current());

}  // namespace xgrad
