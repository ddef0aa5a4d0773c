// Special functions: the numbers come from kernels/special_*.cpp, the derivatives are operations.
#include "kernels/special.hpp"

#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/special.hpp>

#include "core/tape/record.hpp"
#include "kernels/odds.hpp"
#include "kernels/special_rows.hpp"
#include "ops/binary.hpp"
#include "ops/map_numbers.hpp"
#include "ops/normal.hpp"

namespace xgrad {

using detail::by_numbers;
using detail::impl;
using detail::Keep;
using detail::map_numbers;
using detail::require_broadcast;
using detail::unary;

namespace {

constexpr double kTwoOverRootPi = 1.12837916709551257390, kRootHalfPi = 1.25331413731550025121;
constexpr double kOneOverRootTwoPi = 0.39894228040143267794;

Location here() { return Location::current(); }

// P(X < v) of the normal distribution.
template <class V>
XGRAD_INLINE V below(const V& v) {
  return erfc(v * detail::kMinusHalfRoot) * 0.5;
}
template <int B>
XGRAD_INLINE Vec<float, B> below(const Vec<float, B>& v) {
  detail::NormalAt<B> p;
  detail::normal_at<detail::OfItself>(v, p);
  return p.below;
}

}  // namespace

// ---- error function and normal distribution ----
Tensor erf(const Tensor& x, Location at) {  // d/dx = 2 / sqrt(pi) exp(-x^2)
  return unary<Keep::input>(
      "erf", x, [](auto v) { return erf(v); }, [](auto g, auto v) { return g * (exp(-(v * v)) * kTwoOverRootPi); }, at);
}

Tensor erfc(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "erfc", x, [](auto v) { return detail::erfc_value(v); },
      [](auto g, auto v) { return g * (exp(-(v * v)) * -kTwoOverRootPi); }, at);
}

Tensor erfcx(const Tensor& x, Location at) {
  return by_numbers(
      "erfcx", x, &detail::erfcx_of,
      [](const Tensor& g, const Tensor& v) { return g * (2 * v * erfcx(v) - kTwoOverRootPi); }, at);
}

Tensor erfinv(const Tensor& x, Location at) {
  return by_numbers<Keep::output>(
      "erfinv", x, detail::RowFunction{&detail::erfinv_of, &detail::erfinv_row},
      [](const Tensor& g, const Tensor& y) { return g * (exp(y * y) / kTwoOverRootPi); }, at);
}

Tensor ndtr(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "ndtr", x, [](auto v) { return below(v); },
      [](auto g, auto v) { return g * (exp(v * v * -0.5) * kOneOverRootTwoPi); }, at);
}

Tensor ndtri(const Tensor& x, Location at) {
  return by_numbers<Keep::output>(
      "ndtri", x, &detail::ndtri_of,
      [](const Tensor& g, const Tensor& y) { return g * (exp(y * y * 0.5) / kOneOverRootTwoPi); }, at);
}

Tensor log_ndtr(const Tensor& x, Location at) {  // d/dx = density / ndtr
  return by_numbers(
      "log_ndtr", x, &detail::log_ndtr_of,
      [](const Tensor& g, const Tensor& v) { return g / (erfcx(v * -0.70710678118654752440) * kRootHalfPi); }, at);
}

// ---- gamma function ----
namespace {

// The n-th derivative of digamma, whose own is the next.
Tensor polygamma_named(const char* op, double n, const Tensor& x, const Location& at) {
  const Tensor v = detail::as_floating(x);
  const detail::RowFunction digammas{[](double u) { return detail::polygamma_of(0, u); }, &detail::digamma_row};
  return detail::record_op(
      op, n == 0 ? map_numbers(digammas, v) : map_numbers(&detail::polygamma_of, n, v), {v}, {v},
      [n](const Saved& s, const Tensor& g) -> Grads { return {g * polygamma_named("polygamma", n + 1, s[0], here())}; },
      at, detail::named<"n">(n));
}

}  // namespace

Tensor lgamma(const Tensor& x, Location at) {
  return by_numbers(
      "lgamma", x, detail::RowFunction{&detail::lgamma_of, &detail::lgamma_row},
      [](const Tensor& g, const Tensor& v) { return g * digamma(v); }, at);
}

Tensor digamma(const Tensor& x, Location at) {
  require_defined("digamma", x, at);
  return polygamma_named("digamma", 0, x, at);
}

Tensor polygamma(std::int64_t n, const Tensor& x, Location at) {
  require_defined("polygamma", x, at);
  if (n < 0)
    ErrorReport("polygamma", fmt::format("the order is at least 0, got {}", n), at).operand("input", x).value_error();
  return polygamma_named("polygamma", static_cast<double>(n), x, at);
}

namespace {

double mvlgamma_of(double p, double x) {
  double sum = p * (p - 1) / 4 * 1.14472988584940017414;  // log(pi)
  for (double i = 0; i < p; i += 1) sum += detail::lgamma_of(x - i / 2);
  return sum;
}

}  // namespace

Tensor mvlgamma(const Tensor& x, std::int64_t p, Location at) {
  require_defined("mvlgamma", x, at);
  if (p < 1)
    ErrorReport("mvlgamma", fmt::format("the dimension is at least 1, got {}", p), at)
        .operand("input", x)
        .value_error();
  const Tensor v = detail::as_floating(x);
  return detail::record_op(
      "mvlgamma", map_numbers(&mvlgamma_of, static_cast<double>(p), v), {v}, {v},
      [p](const Saved& s, const Tensor& g) -> Grads {
        Tensor sum = digamma(s[0]);
        for (std::int64_t i = 1; i < p; ++i) sum = sum + digamma(s[0] - 0.5 * static_cast<double>(i));
        return {g * sum};
      },
      at, detail::named<"p">(p));
}

namespace {

// f(x, y), differentiated by y alone: dy = b(g, x, y).
template <class B>
Tensor by_second(const char* op, const Tensor& x, const Tensor& y, detail::PairFunction f, B b, const Location& at) {
  require_broadcast(op, x, y, at);
  const DType both = detail::result_type(x, y), type = is_floating(both) ? both : DType::float32;
  if (detail::is_mixed(x, y, type)) return by_second(op, x.to(type, at), y.to(type, at), f, b, at);
  if (grad_enabled() && detail::wants_grad(x))
    ErrorReport(op, "has no derivative by its first operand", at)
        .operand("first", x)
        .help("pass first.detach(), or call it under NoGradGuard")
        .autograd_error();
  return detail::record_op(
      op, map_numbers(f, x, y), {x, y}, {x, y},
      [b](const Saved& s, const Tensor& g) -> Grads {
        return {Tensor(), s.needs(1) ? b(g, s[0], s[1]) : Tensor()};
      },
      at);
}

// The derivative of igamma by y: y^(x - 1) e^-y / gamma(x), whose own is ((x - 1) / y - 1) times it.
Tensor igamma_density(const Tensor& x, const Tensor& y) {
  return by_second(
      "igamma_density", x, y, &detail::igamma_density_of,
      [](const Tensor& g, const Tensor& a, const Tensor& v) { return g * ((a - 1) / v - 1) * igamma_density(a, v); },
      here());
}

}  // namespace

Tensor igamma(const Tensor& x, const Tensor& y, Location at) {
  return by_second(
      "igamma", x, y, &detail::igamma_of,
      [](const Tensor& g, const Tensor& a, const Tensor& v) { return g * igamma_density(a, v); }, at);
}
Tensor igammac(const Tensor& x, const Tensor& y, Location at) {
  return by_second(
      "igammac", x, y, &detail::igammac_of,
      [](const Tensor& g, const Tensor& a, const Tensor& v) { return -g * igamma_density(a, v); }, at);
}

Tensor zeta(const Tensor& x, const Tensor& y, Location at) {
  return by_second(
      "zeta", x, y, &detail::zeta_of,
      [](const Tensor& g, const Tensor& s, const Tensor& q) { return -g * s * zeta(s + 1, q); }, at);
}

// ---- Bessel functions ----
namespace {
// f(x) / x with the limit 1/2 at 0 of functions of order 1.
Tensor over(const Tensor& f, const Tensor& x) {
  const Tensor zero = x == 0;
  return where(zero, 0.5, f / where(zero, 1.0, x));
}
}  // namespace

Tensor i0(const Tensor& x, Location at) {
  return by_numbers(
      "i0", x, &detail::i0_of, [](const Tensor& g, const Tensor& v) { return g * i1(v); }, at);
}
Tensor i0e(const Tensor& x, Location at) {
  return by_numbers(
      "i0e", x, &detail::i0e_of, [](const Tensor& g, const Tensor& v) { return g * (i1e(v) - sign(v) * i0e(v)); }, at);
}
Tensor i1(const Tensor& x, Location at) {
  return by_numbers(
      "i1", x, &detail::i1_of, [](const Tensor& g, const Tensor& v) { return g * (i0(v) - over(i1(v), v)); }, at);
}
Tensor i1e(const Tensor& x, Location at) {
  return by_numbers(
      "i1e", x, &detail::i1e_of,
      [](const Tensor& g, const Tensor& v) {
        const Tensor y = i1e(v);
        return g * (i0e(v) - sign(v) * y - over(y, v));
      },
      at);
}

Tensor modified_bessel_k0(const Tensor& x, Location at) {
  return by_numbers(
      "modified_bessel_k0", x, &detail::k0_of,
      [](const Tensor& g, const Tensor& v) { return -g * modified_bessel_k1(v); }, at);
}
Tensor modified_bessel_k1(const Tensor& x, Location at) {
  return by_numbers(
      "modified_bessel_k1", x, &detail::k1_of,
      [](const Tensor& g, const Tensor& v) { return -g * (modified_bessel_k0(v) + modified_bessel_k1(v) / v); }, at);
}
Tensor scaled_modified_bessel_k0(const Tensor& x, Location at) {
  return by_numbers(
      "scaled_modified_bessel_k0", x, &detail::k0e_of,
      [](const Tensor& g, const Tensor& v) {
        return g * (scaled_modified_bessel_k0(v) - scaled_modified_bessel_k1(v));
      },
      at);
}
Tensor scaled_modified_bessel_k1(const Tensor& x, Location at) {
  return by_numbers(
      "scaled_modified_bessel_k1", x, &detail::k1e_of,
      [](const Tensor& g, const Tensor& v) {
        return g * (scaled_modified_bessel_k1(v) * (1 - 1 / v) - scaled_modified_bessel_k0(v));
      },
      at);
}

Tensor bessel_j0(const Tensor& x, Location at) {
  return by_numbers(
      "bessel_j0", x, &detail::j0_of, [](const Tensor& g, const Tensor& v) { return -g * bessel_j1(v); }, at);
}
Tensor bessel_j1(const Tensor& x, Location at) {
  return by_numbers(
      "bessel_j1", x, &detail::j1_of,
      [](const Tensor& g, const Tensor& v) { return g * (bessel_j0(v) - over(bessel_j1(v), v)); }, at);
}
Tensor bessel_y0(const Tensor& x, Location at) {
  return by_numbers(
      "bessel_y0", x, &detail::y0_of, [](const Tensor& g, const Tensor& v) { return -g * bessel_y1(v); }, at);
}
Tensor bessel_y1(const Tensor& x, Location at) {
  return by_numbers(
      "bessel_y1", x, &detail::y1_of,
      [](const Tensor& g, const Tensor& v) { return g * (bessel_y0(v) - bessel_y1(v) / v); }, at);
}

namespace {
Tensor spherical_of_order(double k, const Tensor& x, const Location& at) {
  return detail::record_op(
      "spherical_bessel_j0", map_numbers(&detail::spherical_j0_of, k, x), {x}, {x},
      [k](const Saved& s, const Tensor& g) -> Grads { return {g * spherical_of_order(k + 1, s[0], here())}; }, at,
      detail::named<"order">(k));
}
}  // namespace

Tensor spherical_bessel_j0(const Tensor& x, Location at) {
  require_defined("spherical_bessel_j0", x, at);
  return spherical_of_order(0, detail::as_floating(x), at);
}

// ---- entropies and odds ----
Tensor entr(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "entr", x,
      [](auto v) {
        return detail::in_double(v, [](const auto& u) XGRAD_INLINED {
          const auto beyond = where(u == 0, 0, where(u != u, u, -std::numeric_limits<double>::infinity()));
          return where(u > 0, -u * log(u), beyond);
        });
      },
      [](auto g, auto v) { return -g * (log(v) + 1); }, at);
}

Tensor logit(const Tensor& x, std::optional<double> eps, Location at) {
  if (eps) {
    require_defined("logit", x, at);
    return logit(clamp(detail::as_floating(x), *eps, 1 - *eps, at), {}, at);
  }
  return unary<Keep::input>(
      "logit", x, [](auto v) { return detail::logit_value(v); },
      [](auto g, auto v) {
        const auto slope = v * (1 - v);
        return g / where(slope < 0, std::numeric_limits<double>::quiet_NaN(), slope);
      },
      at);
}

namespace {

// x f(y), 0 where x is 0 and y a number; f the logarithm of y or of 1 + y, which ends at y = end.
template <class F, class D>
Tensor x_times(const char* op, const Tensor& x, const Tensor& y, double end, F f, D slope, const Location& at) {
  require_broadcast(op, x, y, at);
  const DType both = detail::result_type(x, y), type = is_floating(both) ? both : DType::float32;
  if (detail::is_mixed(x, y, type)) return x_times(op, x.to(type, at), y.to(type, at), end, f, slope, at);
  return detail::record_op(
      op, map([f](auto a, auto b) { return where((a == 0) && (b == b), 0, a * f(b)); }, x, y), {x, y}, {x, y},
      [end, f, slope](const Saved& s, const Tensor& g) -> Grads {
        const Tensor a = s[0], b = s[1];
        Tensor dx, dy;
        if (s.needs(0)) {  // the logarithm of 1 where x is 0 and its own is not finite, or nothing arrives
          const Tensor off = ((a == 0) || (g == 0)) && (b <= end);
          dx = g * f(where(off, 1 + end, b));
        }
        if (s.needs(1)) dy = g * slope(a, b);
        return {std::move(dx), std::move(dy)};
      },
      at);
}

Tensor number_beside(const char* op, Scalar v, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  return detail::scalar_tensor(v.to_double(), is_floating(impl(x).dtype) ? impl(x).dtype : DType::float32);
}

}  // namespace

Tensor xlogy(const Tensor& x, const Tensor& y, Location at) {
  return x_times(
      "xlogy", x, y, 0, [](const auto& v) { return log(v); }, [](const Tensor& a, const Tensor& b) { return a / b; },
      at);
}
Tensor xlogy(const Tensor& x, Scalar y, Location at) { return xlogy(x, number_beside("xlogy", y, x, at), at); }
Tensor xlogy(Scalar x, const Tensor& y, Location at) { return xlogy(number_beside("xlogy", x, y, at), y, at); }

Tensor xlog1py(const Tensor& x, const Tensor& y, Location at) {
  return x_times(
      "xlog1py", x, y, -1, [](const auto& v) { return log1p(v); },
      [](const Tensor& a, const Tensor& b) { return a / (b + 1); }, at);
}
Tensor xlog1py(const Tensor& x, Scalar y, Location at) { return xlog1py(x, number_beside("xlog1py", y, x, at), at); }
Tensor xlog1py(Scalar x, const Tensor& y, Location at) { return xlog1py(number_beside("xlog1py", x, y, at), y, at); }

}  // namespace xgrad
