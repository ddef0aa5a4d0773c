// Bits and divisors of integers.
#include <cstdint>
#include <numeric>
#include <type_traits>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/bitwise.hpp>

#include "ops/binary.hpp"
#include "ops/factory_checks.hpp"
#include "ops/unary.hpp"

namespace xgrad {

using detail::impl;

namespace {

constexpr bool kBoolsToo = true, kNumbersOnly = false;

void require_bits(const char* op, DType type, bool bools_too, const Tensor& x, const Location& at) {
  if (is_floating(type)) ErrorReport(op, "takes integers", at).operand("input", x).dtype_error();
  if (type == DType::boolean && !bools_too)
    ErrorReport(op, "is not defined for bool; cast first", at).operand("input", x).dtype_error();
}

template <class F>
Tensor on_bits(const char* op, bool bools_too, const Tensor& x, const Tensor& y, F f, const Location& at) {
  detail::require_broadcast(op, x, y, at);
  for (const Tensor* t : {&x, &y}) require_bits(op, impl(*t).dtype, true, *t, at);
  const DType type = detail::result_type(x, y);
  require_bits(op, type, bools_too, x, at);
  return detail::integer_binary(op, x, y, type, f, at);
}

template <class F>
Tensor on_bits(const char* op, bool bools_too, const Tensor& x, Scalar y, F f, const Location& at) {
  require_defined(op, x, at);
  require_bits(op, impl(x).dtype, true, x, at);
  if (y.is_floating())
    ErrorReport(op, "takes integers", at)
        .operand("left", x)
        .line("right", fmt::format("{}", y.to_double()))
        .dtype_error();
  const DType type = promote_types(impl(x).dtype, y);
  require_bits(op, type, bools_too, x, at);
  detail::require_fits(op, y, type, at);
  return on_bits(op, bools_too, x, detail::scalar_tensor(y, type), f, at);
}

constexpr auto kAnd = [](auto a, auto b) { return a & b; };
constexpr auto kOr = [](auto a, auto b) { return a | b; };
constexpr auto kXor = [](auto a, auto b) { return a ^ b; };

template <class T>
bool is_negative(T v) {
  if constexpr (std::is_signed_v<T>)
    return v < 0;
  else
    return false;
}
// Whether a number cannot be shifted by so many bits.
template <class T>
bool is_too_far(T bits) {
  return is_negative(bits) || static_cast<std::uint64_t>(bits) >= 8 * sizeof(T);
}

constexpr auto kLeft = [](auto a, auto b) {
  using T = decltype(a);
  return is_too_far(b) ? T(0) : static_cast<T>(static_cast<std::uint64_t>(a) << b);
};
constexpr auto kRight = [](auto a, auto b) {
  using T = decltype(a);
  if (is_too_far(b)) return is_negative(a) ? static_cast<T>(-1) : T(0);
  return static_cast<T>(a >> b);
};

// |v|, of the least integer too.
constexpr auto kMagnitude = [](auto v) {
  const auto bits = static_cast<std::uint64_t>(v);
  return is_negative(v) ? 0 - bits : bits;
};
constexpr auto kDivisor = [](auto a, auto b) { return std::gcd(kMagnitude(a), kMagnitude(b)); };
constexpr auto kMultiple = [](auto a, auto b) {
  const std::uint64_t divisor = kDivisor(a, b);
  return divisor == 0 ? 0 : kMagnitude(a) / divisor * kMagnitude(b);
};

}  // namespace

Tensor bitwise_and(const Tensor& x, const Tensor& y, Location at) {
  return on_bits("bitwise_and", kBoolsToo, x, y, kAnd, at);
}
Tensor bitwise_and(const Tensor& x, Scalar y, Location at) { return on_bits("bitwise_and", kBoolsToo, x, y, kAnd, at); }
Tensor bitwise_or(const Tensor& x, const Tensor& y, Location at) {
  return on_bits("bitwise_or", kBoolsToo, x, y, kOr, at);
}
Tensor bitwise_or(const Tensor& x, Scalar y, Location at) { return on_bits("bitwise_or", kBoolsToo, x, y, kOr, at); }
Tensor bitwise_xor(const Tensor& x, const Tensor& y, Location at) {
  return on_bits("bitwise_xor", kBoolsToo, x, y, kXor, at);
}
Tensor bitwise_xor(const Tensor& x, Scalar y, Location at) { return on_bits("bitwise_xor", kBoolsToo, x, y, kXor, at); }

Tensor bitwise_not(const Tensor& x, Location at) {
  require_defined("bitwise_not", x, at);
  require_bits("bitwise_not", impl(x).dtype, true, x, at);
  if (impl(x).dtype == DType::boolean) return logical_not(x, at);
  return detail::integer_unary(
      "bitwise_not", x, [](auto v) { return ~v; }, at);
}

Tensor bitwise_left_shift(const Tensor& x, const Tensor& y, Location at) {
  return on_bits("bitwise_left_shift", kNumbersOnly, x, y, kLeft, at);
}
Tensor bitwise_left_shift(const Tensor& x, Scalar y, Location at) {
  return on_bits("bitwise_left_shift", kNumbersOnly, x, y, kLeft, at);
}
Tensor bitwise_right_shift(const Tensor& x, const Tensor& y, Location at) {
  return on_bits("bitwise_right_shift", kNumbersOnly, x, y, kRight, at);
}
Tensor bitwise_right_shift(const Tensor& x, Scalar y, Location at) {
  return on_bits("bitwise_right_shift", kNumbersOnly, x, y, kRight, at);
}

Tensor gcd(const Tensor& x, const Tensor& y, Location at) { return on_bits("gcd", kNumbersOnly, x, y, kDivisor, at); }
Tensor lcm(const Tensor& x, const Tensor& y, Location at) { return on_bits("lcm", kNumbersOnly, x, y, kMultiple, at); }

}  // namespace xgrad
