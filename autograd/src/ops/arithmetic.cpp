// + - * /. Each operation: floating types in one vectorised pass, integers in plain loops.
#include <algorithm>
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/record.hpp>

#include "core/tape/map_rows.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tape/reuse.hpp"
#include "ops/binary.hpp"
#include "ops/factory_checks.hpp"

namespace xgrad {

using detail::as_type;
using detail::impl;
using detail::integer_binary;
using detail::integer_with_number;
using detail::is_mixed;
using detail::kWrap;
using detail::require_broadcast;
using detail::result_type;
using detail::scalar_tensor;

namespace {

// The floating operands of a binary operation; they are cast without the tape, the engine casts gradients back.
struct Pair {
  Tensor x, y;
};
Pair as_pair(const Tensor& x, const Tensor& y, DType type) { return {as_type(x, type), as_type(y, type)}; }

// g k, over the memory of g where possible. A gradient that is one number everywhere stays so.
Tensor scaled(const Tensor& g, double k) {
  const Shape& strides = impl(g).strides;
  if (!grad_enabled() && impl(g).numel > 1 &&
      std::all_of(strides.begin(), strides.end(), [](auto s) { return s == 0; })) {
    const Tensor one = detail::make_view(g, {}, {}, impl(g).offset());
    return map([k](auto u) { return u * k; }, one).expand(g.shape());
  }
  return detail::fuse_last([k](auto u) { return u * k; }, g);
}

// The result y = f(inputs), computed in `type`.
template <class F>
Tensor again(Tensor y, const TensorRefs& inputs, DType type, F f) {
  const double time = detail::pass_time(impl(y).numel);
  return detail::recomputable(std::move(y), inputs, time, [f, type](std::span<const Tensor> in) {
    if constexpr (std::is_invocable_v<F, double, double>)
      return map(f, as_type(in[0], type), as_type(in[1], type));
    else
      return map(f, as_type(in[0], type));
  });
}

// g v for the last use of g.
Tensor times_last(const Tensor& g, const Tensor& v) {
  if (grad_enabled() || impl(g).dtype != impl(v).dtype) return mul(g, v);
  const auto f = [](auto u, auto a) { return u * a; };
  if (!detail::may_write_over(g, v)) return detail::map_rows(f, g, v);
  Tensor out = g;
  const Tensor* list[] = {&g, &v};
  detail::run_row_tiles(detail::make_row_kernel<decltype(f), 2>(f, impl(g).dtype), out, list, 2);
  return out;
}

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
    const auto f = [m](auto a, auto b) { return kWrap(a) + m * kWrap(b); };
    if (m == 1) return integer_binary("add", x, y, type, f, at);
    return integer_binary("add", x, y, type, f, at, detail::named<"alpha">(alpha.to_int64()));
  }
  const Pair p = as_pair(x, y, type);
  if (k == 1) {
    const auto f = [](auto a, auto b) { return a + b; };
    Tensor out = detail::record_op(
        "add", detail::map_rows(f, p.x, p.y), {x, y}, {},
        [](const Saved&, const Tensor& g) -> Grads {
          return {g, g};
        },
        at);
    return again(std::move(out), {x, y}, type, f);
  }
  return detail::record_number<"alpha">(
      "add", k, map([k](auto a, auto b) { return a + b * k; }, p.x, p.y), {x, y}, {},
      [](double by, const Saved& s, const Tensor& g) -> Grads {
        Tensor dx = s.needs(0) ? g : Tensor();
        return {std::move(dx), s.needs(1) ? scaled(g, by) : Tensor()};
      },
      at);
}

Tensor add(const Tensor& x, Scalar y, Location at) {
  require_defined("add", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type)) {
    const auto whole = [](auto a, auto b) { return kWrap(a) + kWrap(b); };
    return integer_with_number("add", x, y, type, whole, at, detail::named<"other">(y.to_int64()));
  }
  const double k = y.to_double();
  const auto f = [k](auto a) { return a + k; };
  Tensor out = detail::record_number<"other">(
      "add", k, map(f, as_type(x, type)), {x}, {}, [](double, const Saved&, const Tensor& g) -> Grads { return {g}; },
      at);
  return again(std::move(out), {x}, type, f);
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
    const auto f = [m](auto a, auto b) { return kWrap(a) - m * kWrap(b); };
    if (m == 1) return integer_binary("sub", x, y, type, f, at);
    return integer_binary("sub", x, y, type, f, at, detail::named<"alpha">(alpha.to_int64()));
  }
  const Pair p = as_pair(x, y, type);
  const auto backward = [](double by, const Saved& s, const Tensor& g) -> Grads {
    Tensor dx = s.needs(0) ? g : Tensor();
    return {std::move(dx), s.needs(1) ? scaled(g, -by) : Tensor()};
  };
  const auto f = [k](auto a, auto b) { return a - b * k; };
  Tensor out = k == 1 ? detail::map_rows(f, p.x, p.y) : map(f, p.x, p.y);
  out = k != 1 ? detail::record_number<"alpha">("sub", k, std::move(out), {x, y}, {}, backward, at)
               : detail::record_op(
                     "sub", std::move(out), {x, y}, {},
                     [backward](const Saved& s, const Tensor& g) -> Grads { return backward(1, s, g); }, at);
  return again(std::move(out), {x, y}, type, f);
}

Tensor sub(const Tensor& x, Scalar y, Location at) {
  require_defined("sub", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type)) {
    const auto whole = [](auto a, auto b) { return kWrap(a) - kWrap(b); };
    return integer_with_number("sub", x, y, type, whole, at, detail::named<"other">(y.to_int64()));
  }
  const double k = y.to_double();
  return detail::record_number<"other">(
      "sub", k, map([k](auto a) { return a - k; }, as_type(x, type)), {x}, {},
      [](double, const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

Tensor rsub(const Tensor& x, Scalar y, Location at) {
  require_defined("rsub", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type)) {
    const auto whole = [](auto a, auto b) { return kWrap(b) - kWrap(a); };
    return integer_with_number("rsub", x, y, type, whole, at, detail::named<"other">(y.to_int64()));
  }
  const double k = y.to_double();
  return detail::record_number<"other">(
      "rsub", k, map([k](auto a) { return k - a; }, as_type(x, type)), {x}, {},
      [](double, const Saved&, const Tensor& g) -> Grads { return {scaled(g, -1)}; }, at);
}

Tensor mul(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("mul", x, y, at);
  const DType type = result_type(x, y);
  if (!is_floating(type))
    return integer_binary(
        "mul", x, y, type, [](auto a, auto b) { return kWrap(a) * kWrap(b); }, at);
  const Pair p = as_pair(x, y, type);
  const auto f = [](auto a, auto b) { return a * b; };
  const bool tape = grad_enabled();
  const Tensor none;
  Tensor out = detail::record_op(
      "mul", detail::map_rows(f, p.x, p.y), {x, y},
      {tape && detail::wants_grad(y) ? x : none, tape && detail::wants_grad(x) ? y : none},
      [](const Saved& s, const Tensor& g) -> Grads {
        if (!s.needs(1)) return {s.needs(0) ? times_last(g, s[1]) : Tensor(), Tensor()};
        Tensor dx = s.needs(0) ? mul(g, s[1]) : Tensor();
        return {std::move(dx), times_last(g, s[0])};
      },
      at);
  return again(std::move(out), {x, y}, type, f);
}

Tensor mul(const Tensor& x, Scalar y, Location at) {
  require_defined("mul", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  if (!is_floating(type)) {
    const auto whole = [](auto a, auto b) { return kWrap(a) * kWrap(b); };
    return integer_with_number("mul", x, y, type, whole, at, detail::named<"other">(y.to_int64()));
  }
  const double k = y.to_double();
  const auto f = [k](auto a) { return a * k; };
  Tensor out = detail::record_number<"other">(
      "mul", k, map(f, as_type(x, type)), {x}, {},
      [](double by, const Saved&, const Tensor& g) -> Grads { return {scaled(g, by)}; }, at);
  return again(std::move(out), {x}, type, f);
}

Tensor div(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("div", x, y, at);
  const DType both = result_type(x, y), type = is_floating(both) ? both : DType::float32;
  if (is_mixed(x, y, type)) return div(x.to(type, at), y.to(type, at), at);
  const auto f = [](auto a, auto b) { return a / b; };
  const Tensor none;
  Tensor out = detail::record_op(
      "div", detail::map_rows(f, x, y), {x, y}, {grad_enabled() && detail::wants_grad(y) ? x : none, y},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {s.needs(0) ? div(g, s[1]) : Tensor(),
                s.needs(1) ? fuse([](auto u, auto a, auto b) { return -u * (a / b / b); }, g, s[0], s[1]) : Tensor()};
      },
      at);
  return again(std::move(out), {x, y}, type, f);
}

Tensor div(const Tensor& x, Scalar y, Location at) {
  require_defined("div", x, at);
  const DType type = is_floating(impl(x).dtype) ? impl(x).dtype : DType::float32;
  const double k = y.to_double();
  const auto f = [k](auto a) { return a / k; };
  Tensor out = detail::record_number<"other">(
      "div", k, map(f, as_type(x, type)), {x}, {},
      [](double by, const Saved&, const Tensor& g) -> Grads {
        return {detail::fuse_last([by](auto u) { return u / by; }, g)};
      },
      at);
  return again(std::move(out), {x}, type, f);
}

Tensor rdiv(const Tensor& x, Scalar y, Location at) {
  require_defined("rdiv", x, at);
  const Tensor v = detail::as_floating(x);
  const double k = y.to_double();
  Tensor out = map([k](auto a) { return k / a; }, v);
  return detail::record_number<"other">(
      "rdiv", k, out, {x}, {v},
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
  return detail::record_op(
      "neg", map([](auto a) { return -a; }, x), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {scaled(g, -1)}; }, at);
}

// ---- of three tensors ----
namespace {

void require_broadcast(const char* op, const Tensor& x, const Tensor& a, const Tensor& b, const Location& at) {
  require_broadcast(op, a, b, at);
  require_defined(op, x, at);
  broadcast_shapes(op, impl(x).shape, broadcast_shapes(op, a, b, at), at);
}

bool is_mixed(const Tensor& x, const Tensor& a, const Tensor& b, DType type) {
  return impl(x).dtype != type || is_mixed(a, b, type);
}

}  // namespace

Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value, Location at) {
  require_broadcast("addcmul", x, a, b, at);
  const DType type = result_type(x, a, b);
  if (!is_floating(type)) {
    if (value.is_floating())
      ErrorReport("addcmul", "a floating value needs floating tensors", at).operand("input", x).dtype_error();
    return add(x.to(type, at), mul(a.to(type, at), b.to(type, at), at), value, at);
  }
  if (is_mixed(x, a, b, type)) return addcmul(x.to(type, at), a.to(type, at), b.to(type, at), value, at);
  const double k = value.to_double();
  return detail::record_number<"value">(
      "addcmul", k, detail::map_rows([k](auto s, auto p, auto q) { return s + p * k * q; }, x, a, b), {x, a, b}, {a, b},
      [](double by, const Saved& s, const Tensor& g) -> Grads {
        const auto part = [by](auto u, auto other) { return u * by * other; };
        Tensor dx = s.needs(0) ? g : Tensor();
        return {std::move(dx), s.needs(1) ? fuse(part, g, s[1]) : Tensor(),
                s.needs(2) ? fuse(part, g, s[0]) : Tensor()};
      },
      at);
}

Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value, Location at) {
  require_broadcast("addcdiv", x, a, b, at);
  const DType type = result_type(x, a, b);
  if (!is_floating(type) || !is_floating(result_type(a, b)))
    ErrorReport("addcdiv", "integers are not divided; cast to a floating type, or use div with a rounding", at)
        .operand("dividend", a)
        .operand("divisor", b)
        .dtype_error();
  if (is_mixed(x, a, b, type)) return addcdiv(x.to(type, at), a.to(type, at), b.to(type, at), value, at);
  const double k = value.to_double();
  return detail::record_number<"value">(
      "addcdiv", k, detail::map_rows([k](auto s, auto p, auto q) { return s + p * k / q; }, x, a, b), {x, a, b}, {a, b},
      [](double by, const Saved& s, const Tensor& g) -> Grads {
        Tensor dx = s.needs(0) ? g : Tensor();
        Tensor da = s.needs(1) ? fuse([by](auto u, auto q) { return u * by / q; }, g, s[1]) : Tensor();
        Tensor db =
            s.needs(2) ? fuse([by](auto u, auto p, auto q) { return -u * by * (p / q / q); }, g, s[0], s[1]) : Tensor();
        return {std::move(dx), std::move(da), std::move(db)};
      },
      at);
}

namespace {

void require_lerp(const Tensor& x, const Tensor& y, const Location& at) {
  require_defined("lerp", x, at);
  require_defined("lerp", y, at);
  require_floating("lerp", x, at);
  require_same_dtype("lerp", x, y, at);
}

// x + w (y - x), from the nearer end.
constexpr auto kBetween = [](auto p, auto q, auto w) {
  return where(abs(w) < 0.5, p + w * (q - p), q - (q - p) * (1 - w));
};

}  // namespace

Tensor lerp(const Tensor& x, const Tensor& y, const Tensor& weight, Location at) {
  require_lerp(x, y, at);
  require_defined("lerp", weight, at);
  require_same_dtype("lerp", x, weight, at);
  require_broadcast("lerp", x, y, weight, at);
  return detail::record_op(
      "lerp", detail::map_rows(kBetween, x, y, weight), {x, y, weight}, {x, y, weight},
      [](const Saved& s, const Tensor& g) -> Grads {
        Tensor dx = s.needs(0) ? fuse([](auto u, auto w) { return u * (1 - w); }, g, s[2]) : Tensor();
        Tensor dw = s.needs(2) ? fuse([](auto u, auto p, auto q) { return u * (q - p); }, g, s[0], s[1]) : Tensor();
        return {std::move(dx), s.needs(1) ? mul(g, s[2]) : Tensor(), std::move(dw)};
      },
      at);
}

Tensor lerp(const Tensor& x, const Tensor& y, Scalar weight, Location at) {
  require_lerp(x, y, at);
  require_broadcast("lerp", x, y, at);
  const double w = weight.to_double();
  const bool near = std::fabs(w) < 0.5;
  return detail::record_number<"weight">(
      "lerp", w, map([w, near](auto p, auto q) { return near ? p + (q - p) * w : q - (q - p) * (1 - w); }, x, y),
      {x, y}, {},
      [](double by, const Saved& s, const Tensor& g) -> Grads {
        Tensor dx = s.needs(0) ? g * (1 - by) : Tensor();
        return {std::move(dx), s.needs(1) ? scaled(g, by) : Tensor()};
      },
      at);
}

// ---- rounded division ----
// Division rounded to whole numbers keeps integer types. Its gradient is zero wherever it exists.
namespace {

// The least integer divided by it overflows and wraps.
template <class T>
bool is_minus_one(T b) {
  return std::is_signed_v<T> && b == static_cast<T>(-1);
}

// The quotient of the exact remainder: a / b alone may round up to the next whole number.
template <class T>
T floor_quotient(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (b == 0) return a / b;
    T rest = std::fmod(a, b), q = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0)) q -= 1;
    if (q == 0) return std::copysign(T(0), a / b);
    const T whole = std::floor(q);
    return q - whole > T(0.5) ? whole + 1 : whole;
  } else {
    if (is_minus_one(b)) return static_cast<T>(-static_cast<std::uint64_t>(a));
    const T q = static_cast<T>(a / b);
    return a % b != 0 && (a % b < 0) != (b < 0) ? static_cast<T>(q - 1) : q;
  }
}

template <class T>
T trunc_quotient(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return std::trunc(a / b);
  else
    return is_minus_one(b) ? static_cast<T>(-static_cast<std::uint64_t>(a)) : static_cast<T>(a / b);
}

template <class T, bool Floor>
void quotient_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<T*>(out)[i] = Floor ? floor_quotient(a[i], b[i]) : trunc_quotient(a[i], b[i]);
}

void require_no_zero(const Tensor& x, const Tensor& y, const Location& at) {
  NoGradGuard off;
  if (impl(y).numel > 0 && !all(y).item<bool>()) [[unlikely]]
    ErrorReport("div", "division of integers by zero", at).operand("left", x).operand("right", y).value_error();
}

}  // namespace

Tensor div(const Tensor& x, const Tensor& y, Rounding rounding, Location at) {
  if (rounding == Rounding::none) return div(x, y, at);
  detail::require_broadcast("div", x, y, at);
  const DType type = detail::result_type(x, y);
  if (type == DType::boolean)
    ErrorReport("div", "rounded division is not defined for two bool tensors", at)
        .operand("left", x)
        .operand("right", y)
        .dtype_error();
  if (!is_floating(type)) require_no_zero(x, y, at);
  const Tensor a = as_type(x, type), b = as_type(y, type);
  const Tensor* in[] = {&a, &b};
  Tensor out = detail::tile_output(in, 2, type);
  detail::dispatch_all(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>)
      detail::run_tiles(
          {rounding == Rounding::floor ? &quotient_tile<T, true> : &quotient_tile<T, false>, nullptr, 5.0}, out, in, 2);
  });
  return detail::record_op(
      "div", std::move(out), {x, y}, {},
      [](const Saved& s, const Tensor& g) -> Grads {
        const Tensor zeros = detail::zeros_raw(g.shape(), g.dtype());
        return {s.needs(0) ? zeros : Tensor(), s.needs(1) ? zeros : Tensor()};
      },
      at, detail::named<"rounding_mode">(rounding));
}

Tensor div(const Tensor& x, Scalar y, Rounding rounding, Location at) {
  if (rounding == Rounding::none) return div(x, y, at);
  require_defined("div", x, at);
  const DType type = promote_types(impl(x).dtype, y);
  detail::require_fits("div", y, type, at);
  return div(x, scalar_tensor(y, type), rounding, at);
}

}  // namespace xgrad
