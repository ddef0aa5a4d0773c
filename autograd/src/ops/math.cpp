// Functions of mathematics, element by element: powers, exponentials, trigonometry.
#include <cmath>

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/record.hpp>

#include "ops/binary.hpp"
#include "ops/unary.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::as_type;
using detail::impl;
using detail::integer_binary;
using detail::is_mixed;
using detail::Keep;
using detail::kWrap;
using detail::record_number;
using detail::require_broadcast;
using detail::result_type;
using detail::scalar_tensor;
using detail::unary;

Tensor abs(const Tensor& x, Location at) {
  if (detail::is_exact("abs", x, at))
    return detail::integer_unary(
        "abs", x, [](auto v) { return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v); }, at);
  return unary<Keep::input>(
      "abs", x, [](auto v) { return abs(v); }, [](auto g, auto v) { return g * sign(v); }, at);
}

Tensor sign(const Tensor& x, Location at) {
  if (detail::is_exact("sign", x, at))
    return detail::integer_unary(
        "sign", x, [](auto v) { return int(v > 0) - int(v < 0); }, at);
  return record(
      "sign", map([](auto v) { return sign(v); }, x), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {detail::zeros_raw(g.shape(), g.dtype())}; }, at);
}

// ---- powers ----
namespace {

template <class T, int Bytes>
XGRAD_INLINE Vec<T, Bytes> raise(Vec<T, Bytes> v, double k) {
  return pow(v, Vec<T, Bytes>(k));
}
Tensor raise(const Tensor& v, double k) { return pow(v, Scalar(k)); }

// use(p) with p(v) = v^k for vectors and Tensors, without the general (slow) function for the exponents that come up.
template <class Use>
Tensor with_power(double k, Use use) {
  if (k == 1) return use([](auto v) { return v; });
  if (k == 2) return use([](auto v) { return v * v; });
  if (k == 3) return use([](auto v) { return v * v * v; });
  if (k == 0.5) return use([](auto v) { return sqrt(v); });
  if (k == -0.5) return use([](auto v) { return 1 / sqrt(v); });
  if (k == -1) return use([](auto v) { return 1 / v; });
  if (k == -2) return use([](auto v) { return 1 / (v * v); });
  return use([k](auto v) { return raise(v, k); });
}

// g k x^(k-1)
Tensor power_backward(const Tensor& g, const Tensor& x, double k) {
  if (k == 0) return detail::zeros_raw(g.shape(), g.dtype());
  if (k == 1) return g;
  return with_power(k - 1,
                    [&](auto p) { return detail::fuse_last([p, k](auto u, auto v) { return u * (p(v) * k); }, g, x); });
}

template <class T>
T integer_power(T base, std::int64_t exponent) {
  if (exponent < 0) return base == T(1) ? T(1) : base == T(-1) ? (exponent % 2 ? base : T(1)) : T(0);
  std::uint64_t result = 1, b = kWrap(base);
  for (auto e = static_cast<std::uint64_t>(exponent); e; e >>= 1, b *= b)
    if (e & 1) result *= b;
  return static_cast<T>(result);
}

// Truth values have no powers, as they have no differences; PyTorch refuses them, too.
void require_numbers(DType result, const Tensor& x, const Location& at) {
  if (result == DType::boolean) [[unlikely]]
    ErrorReport("pow", "not defined for bool; cast one of them to a number type", at).operand("input", x).dtype_error();
}

}  // namespace

Tensor pow(const Tensor& x, Scalar y, Location at) {
  require_defined("pow", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  require_numbers(type, x, at);
  if (!is_floating(type)) {
    if (y.to_int64() < 0)
      ErrorReport("pow", "integers to a negative integer power are not allowed; cast to a floating type", at)
          .operand("input", x)
          .value_error();
    return integer_binary(x, scalar_tensor(y, type), type,
                          [](auto a, auto b) { return integer_power(a, static_cast<std::int64_t>(b)); });
  }
  const Tensor v = as_type(x, type);
  const double k = y.to_double();
  Tensor out =
      k == 0 ? map([](auto a) { return decltype(a)(1); }, v) : with_power(k, [&](auto p) { return map(p, v); });
  return record_number(
      "pow", k, std::move(out), {x}, {v},
      [](double to, const Saved& s, const Tensor& g) -> Grads { return {power_backward(g, s[0], to)}; }, at);
}

Tensor pow(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("pow", x, y, at);
  const DType type = result_type(x, y);
  require_numbers(type, x, at);
  if (!is_floating(type))
    return integer_binary(x, y, type, [](auto a, auto b) { return integer_power(a, static_cast<std::int64_t>(b)); });
  if (is_mixed(x, y, type)) return pow(x.to(type, at), y.to(type, at), at);
  Tensor out = map([](auto a, auto b) { return pow(a, b); }, x, y);
  return record(
      "pow", out, {x, y}, {x, y, out},
      [](const Saved& s, const Tensor& g) -> Grads {
        Tensor gx, gy;
        // A base of 1 where the product would be 0 * inf (0, a number so small that its inverse overflows, NaN), so
        // that second derivatives are free of NaN too.
        if (s.needs(0))
          gx = fuse(
              [](auto u, auto a, auto b) {
                auto base = where((b == 0) && !(abs(1 / a) < INFINITY), 1, a);
                return u * (b * pow(base, b - 1));
              },
              g, s[0], s[1]);
        if (s.needs(1))
          gy = fuse(
              [](auto u, auto a, auto b, auto power) {
                auto base = where((a == 0) && (b >= 0), 1, a);
                return u * (power * log(base));
              },
              g, s[0], s[1], s[2]);
        return {gx, gy};
      },
      at);
}

Tensor pow(Scalar x, const Tensor& y, Location at) {
  require_defined("pow", y, at);
  const DType type = promote_types(impl(y).dtype, x);
  require_numbers(type, y, at);
  return pow(scalar_tensor(x, type), y, at);
}

Tensor square(const Tensor& x, Location at) {
  if (detail::is_exact("square", x, at)) return pow(x, 2, at);
  return unary<Keep::input>(
      "square", x, [](auto v) { return v * v; }, [](auto g, auto v) { return g * (v * 2); }, at);
}

Tensor sqrt(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "sqrt", x, [](auto v) { return sqrt(v); }, [](auto g, auto y) { return g / (y * 2); }, at);
}

Tensor rsqrt(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "rsqrt", x, [](auto v) { return 1 / sqrt(v); }, [](auto g, auto y) { return g * (y * y * y) * -0.5; }, at);
}

Tensor reciprocal(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "reciprocal", x, [](auto v) { return 1 / v; }, [](auto g, auto y) { return -g * (y * y); }, at);
}

Tensor exp(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "exp", x, [](auto v) { return exp(v); }, [](auto g, auto y) { return g * y; }, at);
}

Tensor expm1(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "expm1", x, [](auto v) { return expm1(v); }, [](auto g, auto y) { return g * (y + 1); }, at);
}

Tensor log(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log", x, [](auto v) { return log(v); }, [](auto g, auto v) { return g / v; }, at);
}

Tensor log1p(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log1p", x, [](auto v) { return log1p(v); }, [](auto g, auto v) { return g / (v + 1); }, at);
}

Tensor sin(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "sin", x, [](auto v) { return sin(v); }, [](auto g, auto v) { return g * cos(v); }, at);
}

Tensor cos(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "cos", x, [](auto v) { return cos(v); }, [](auto g, auto v) { return -g * sin(v); }, at);
}

Tensor erf(const Tensor& x, Location at) {  // d/dx = 2 / sqrt(pi) exp(-x^2)
  return unary<Keep::input>(
      "erf", x, [](auto v) { return erf(v); }, [](auto g, auto v) { return g * (exp(-(v * v)) * 1.1283791670955126); },
      at);
}

}  // namespace xgrad
