// Functions of mathematics, element by element: signs, powers, exponentials, logarithms.
#include <algorithm>
#include <cmath>
#include <tuple>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/record.hpp>

#include "core/tape/record.hpp"
#include "kernels/power.hpp"
#include "ops/binary.hpp"
#include "ops/map_numbers.hpp"
#include "ops/print_parts.hpp"
#include "ops/unary.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::as_type;
using detail::impl;
using detail::integer_binary;
using detail::is_mixed;
using detail::Keep;
using detail::kWrap;
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

namespace {
Tensor sign_named(const char* op, const Tensor& x, const Location& at) {
  if (detail::is_exact(op, x, at))
    return detail::integer_unary(
        op, x, [](auto v) { return int(v > 0) - int(v < 0); }, at);
  return detail::record_op(
      op, map([](auto v) { return sign(v); }, x), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {detail::zeros_raw(g.shape(), g.dtype())}; }, at);
}
}  // namespace

Tensor sign(const Tensor& x, Location at) { return sign_named("sign", x, at); }
Tensor sgn(const Tensor& x, Location at) { return sign_named("sgn", x, at); }

Tensor positive(const Tensor& x, Location at) {
  require_defined("positive", x, at);
  if (impl(x).dtype == DType::boolean)
    ErrorReport("positive", "is not defined for bool; cast first", at).operand("input", x).dtype_error();
  return x;
}

// ---- powers ----
namespace {

constexpr double kLn2 = 0.693147180559945309417, kLn10 = 2.302585092994045684;

template <class T, int Bytes>
XGRAD_INLINE Vec<T, Bytes> raise(Vec<T, Bytes> v, double k) {
  return detail::power(v, Vec<T, Bytes>(k));
}
Tensor raise(const Tensor& v, double k) { return pow(v, Scalar(k)); }
template <class T, int Bytes>
XGRAD_INLINE Vec<T, Bytes> raise(const Vec<T, Bytes>& v, const Vec<T, Bytes>& k) {
  return detail::power(v, k);
}
Tensor raise(const Tensor& v, const Tensor& k) { return pow(v, k); }

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
  if (k == 1) return grad_enabled() ? mul(g, pow(x, Scalar(0.0))) : g;  // of x, too: its derivative is 0, not unknown
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
    const auto whole = [](auto a, auto b) { return integer_power(a, static_cast<std::int64_t>(b)); };
    return detail::integer_with_number("pow", x, y, type, whole, at, detail::named<"exponent">(y.to_int64()));
  }
  const Tensor v = as_type(x, type);
  const double k = y.to_double();
  Tensor out =
      k == 0 ? map([](auto a) { return decltype(a)(1); }, v) : with_power(k, [&](auto p) { return map(p, v); });
  return detail::record_number<"exponent">(
      "pow", k, std::move(out), {x}, {v},
      [](double to, const Saved& s, const Tensor& g) -> Grads { return {power_backward(g, s[0], to)}; }, at);
}

Tensor pow(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("pow", x, y, at);
  const DType type = result_type(x, y);
  require_numbers(type, x, at);
  if (!is_floating(type))
    return integer_binary(
        "pow", x, y, type, [](auto a, auto b) { return integer_power(a, static_cast<std::int64_t>(b)); }, at);
  if (is_mixed(x, y, type)) return pow(x.to(type, at), y.to(type, at), at);
  Tensor out = map([](auto a, auto b) { return raise(a, b); }, x, y);
  return detail::record_op(
      "pow", out, {x, y}, {x, y, out},
      [](const Saved& s, const Tensor& g) -> Grads {
        Tensor gx, gy;
        // A base of 1 where the product would be 0 * inf (0, a number so small that its inverse overflows, NaN), so
        // that second derivatives are free of NaN too.
        if (s.needs(0))
          gx = fuse(
              [](auto u, auto a, auto b) {
                auto base = where((b == 0) && !(abs(1 / a) < INFINITY), 1, a);
                return u * (b * raise(base, b - 1));
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

Tensor float_power(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("float_power", x, y, at);
  return pow(x.to(DType::float64, at), y.to(DType::float64, at), at);
}
Tensor float_power(const Tensor& x, Scalar y, Location at) {
  require_defined("float_power", x, at);
  return pow(x.to(DType::float64, at), y, at);
}
Tensor float_power(Scalar x, const Tensor& y, Location at) {
  require_defined("float_power", y, at);
  return pow(x, y.to(DType::float64, at), at);
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

Tensor exp2(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "exp2", x, [](auto v) { return exp2(v); }, [](auto g, auto y) { return g * (y * kLn2); }, at);
}

Tensor expm1(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "expm1", x, [](auto v) { return expm1(v); }, [](auto g, auto y) { return g * (y + 1); }, at);
}

Tensor log(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log", x, [](auto v) { return log(v); }, [](auto g, auto v) { return g / v; }, at);
}

Tensor log2(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log2", x, [](auto v) { return log2(v); }, [](auto g, auto v) { return g / (v * kLn2); }, at);
}

Tensor log10(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log10", x, [](auto v) { return log10(v); }, [](auto g, auto v) { return g / (v * kLn10); }, at);
}

Tensor log1p(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log1p", x, [](auto v) { return log1p(v); }, [](auto g, auto v) { return g / (v + 1); }, at);
}

namespace {

// log_b(b^x + b^y) = the larger + log_b(1 + b^-|x - y|); the derivatives are the shares of the two powers in the sum.
template <class F>
Tensor log_add(const char* op, double log_base, const Tensor& x, const Tensor& y, F f, const Location& at) {
  require_broadcast(op, x, y, at);
  const DType type = result_type(x, y);
  if (!is_floating(type))
    ErrorReport(op, "takes floating tensors", at).operand("left", x).operand("right", y).dtype_error();
  if (is_mixed(x, y, type)) return log_add(op, log_base, x.to(type, at), y.to(type, at), f, at);
  return detail::record_op(
      op, map(f, x, y), {x, y}, {x, y},
      [log_base](const Saved& s, const Tensor& g) -> Grads {
        const auto part = [log_base](auto u, auto p, auto q) { return u * sigmoid((p - q) * log_base); };
        return {s.needs(0) ? fuse(part, g, s[0], s[1]) : Tensor(), s.needs(1) ? fuse(part, g, s[1], s[0]) : Tensor()};
      },
      at);
}

}  // namespace

Tensor logaddexp(const Tensor& x, const Tensor& y, Location at) {
  const auto f = [](auto a, auto b) { return where(a == b, a + kLn2, maximum(a, b) + log1p(exp(-abs(a - b)))); };
  return log_add("logaddexp", 1, x, y, f, at);
}
Tensor logaddexp2(const Tensor& x, const Tensor& y, Location at) {
  const auto f = [](auto a, auto b) { return where(a == b, a + 1, maximum(a, b) + log1p(exp2(-abs(a - b))) / kLn2); };
  return log_add("logaddexp2", kLn2, x, y, f, at);
}

// ---- parts of numbers ----
Tensor copysign(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("copysign", x, y, at);
  const DType both = result_type(x, y), type = is_floating(both) ? both : DType::float32;
  const Tensor a = as_type(x, type), b = as_type(y, type);
  Tensor out = map([](auto p, auto q) { return copysign(p, q); }, a, b);
  return detail::record_op(
      "copysign", out, {x, y}, {a, out},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {
            s.needs(0) ? fuse([](auto u, auto p, auto r) { return u * (sign(p) * sign(r)); }, g, s[0], s[1]) : Tensor(),
            s.needs(1) ? detail::zeros_raw(g.shape(), g.dtype()) : Tensor()};
      },
      at);
}
Tensor copysign(const Tensor& x, Scalar y, Location at) {
  require_defined("copysign", x, at);
  return copysign(x, scalar_tensor(y.to_double(), detail::as_floating(x).dtype()), at);
}

namespace {
template <class T>
void next_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const T *x = static_cast<const T*>(in[0]), *y = static_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = std::nextafter(x[i], y[i]);
}
}  // namespace

Tensor nextafter(const Tensor& x, const Tensor& y, Location at) {
  require_defined("nextafter", y, at);
  require_floating("nextafter", x, at);
  require_same_dtype("nextafter", x, y, at);
  require_broadcast("nextafter", x, y, at);
  const Tensor* in[] = {&x, &y};
  const DType type = impl(x).dtype;
  Tensor out = detail::tile_output(in, 2, type);
  detail::run_tiles({type == DType::float64 ? &next_tile<double> : &next_tile<float>, nullptr, 5.0}, out, in, 2);
  return out;
}

Tensor ldexp(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("ldexp", x, y, at);
  const DType power = is_floating(impl(y).dtype) ? impl(y).dtype : DType::float32;
  const DType type = detail::promote_kinds(impl(x).dtype, impl(x).shape.rank() == 0, power, impl(y).shape.rank() == 0);
  if (is_mixed(x, y, type)) return ldexp(x.to(type, at), y.to(type, at), at);
  // 2^y alone may over- or underflow.
  const detail::PairFunction f = [](double a, double b) {
    if (std::trunc(b) != b || std::isinf(b)) return a * std::exp2(b);
    return std::ldexp(a, static_cast<int>(std::clamp(b, -4000.0, 4000.0)));
  };
  Tensor out = detail::map_numbers(f, x, y);
  return detail::record_op(
      "ldexp", out, {x, y}, {y, out},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {s.needs(0) ? ldexp(g, s[0]) : Tensor(),
                s.needs(1) ? fuse([](auto u, auto v) { return u * (v * kLn2); }, g, s[1]) : Tensor()};
      },
      at);
}

MantissaExponent frexp(const Tensor& x, Location at) {
  require_floating("frexp", x, at);
  const detail::NumberFunction mantissa = [](double v) {
    int unused = 0;
    return std::frexp(v, &unused);
  };
  const detail::NumberFunction exponent = [](double v) {
    int n = 0;
    if (std::isfinite(v)) std::ignore = std::frexp(v, &n);
    return static_cast<double>(n);
  };
  Tensor n = detail::map_numbers(exponent, x);
  Tensor m = detail::record_op(
      "frexp", detail::map_numbers(mantissa, x), {x}, {n},
      [](const Saved& s, const Tensor& g) -> Grads { return {g * exp2(-s[0])}; }, at);
  return {std::move(m), detail::cast_raw(n, DType::int32)};
}

std::ostream& operator<<(std::ostream& os, const MantissaExponent& r) {
  return detail::print_parts(os, {{"mantissa", r.mantissa}, {"exponent", r.exponent}});
}
}  // namespace xgrad
