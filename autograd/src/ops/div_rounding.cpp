// Division rounded to whole numbers, which keeps integer types. Its gradient is zero wherever it exists.
#include <cmath>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::as_type;
using detail::impl;

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
  return record(
      "div", std::move(out), {x, y}, {},
      [](const Saved& s, const Tensor& g) -> Grads {
        const Tensor zeros = detail::zeros_raw(g.shape(), g.dtype());
        return {s.needs(0) ? zeros : Tensor(), s.needs(1) ? zeros : Tensor()};
      },
      at);
}

Tensor div(const Tensor& x, Scalar y, Rounding rounding, Location at) {
  if (rounding == Rounding::none) return div(x, y, at);
  require_defined("div", x, at);
  Tensor t = detail::make_tensor({}, promote_types(impl(x).dtype, y));
  detail::fill_raw(t, y);
  return div(x, t, rounding, at);
}

}  // namespace xgrad
