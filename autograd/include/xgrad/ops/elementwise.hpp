// Elementwise operations. Inputs broadcast as in NumPy; result dtypes follow PyTorch's promotion table. An integer
// input of a function that yields fractions (exp, sqrt, div ...) is computed in float32.
// All throw ShapeError when shapes do not broadcast and DTypeError for types they do not take.
#pragma once

#include <concepts>

#include <xgrad/tensor.hpp>

namespace xgrad {

// A tensor or a number together with the place it was written, so that an error in `a + b` can name the line.
struct Operand {
  Operand(const Tensor& t, Location where = Location::current()) : tensor(&t), scalar(0), at(where) {}  // NOLINT
  template <Arithmetic T>
  Operand(T v, Location where = Location::current()) : tensor(nullptr), scalar(v), at(where) {}  // NOLINT
  const Tensor* tensor;
  Scalar scalar;
  Location at;
};
// The same for operators that take no number.
struct Located {
  Located(const Tensor& t, Location where = Location::current()) : tensor(t), at(where) {}  // NOLINT
  const Tensor& tensor;
  Location at;
};

// ---- arithmetic ----
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
[[nodiscard]] XGRAD_API Tensor neg(const Tensor& x, Location at = Location::current());
// x^y. d/dx = y x^(y-1) (0 where y = 0), d/dy = x^y log x (0 where x = 0 and y >= 0).
[[nodiscard]] XGRAD_API Tensor pow(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pow(const Tensor& x, Scalar y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pow(Scalar x, const Tensor& y, Location at = Location::current());

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
Tensor operator+(T a, const Operand& b) { return add(*b.tensor, Scalar(a), b.at); }
template <Arithmetic T>
Tensor operator-(T a, const Operand& b) { return rsub(*b.tensor, Scalar(a), b.at); }
template <Arithmetic T>
Tensor operator*(T a, const Operand& b) { return mul(*b.tensor, Scalar(a), b.at); }
template <Arithmetic T>
Tensor operator/(T a, const Operand& b) { return rdiv(*b.tensor, Scalar(a), b.at); }
// Containers and text are no operands.
namespace detail {
template <class T>
concept NoOperand = std::is_convertible_v<const T&, std::string> ||
                    (requires { typename T::value_type; } && !requires(const T& t) { t.shape(); });
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

// ---- powers, exponentials, trigonometry ----
[[nodiscard]] XGRAD_API Tensor abs(const Tensor& x, Location at = Location::current());   // gradient 0 at 0
[[nodiscard]] XGRAD_API Tensor sign(const Tensor& x, Location at = Location::current());  // gradient 0
[[nodiscard]] XGRAD_API Tensor square(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sqrt(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor rsqrt(const Tensor& x, Location at = Location::current());       // 1 / sqrt(x)
[[nodiscard]] XGRAD_API Tensor reciprocal(const Tensor& x, Location at = Location::current());  // 1 / x
[[nodiscard]] XGRAD_API Tensor exp(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor expm1(const Tensor& x, Location at = Location::current());  // exp(x) - 1
[[nodiscard]] XGRAD_API Tensor log(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log1p(const Tensor& x, Location at = Location::current());  // log(1 + x)
[[nodiscard]] XGRAD_API Tensor sin(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cos(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor erf(const Tensor& x, Location at = Location::current());

// ---- activations ----
[[nodiscard]] XGRAD_API Tensor tanh(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sigmoid(const Tensor& x, Location at = Location::current());  // 1 / (1 + exp(-x))
[[nodiscard]] XGRAD_API Tensor log_sigmoid(const Tensor& x,
                                           Location at = Location::current());  // log(sigmoid(x)), no overflow
[[nodiscard]] XGRAD_API Tensor relu(const Tensor& x,
                                    Location at = Location::current());  // max(x, 0), NaN stays NaN; gradient 0 at 0
[[nodiscard]] XGRAD_API Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01,
                                          Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor elu(const Tensor& x, double alpha = 1,
                                   Location at = Location::current());  // x > 0 ? x : alpha (exp(x) - 1)
[[nodiscard]] XGRAD_API Tensor silu(const Tensor& x, Location at = Location::current());  // x sigmoid(x)
enum class Gelu { none, tanh };
inline std::ostream& operator<<(std::ostream& os, Gelu v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "tanh"});
}
// none: x Phi(x); tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Hendrycks & Gimpel 2016.
[[nodiscard]] XGRAD_API Tensor gelu(const Tensor& x, Gelu approximate = Gelu::none, Location at = Location::current());
// log(1 + exp(beta x)) / beta, linear where beta x > threshold.
[[nodiscard]] XGRAD_API Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20,
                                        Location at = Location::current());

// ---- comparisons and selection ----
[[nodiscard]] XGRAD_API Tensor maximum(const Tensor& x, const Tensor& y,
                                       Location at = Location::current());  // NaN wins; a tie sends half each way
[[nodiscard]] XGRAD_API Tensor minimum(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp(const Tensor& x, Scalar min, Scalar max,
                                     Location at = Location::current());  // gradient 1 at the bounds
[[nodiscard]] XGRAD_API Tensor clamp_min(const Tensor& x, Scalar min, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp_max(const Tensor& x, Scalar max, Location at = Location::current());
// Bounds that are tensors get the gradient where they bind.
[[nodiscard]] XGRAD_API Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp_min(const Tensor& x, const Tensor& min, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor clamp_max(const Tensor& x, const Tensor& max, Location at = Location::current());
// Elements of x where condition (bool) holds, else of y.
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, const Tensor& x, Scalar y,
                                     Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor where(const Tensor& condition, Scalar x, const Tensor& y,
                                     Location at = Location::current());

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
// Whether |x - y| <= atol + rtol |y| everywhere, broadcast.
XGRAD_API bool allclose(const Tensor& x, const Tensor& y, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false,
                        Location at = Location::current());

namespace detail {
// a < b < c reads as (a < b) < c: DTypeError for bools on the left of numbers.
XGRAD_API void require_no_chain(const char* op, const Tensor& a, const Operand& b);
}  // namespace detail
inline Tensor operator==(const Tensor& a, const Operand& b) { return b.tensor ? eq(a, *b.tensor, b.at) : eq(a, b.scalar, b.at); }
inline Tensor operator!=(const Tensor& a, const Operand& b) { return b.tensor ? ne(a, *b.tensor, b.at) : ne(a, b.scalar, b.at); }
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

}  // namespace xgrad
