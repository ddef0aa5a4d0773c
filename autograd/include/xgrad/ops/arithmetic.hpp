// + - * / of tensors and numbers, as functions and as operators. Inputs broadcast as in NumPy; result dtypes follow
// PyTorch's promotion table. All throw ShapeError when shapes do not broadcast and DTypeError for types they do not
// take.
#pragma once

#include <concepts>
#include <ostream>
#include <string>

#include <xgrad/ops/operand.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor add(const Tensor& x, const Tensor& y, Scalar alpha = 1,
                                   Location at = Location::current());  // x + alpha y
[[nodiscard]] XGRAD_API Tensor add(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sub(const Tensor& x, const Tensor& y, Scalar alpha = 1,
                                   Location at = Location::current());  // x - alpha y
[[nodiscard]] XGRAD_API Tensor sub(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor rsub(const Tensor& x, Scalar y, Location at = Location::current());  // y - x
[[nodiscard]] XGRAD_API Tensor mul(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mul(const Tensor& x, Scalar y, Location at = Location::current());
// True division; integers give float32.
[[nodiscard]] XGRAD_API Tensor div(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor div(const Tensor& x, Scalar y, Location at = Location::current());
// The quotient rounded towards zero or downwards, as PyTorch's rounding_mode: integers stay integers (ValueError for a
// zero divisor) and the gradient is zero.
enum class Rounding { none, trunc, floor };
inline std::ostream& operator<<(std::ostream& os, Rounding v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "trunc", "floor"});
}
[[nodiscard]] XGRAD_API Tensor div(const Tensor& x, const Tensor& y, Rounding rounding,
                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor div(const Tensor& x, Scalar y, Rounding rounding, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor rdiv(const Tensor& x, Scalar y, Location at = Location::current());  // y / x
// x + value a b and x + value a / b. Integers: addcmul stays whole, addcdiv is a DTypeError.
[[nodiscard]] XGRAD_API Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value = 1,
                                       Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value = 1,
                                       Location at = Location::current());
// x + weight (y - x), exactly x for the weight 0 and y for 1. Floating tensors of one type.
[[nodiscard]] XGRAD_API Tensor lerp(const Tensor& x, const Tensor& y, const Tensor& weight,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor lerp(const Tensor& x, const Tensor& y, Scalar weight, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor neg(const Tensor& x, Location at = Location::current());

inline Tensor operator+(const Tensor& a, const Operand& b) {
  return b.tensor ? add(a, *b.tensor, 1, b.at) : add(a, b.scalar, b.at);
}
inline Tensor operator-(const Tensor& a, const Operand& b) {
  return b.tensor ? sub(a, *b.tensor, 1, b.at) : sub(a, b.scalar, b.at);
}
inline Tensor operator*(const Tensor& a, const Operand& b) {
  return b.tensor ? mul(a, *b.tensor, b.at) : mul(a, b.scalar, b.at);
}
inline Tensor operator/(const Tensor& a, const Operand& b) {
  return b.tensor ? div(a, *b.tensor, b.at) : div(a, b.scalar, b.at);
}
template <Arithmetic T>
Tensor operator+(T a, const Operand& b) {
  return add(*b.tensor, Scalar(a), b.at);
}
template <Arithmetic T>
Tensor operator-(T a, const Operand& b) {
  return rsub(*b.tensor, Scalar(a), b.at);
}
template <Arithmetic T>
Tensor operator*(T a, const Operand& b) {
  return mul(*b.tensor, Scalar(a), b.at);
}
template <Arithmetic T>
Tensor operator/(T a, const Operand& b) {
  return rdiv(*b.tensor, Scalar(a), b.at);
}
// Containers and text are no operands.
namespace detail {
template <class T>
concept NoOperand = std::is_convertible_v<const T&, std::string> ||(
    requires { typename T::value_type; } && !requires(const T& t) { t.shape(); });
}  // namespace detail
template <detail::NoOperand T>
Tensor operator+(const Tensor&, const T&) = delete;  // x + tensor(values); text: print with <<, or to_string(x)
template <detail::NoOperand T>
Tensor operator-(const Tensor&, const T&) = delete;  // x - tensor(values)
template <detail::NoOperand T>
Tensor operator*(const Tensor&, const T&) = delete;  // x * tensor(values)
template <detail::NoOperand T>
Tensor operator/(const Tensor&, const T&) = delete;  // x / tensor(values)
template <detail::NoOperand T>
Tensor operator+(const T&, const Tensor&) = delete;  // tensor(values) + x; text: print with <<, or to_string(x)
template <detail::NoOperand T>
Tensor operator-(const T&, const Tensor&) = delete;  // tensor(values) - x
template <detail::NoOperand T>
Tensor operator*(const T&, const Tensor&) = delete;  // tensor(values) * x
template <detail::NoOperand T>
Tensor operator/(const T&, const Tensor&) = delete;  // tensor(values) / x
template <Arithmetic T>
T& operator+=(T&, const Tensor&) = delete;  // sum += x.item<float>()
template <Arithmetic T>
T& operator-=(T&, const Tensor&) = delete;  // sum -= x.item<float>()

inline Tensor operator-(const Located& a) { return neg(a.tensor, a.at); }
inline Tensor& operator+=(Tensor& a, const Operand& b) {
  return b.tensor ? a.add_(*b.tensor, 1, b.at) : a.add_(b.scalar, b.at);
}
inline Tensor& operator-=(Tensor& a, const Operand& b) {
  if (b.tensor) return a.sub_(*b.tensor, 1, b.at);
  return a.add_(b.scalar.is_floating() ? Scalar(-b.scalar.to_double()) : Scalar(-b.scalar.to_int64()), b.at);
}
inline Tensor& operator*=(Tensor& a, const Operand& b) {
  return b.tensor ? a.mul_(*b.tensor, b.at) : a.mul_(b.scalar, b.at);
}
inline Tensor& operator/=(Tensor& a, const Operand& b) {
  return b.tensor ? a.div_(*b.tensor, b.at) : a.div_(b.scalar, b.at);
}
// Through a view made on the spot: x[0] += 1.
inline Tensor operator+=(Tensor&& a, const Operand& b) { return a += b; }
inline Tensor operator-=(Tensor&& a, const Operand& b) { return a -= b; }
inline Tensor operator*=(Tensor&& a, const Operand& b) { return a *= b; }
inline Tensor operator/=(Tensor&& a, const Operand& b) { return a /= b; }

}  // namespace xgrad
