// Rounding, and the remainders of division.
#include <cmath>
#include <type_traits>

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/rounding.hpp>

#include "core/tape/record.hpp"
#include "ops/binary.hpp"
#include "ops/factory_checks.hpp"
#include "ops/map_numbers.hpp"

namespace xgrad {

using detail::as_type;
using detail::impl;
using detail::is_mixed;
using detail::map_numbers;
using detail::require_broadcast;
using detail::result_type;
using detail::scalar_tensor;
using detail::zero_grad;

namespace {

void refuse_bool(const char* op, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  if (impl(x).dtype == DType::boolean)
    ErrorReport(op, "is not defined for bool; cast first", at).operand("input", x).dtype_error();
}

// f(x), constant between its steps; integers are whole already.
template <class F, class... A>
Tensor step(const char* op, const Tensor& x, F f, const Location& at, A... attributes) {
  refuse_bool(op, x, at);
  if (!is_floating(impl(x).dtype)) return x.clone(at);
  return detail::record_op(
      op, map(f, x), {x}, {}, [](const Saved&, const Tensor& g) -> Grads { return zero_grad(g); }, at, attributes...);
}

}  // namespace

Tensor floor(const Tensor& x, Location at) {
  return step(
      "floor", x, [](auto v) { return floor(v); }, at);
}
Tensor ceil(const Tensor& x, Location at) {
  return step(
      "ceil", x, [](auto v) { return ceil(v); }, at);
}
Tensor trunc(const Tensor& x, Location at) {
  return step(
      "trunc", x, [](auto v) { return trunc(v); }, at);
}
Tensor fix(const Tensor& x, Location at) {
  return step(
      "fix", x, [](auto v) { return trunc(v); }, at);
}
Tensor round(const Tensor& x, Location at) {
  return step(
      "round", x, [](auto v) { return round(v); }, at);
}

Tensor round(const Tensor& x, std::int64_t decimals, Location at) {
  if (decimals == 0) return round(x, at);
  require_floating("round", x, at);
  const double power = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  if (decimals > 0)
    return step(
        "round", x, [power](auto v) { return round(v * power) / power; }, at, detail::named<"decimals">(decimals));
  return step(
      "round", x, [power](auto v) { return round(v / power) * power; }, at, detail::named<"decimals">(decimals));
}

Tensor frac(const Tensor& x, Location at) {
  require_floating("frac", x, at);
  return detail::record_op(
      "frac", map([](auto v) { return v - trunc(v); }, x), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

// ---- division ----
namespace {

// The divisor of a quotient that is not floating, in the type of the result.
void require_whole_division(const char* op, const Tensor& x, const Tensor& y, DType type, const Location& at) {
  const auto report = [&](const char* rule) {
    return ErrorReport(op, rule, at).operand("left", x).operand("right", y);
  };
  if (type == DType::boolean) report("is not defined for two bool tensors").dtype_error();
  const NoGradGuard off;
  if (impl(y).numel > 0 && !all(y).item<bool>()) report("division of integers by zero").value_error();
}

// What is left of a / b rounded towards zero; the least integer by -1 would overflow.
constexpr auto kTruncatedRest = [](auto a, auto b) {
  using T = decltype(a);
  if constexpr (std::is_same_v<T, bool>)
    return false;
  else if constexpr (std::is_signed_v<T>)
    return b == T(-1) ? T(0) : static_cast<T>(a % b);
  else
    return static_cast<T>(a % b);
};
// The same of a / b rounded down.
constexpr auto kFlooredRest = [](auto a, auto b) {
  using T = decltype(a);
  const T r = kTruncatedRest(a, b);
  if constexpr (std::is_signed_v<T>)
    return static_cast<T>(r != 0 && (r < 0) != (b < 0) ? r + b : r);
  else
    return r;
};

double truncated_rest(double x, double y) { return std::fmod(x, y); }
double floored_rest(double x, double y) {
  const double r = std::fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

// The same of float32 in vectors: in double, quotients below 2^27 are rounded right, and their product with y is exact.
// False: others are among the numbers.
template <bool Floored>
XGRAD_CLONES bool rest_of_floats(std::int64_t n, const float* x, const float* y, float* out) {
  int others = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double a = static_cast<double>(x[i]), b = static_cast<double>(y[i]), q = std::trunc(a / b);
    const double r = std::copysign(a - q * b, a);
    const bool other_side = (r != 0) & ((r < 0) != (b < 0));
    out[i] = static_cast<float>(Floored && other_side ? r + b : r);
    others |= static_cast<int>(!(std::fabs(q) < 134217728.0)) | static_cast<int>(!(std::fabs(b) < 1e39));
  }
  return others == 0;
}
template <bool Floored>
void rest_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const float *x = static_cast<const float*>(in[0]), *y = static_cast<const float*>(in[1]);
  float* to = static_cast<float*>(out);
  if (rest_of_floats<Floored>(n, x, y, to)) return;
  const auto rest = Floored ? &floored_rest : &truncated_rest;
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = static_cast<float>(rest(static_cast<double>(x[i]), static_cast<double>(y[i])));
}
Tensor rest_raw(const Tensor& x, const Tensor& y, Rounding mode) {
  const bool floored = mode == Rounding::floor;
  if (impl(x).dtype != DType::float32) return map_numbers(floored ? &floored_rest : &truncated_rest, x, y);
  const Tensor* in[] = {&x, &y};
  Tensor out = detail::tile_output(in, 2, DType::float32);
  detail::run_tiles({floored ? &rest_tile<true> : &rest_tile<false>, nullptr, 1}, out, in, 2);
  return out;
}

// Remainders of the quotient that is rounded as `mode`: dx = g, dy = -g quotient.
template <class F>
Tensor rest_of(const char* op, const Tensor& x, const Tensor& y, Rounding mode, F whole, const Location& at) {
  require_broadcast(op, x, y, at);
  const DType type = result_type(x, y);
  if (!is_floating(type)) {
    require_whole_division(op, x, y, type, at);
    return detail::integer_binary(op, x, y, type, whole, at, detail::named<"rounding_mode">(mode));
  }
  const Tensor a = as_type(x, type), b = as_type(y, type);
  return detail::record_op(
      op, rest_raw(a, b, mode), {x, y}, {a, b},
      [mode](const Saved& s, const Tensor& g) -> Grads {
        Tensor dx = s.needs(0) ? g : Tensor();
        return {std::move(dx), s.needs(1) ? -g * div(s[0], s[1], mode) : Tensor()};
      },
      at, detail::named<"rounding_mode">(mode));
}

Tensor number_like(Scalar v, const char* op, const Tensor& beside, const Location& at) {
  require_defined(op, beside, at);
  const DType type = promote_types(impl(beside).dtype, v);
  detail::require_fits(op, v, type, at);
  return scalar_tensor(v, type);
}

}  // namespace

Tensor floor_divide(const Tensor& x, const Tensor& y, Location at) {
  require_broadcast("floor_divide", x, y, at);
  const DType type = result_type(x, y);
  if (!is_floating(type)) require_whole_division("floor_divide", x, y, type, at);
  return div(x, y, Rounding::floor, at);
}
Tensor floor_divide(const Tensor& x, Scalar y, Location at) {
  return floor_divide(x, number_like(y, "floor_divide", x, at), at);
}

Tensor remainder(const Tensor& x, const Tensor& y, Location at) {
  return rest_of("remainder", x, y, Rounding::floor, kFlooredRest, at);
}
Tensor remainder(const Tensor& x, Scalar y, Location at) {
  return remainder(x, number_like(y, "remainder", x, at), at);
}
Tensor remainder(Scalar x, const Tensor& y, Location at) {
  return remainder(number_like(x, "remainder", y, at), y, at);
}

Tensor fmod(const Tensor& x, const Tensor& y, Location at) {
  return rest_of("fmod", x, y, Rounding::trunc, kTruncatedRest, at);
}
Tensor fmod(const Tensor& x, Scalar y, Location at) { return fmod(x, number_like(y, "fmod", x, at), at); }

}  // namespace xgrad
