// Comparisons, logic and tests of elements, and choices between values. Inputs broadcast as in NumPy; ShapeError when
// they do not, DTypeError for types they do not take.
#pragma once

#include <optional>

#include <xgrad/ops/operand.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// ---- comparisons, logic, tests ----
// Bool results, no gradient.
[[nodiscard]] XGRAD_API Tensor eq(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor ne(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor lt(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor le(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor gt(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor ge(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor eq(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor ne(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor lt(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor le(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor gt(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor ge(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor logical_and(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor logical_or(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor logical_xor(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor logical_not(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor isnan(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor isinf(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor isfinite(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor isposinf(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor isneginf(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor isreal(const Tensor& x, Location at = Location::current());   // true
[[nodiscard]] XGRAD_API Tensor signbit(const Tensor& x, Location at = Location::current());  // true for -0, too
// Whether |x - y| <= atol + rtol |y|, or x = y, element by element, for tensors of one type. Infinities are close to
// themselves alone, NaN to NaN if equal_nan. ValueError for negative tolerances.
[[nodiscard]] XGRAD_API Tensor isclose(const Tensor& x, const Tensor& y, double rtol = 1e-5, double atol = 1e-8,
                                       bool equal_nan = false, Location at = Location::current());
// Whether shapes and all elements are equal, NaN to nothing.
XGRAD_API bool equal(const Tensor& x, const Tensor& y, Location at = Location::current());
// Whether |x - y| <= atol + rtol |y| everywhere, broadcast.
XGRAD_API bool allclose(const Tensor& x, const Tensor& y, double rtol = 1e-5, double atol = 1e-8,
                        bool equal_nan = false, Location at = Location::current());

namespace detail {
// a < b < c reads as (a < b) < c: DTypeError for bools on the left of numbers.
XGRAD_API void require_no_chain(const char* op, const Tensor& a, const Operand& b);
}  // namespace detail
inline Tensor operator==(const Tensor& a, const Operand& b) {
  return b.tensor ? eq(a, *b.tensor, b.at) : eq(a, b.scalar, b.at);
}
inline Tensor operator!=(const Tensor& a, const Operand& b) {
  return b.tensor ? ne(a, *b.tensor, b.at) : ne(a, b.scalar, b.at);
}
inline Tensor operator<(const Tensor& a, const Operand& b) {
  detail::require_no_chain("lt", a, b);
  return b.tensor ? lt(a, *b.tensor, b.at) : lt(a, b.scalar, b.at);
}
inline Tensor operator<=(const Tensor& a, const Operand& b) {
  detail::require_no_chain("le", a, b);
  return b.tensor ? le(a, *b.tensor, b.at) : le(a, b.scalar, b.at);
}
inline Tensor operator>(const Tensor& a, const Operand& b) {
  detail::require_no_chain("gt", a, b);
  return b.tensor ? gt(a, *b.tensor, b.at) : gt(a, b.scalar, b.at);
}
inline Tensor operator>=(const Tensor& a, const Operand& b) {
  detail::require_no_chain("ge", a, b);
  return b.tensor ? ge(a, *b.tensor, b.at) : ge(a, b.scalar, b.at);
}
inline Tensor operator&&(const Tensor& a, const Located& b) { return logical_and(a, b.tensor, b.at); }
inline Tensor operator||(const Tensor& a, const Located& b) { return logical_or(a, b.tensor, b.at); }
inline Tensor operator!(const Located& a) { return logical_not(a.tensor, a.at); }
// What NumPy and Python write for them.
Tensor operator&(const Tensor&, const Operand&) = delete;  // of masks: a && b
Tensor operator|(const Tensor&, const Operand&) = delete;  // of masks: a || b
Tensor operator^(const Tensor&, const Operand&) = delete;  // of masks: a != b
Tensor operator~(const Tensor&) = delete;                  // of a mask: !a

// ---- choices ----
[[nodiscard]] XGRAD_API Tensor maximum(const Tensor& x, const Tensor& y,
                                       Location at = Location::current());  // NaN wins; a tie sends half each way
[[nodiscard]] XGRAD_API Tensor minimum(const Tensor& x, const Tensor& y, Location at = Location::current());
// NaN loses; a tie is x's, gradient included.
[[nodiscard]] XGRAD_API Tensor fmax(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor fmin(const Tensor& x, const Tensor& y, Location at = Location::current());
// x with numbers in place of NaN, infinity and -infinity; without the last two the largest and the least of the type.
// Gradient 0 where one was put.
[[nodiscard]] XGRAD_API Tensor nan_to_num(const Tensor& x, double nan = 0, std::optional<double> posinf = {},
                                          std::optional<double> neginf = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp(const Tensor& x, Scalar min, Scalar max,
                                     Location at = Location::current());  // gradient 1 at the bounds
[[nodiscard]] XGRAD_API Tensor clamp_min(const Tensor& x, Scalar min, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp_max(const Tensor& x, Scalar max, Location at = Location::current());
// Bounds that are tensors get the gradient where they bind.
[[nodiscard]] XGRAD_API Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp_min(const Tensor& x, const Tensor& min, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp_max(const Tensor& x, const Tensor& max, Location at = Location::current());
// The lower bound alone, as clamp_min().
[[nodiscard]] inline Tensor clamp(const Tensor& x, Scalar min, Location at = Location::current()) {
  return clamp_min(x, min, at);
}
[[nodiscard]] inline Tensor clamp(const Tensor& x, const Tensor& min, Location at = Location::current()) {
  return clamp_min(x, min, at);
}
// Elements of x where condition (bool) holds, else of y.
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, const Tensor& x, Scalar y,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, Scalar x, const Tensor& y,
                                     Location at = Location::current());
// Of two numbers: float32, int64 when both are integers, bool when both are bools. (ValueError when a number beside an
// integer tensor does not fit its type.)
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, Scalar x, Scalar y, Location at = Location::current());

}  // namespace xgrad
