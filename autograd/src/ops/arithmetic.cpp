// + - * / and powers. Each operation: floating types in one vectorised pass, integers in plain loops.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tape/reuse.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::as_type;
using detail::dispatch_all;
using detail::impl;
using detail::record_number;
using detail::require_broadcast;
using detail::result_type;

namespace {

// out = f(x, y) element by element in type T; the order of integer overflow is wrapping.
template <class T, class F>
void integer_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<T*>(out)[i] = static_cast<T>((*static_cast<const F*>(f))(a[i], b[i]));
}

// Integer and bool tensors through f in the wrapping unsigned sense.
template <class F>
Tensor integer_binary(const Tensor& x, const Tensor& y, DType type, F f) {
  const Tensor a = as_type(x, type), b = as_type(y, type);
  const Tensor* in[] = {&a, &b};
  Tensor out = detail::tile_output(in, 2, type);
  dispatch_all(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_floating_point_v<T>) detail::run_tiles({&integer_tile<T, F>, &f, 1.0}, out, in, 2);
  });
  return out;
}

Tensor scalar_tensor(Scalar v, DType type) {
  Tensor t = detail::make_tensor({}, type);
  detail::fill_raw(t, v);
  return t;
}

constexpr auto kWrap = [](auto v) {  // signed overflow is undefined; unsigned wraps
  if constexpr (std::is_same_v<decltype(v), bool>)
    return static_cast<std::uint64_t>(v);
  else
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(v));
};

// The floating operands of a binary operation; they are cast without the tape, the engine casts gradients back.
struct Pair {
  Tensor x, y;
};
Pair as_pair(const Tensor& x, const Tensor& y, DType type) { return {as_type(x, type), as_type(y, type)}; }

// g k, over the memory of g where possible. A gradient that is one number everywhere stays so.
Tensor scaled(const Tensor& g, double k) {
  const Shape& strides = impl(g).strides;
  if (!grad_enabled() && impl(g).numel > 1 && std::all_of(strides.begin(), strides.end(), [](auto s) { return s == 0; })) {
    const Tensor one = detail::make_view(g, {}, {}, impl(g).offset());
    return elementwise([k](auto u) { return u * k; }, one).expand(g.shape());
  }
  return detail::fuse_last([k](auto u) { return u * k; }, g);
}

// g v for the last use of g.
Tensor times_last(const Tensor& g, const Tensor& v) {
  if (grad_enabled() || impl(g).dtype != impl(v).dtype) return mul(g, v);
  return detail::fuse_last([](auto u, auto a) { return u * a; }, g, v);
}

// Where the backward formula is not linear in the operands, they are cast on the tape instead.
bool mixed(const Tensor& x, const Tensor& y, DType type) { return impl(x).dtype != type || impl(y).dtype != type; }

}  // namespace

Tensor add(const Tensor& x, const Tensor& y, Scalar alpha, Location at) {
  require_broadcast("add", x, y, at);
  const DType type = result_type(x, y);
  const double k = alpha.to_double();
  if (!is_floating(type)) {
    if (alpha.is_floating())
      ErrorReport("add", "a floating alpha needs floating tensors", at)
          .operand("left", x)
          .operand("right", y)
          .dtype_error();
    const auto m = static_cast<std::uint64_t>(alpha.to_int64());
    return integer_binary(x, y, type, [m](auto a, auto b) { return kWrap(a) + m * kWrap(b); });
  }
  const Pair p = as_pair(x, y, type);
  if (k == 1)
    return record(
        "add", elementwise([](auto a, auto b) { return a + b; }, p.x, p.y), {x, y}, {},
        [](const Saved&, const Tensor& g) -> Grads {
          return {g, g};
        },
        at);
  return record_number(
      "add", k, elementwise([k](auto a, auto b) { return a + b * k; }, p.x, p.y), {x, y}, {},
      [](double by, const Saved& s, const Tensor& g) -> Grads {
        Tensor dx = s.needs(0) ? g : Tensor();
        return {std::move(dx), s.needs(1) ? scaled(g, by) : Tensor()};
      },
      at);
}

Tensor add(const Tensor& x, Scalar y, Location at) {
  require_defined("add", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type))
    return integer_binary(x, scalar_tensor(y, type), type, [](auto a, auto b) { return kWrap(a) + kWrap(b); });
  const double k = y.to_double();
  return record_number(
      "add", k, elementwise([k](auto a) { return a + k; }, as_type(x, type)), {x}, {},
      [](double, const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

Tensor sub(const Tensor& x, const Tensor& y, Scalar alpha, Location at) {
  require_broadcast("sub", x, y, at);
  const DType type = result_type(x, y);
  const double k = alpha.to_double();
  if (impl(x).dtype == DType::boolean && impl(y).dtype == DType::boolean)
    ErrorReport("sub", "is not defined for two bool tensors; use logical_xor", at)
        .operand("left", x)
        .operand("right", y)
        .dtype_error();
  if (!is_floating(type)) {
    if (alpha.is_floating())
      ErrorReport("sub", "a floating alpha needs floating tensors", at)
          .operand("left", x)
          .operand("right", y)
          .dtype_error();
    const auto m = static_cast<std::uint64_t>(alpha.to_int64());
    return integer_binary(x, y, type, [m](auto a, auto b) { return kWrap(a) - m * kWrap(b); });
  }
  const Pair p = as_pair(x, y, type);
  const auto backward = [](double by, const Saved& s, const Tensor& g) -> Grads {
    Tensor dx = s.needs(0) ? g : Tensor();
    return {std::move(dx), s.needs(1) ? scaled(g, -by) : Tensor()};
  };
  Tensor out = elementwise([k](auto a, auto b) { return a - b * k; }, p.x, p.y);
  if (k != 1) return record_number("sub", k, std::move(out), {x, y}, {}, backward, at);
  return record(
      "sub", std::move(out), {x, y}, {},
      [backward](const Saved& s, const Tensor& g) -> Grads { return backward(1, s, g); }, at);
}

Tensor sub(const Tensor& x, Scalar y, Location at) {
  require_defined("sub", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type))
    return integer_binary(x, scalar_tensor(y, type), type, [](auto a, auto b) { return kWrap(a) - kWrap(b); });
  const double k = y.to_double();
  return record_number(
      "sub", k, elementwise([k](auto a) { return a - k; }, as_type(x, type)), {x}, {},
      [](double, const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

Tensor rsub(const Tensor& x, Scalar y, Location at) {
  require_defined("rsub", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type))
    return integer_binary(x, scalar_tensor(y, type), type, [](auto a, auto b) { return kWrap(b) - kWrap(a); });
  const double k = y.to_double();
  return record_number(
      "rsub", k, elementwise([k](auto a) { return k - a; }, as_type(x, type)), {x}, {},
      [](double, const Saved&, const Tensor& g) -> Grads { return {scaled(g, -1)}; }, at);
}

Tensor mul(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("mul", x, y, at);
  const DType type = result_type(x, y);
  if (!is_floating(type)) return integer_binary(x, y, type, [](auto a, auto b) { return kWrap(a) * kWrap(b); });
  const Pair p = as_pair(x, y, type);
  Tensor out = elementwise([](auto a, auto b) { return a * b; }, p.x, p.y);
  const bool tape = grad_enabled();
  const Tensor none;
  return record(
      "mul", std::move(out), {x, y},
      {tape && detail::wants_grad(y) ? x : none, tape && detail::wants_grad(x) ? y : none},
      [](const Saved& s, const Tensor& g) -> Grads {
        if (!s.needs(1)) return {s.needs(0) ? times_last(g, s[1]) : Tensor(), Tensor()};
        Tensor dx = s.needs(0) ? mul(g, s[1]) : Tensor();
        return {std::move(dx), times_last(g, s[0])};
      },
      at);
}

Tensor mul(const Tensor& x, Scalar y, Location at) {
  require_defined("mul", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type))
    return integer_binary(x, scalar_tensor(y, type), type, [](auto a, auto b) { return kWrap(a) * kWrap(b); });
  const double k = y.to_double();
  return record_number(
      "mul", k, elementwise([k](auto a) { return a * k; }, as_type(x, type)), {x}, {},
      [](double by, const Saved&, const Tensor& g) -> Grads { return {scaled(g, by)}; }, at);
}

Tensor div(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("div", x, y, at);
  const DType both = result_type(x, y), type = is_floating(both) ? both : DType::float32;
  if (mixed(x, y, type)) return div(x.to(type, at), y.to(type, at), at);
  Tensor out = elementwise([](auto a, auto b) { return a / b; }, x, y);
  const Tensor none;
  return record(
      "div", std::move(out), {x, y}, {grad_enabled() && detail::wants_grad(y) ? x : none, y},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {s.needs(0) ? div(g, s[1]) : Tensor(),
                s.needs(1) ? fuse([](auto u, auto a, auto b) { return -u * (a / b / b); }, g, s[0], s[1]) : Tensor()};
      },
      at);
}

Tensor div(const Tensor& x, Scalar y, Location at) {
  require_defined("div", x, at);
  const DType type = is_floating(impl(x).dtype) ? impl(x).dtype : DType::float32;
  const double k = y.to_double();
  return record_number(
      "div", k, elementwise([k](auto a) { return a / k; }, as_type(x, type)), {x}, {},
      [](double by, const Saved&, const Tensor& g) -> Grads {
        return {detail::fuse_last([by](auto u) { return u / by; }, g)};
      },
      at);
}

Tensor rdiv(const Tensor& x, Scalar y, Location at) {
  require_defined("rdiv", x, at);
  const Tensor v = detail::as_floating(x);
  const double k = y.to_double();
  Tensor out = elementwise([k](auto a) { return k / a; }, v);
  return record_number(
      "rdiv", k, out, {v}, {v},
      [](double of, const Saved& s, const Tensor& g) -> Grads {
        return {detail::fuse_last([of](auto u, auto a) { return u * (-of / a / a); }, g, s[0])};
      },
      at);
}

Tensor neg(const Tensor& x, Location at) {
  require_defined("neg", x, at);
  if (impl(x).dtype == DType::boolean)
    ErrorReport("neg", "is not defined for bool; use logical_not", at).operand("input", x).dtype_error();
  if (!is_floating(impl(x).dtype)) return rsub(x, 0, at);
  return record(
      "neg", elementwise([](auto a) { return -a; }, x), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {scaled(g, -1)}; }, at);
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
  return with_power(k - 1, [&](auto p) { return detail::fuse_last([p, k](auto u, auto v) { return u * (p(v) * k); }, g, x); });
}

template <class T>
T integer_power(T base, std::int64_t exponent) {
  if (exponent < 0) return base == T(1) ? T(1) : base == T(-1) ? (exponent % 2 ? base : T(1)) : T(0);
  std::uint64_t result = 1, b = kWrap(base);
  for (auto e = static_cast<std::uint64_t>(exponent); e; e >>= 1, b *= b)
    if (e & 1) result *= b;
  return static_cast<T>(result);
}

}  // namespace

namespace {
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
  Tensor out = k == 0 ? elementwise([](auto a) { return decltype(a)(1); }, v)
                      : with_power(k, [&](auto p) { return elementwise(p, v); });
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
  if (mixed(x, y, type)) return pow(x.to(type, at), y.to(type, at), at);
  Tensor out = elementwise([](auto a, auto b) { return pow(a, b); }, x, y);
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

}  // namespace xgrad
