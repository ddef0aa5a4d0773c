// Rows of <xgrad/ops/bitwise.hpp>.
#include <cstdint>
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

// Two operands that broadcast, in every way that the samples of floating operations do.
template <class F>
Row& add_pair(Table& t, const char* name, F op) {
  const Values six = indices({12, -7, 0, 5, 255, -1}), three = indices({10, 3, -4});
  return t.add(name, [op](auto& x) { return op(x[0], x[1]); })
      .on({{{2, 3}, six}, {{2, 3}, six}})
      .on({{{2, 3}, six}, {{3}, three}})
      .on({{{3, 1}, three}, {{3}, three}})
      .on({{{}, indices({6})}, {{3}, three}})
      .on({{{0, 3}, indices({})}, {{3}, three}})
      .not_differentiable()
      .bad_by(Wrong::shape, "do not broadcast", [op] { op(leaf({2}, kInt64), leaf({3}, kInt64)); })
      .bad_by(Wrong::dtype, "takes integers", [op] { op(leaf({2}), leaf({2}, kInt64)); })
      .bad_by(Wrong::dtype, "takes integers", [op] { op(leaf({2}, kInt64), leaf({2})); });
}

const Tensor& left() {
  static const Tensor x = tensor({12, -7, 0, 255});
  return x;
}
const Tensor& right() {
  static const Tensor x = tensor({10, 3, -1, 256});
  return x;
}

void add_logic(Table& t) {
  const Tensor yes = tensor({true, true, false}), no = tensor({true, false, false});
  add_pair(t, "bitwise_and", [](const Tensor& a, const Tensor& b) { return bitwise_and(a, b); })
      .on({{{3}, indices({5, 6, -1})}}, [](auto& x) { return bitwise_and(x[0], 6); })
      .example("integers", {left(), right()}, {tensor({8, 1, 0, 0})})
      .example("bools", {yes, no}, {tensor({true, false, false})})
      .bad(Wrong::dtype, "takes integers", [] { bitwise_and(leaf({2}, kInt64), 1.5); });
  add_pair(t, "bitwise_or", [](const Tensor& a, const Tensor& b) { return bitwise_or(a, b); })
      .on({{{3}, indices({5, 6, -1})}}, [](auto& x) { return bitwise_or(x[0], 6); })
      .example("integers", {left(), right()}, {tensor({14, -5, -1, 511})})
      .example("bools", {yes, no}, {tensor({true, true, false})});
  add_pair(t, "bitwise_xor", [](const Tensor& a, const Tensor& b) { return bitwise_xor(a, b); })
      .on({{{3}, indices({5, 6, -1})}}, [](auto& x) { return bitwise_xor(x[0], 6); })
      .example("integers", {left(), right()}, {tensor({6, -6, -1, 511})})
      .example("bools", {yes, no}, {tensor({false, true, false})});
  t.add("bitwise_not", [](auto& x) { return bitwise_not(x[0]); })
      .on({{{2, 3}, indices({12, -7, 0, 5, 255, -1})}})
      .on({{{}, indices({6})}})
      .on({{{0, 3}, indices({})}})
      .not_differentiable()
      .example("integers", {left()}, {tensor({-13, 6, -1, -256})})
      .example("bytes", {tensor({0, 255, 12}, {kUInt8})}, {tensor({255, 0, 243}, {kUInt8})})
      .example("bools", {yes}, {tensor({false, false, true})})
      .bad(Wrong::dtype, "takes integers", [] { bitwise_not(leaf({2})); });
}

void add_shifts(Table& t) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  add_pair(t, "bitwise_left_shift", [](const Tensor& a, const Tensor& b) { return bitwise_left_shift(a, b); })
      .on({{{3}, indices({5, 6, -1})}}, [](auto& x) { return bitwise_left_shift(x[0], 2); })
      .example("integers", {tensor({3, -3, 1, 1, 1}), tensor({2, 2, 63, 64, -1})}, {tensor({12L, -12L, least, 0L, 0L})})
      .example("bytes", {tensor({255, 1}, {kUInt8}), tensor({4, 8}, {kUInt8})}, {tensor({240, 0}, {kUInt8})})
      .bad(Wrong::dtype, "not defined for bool", [] { bitwise_left_shift(leaf({2}, kBool), leaf({2}, kBool)); });
  add_pair(t, "bitwise_right_shift", [](const Tensor& a, const Tensor& b) { return bitwise_right_shift(a, b); })
      .on({{{3}, indices({5, 6, -1})}}, [](auto& x) { return bitwise_right_shift(x[0], 2); })
      .example("integers", {tensor({13, -13, -1, 5, -5}), tensor({2, 2, 70, 70, -1})}, {tensor({3, -4, -1, 0, -1})})
      .bad(Wrong::dtype, "not defined for bool", [] { bitwise_right_shift(leaf({2}, kBool), leaf({2}, kBool)); });
}

void add_divisors(Table& t) {
  add_pair(t, "gcd", [](const Tensor& a, const Tensor& b) { return gcd(a, b); })
      .example("integers", {tensor({12, -12, 0, 7, 0}), tensor({18, 18, 5, -1, 0})}, {tensor({6, 6, 5, 1, 0})})
      .bad(Wrong::dtype, "not defined for bool", [] { gcd(leaf({2}, kBool), leaf({2}, kBool)); });
  add_pair(t, "lcm", [](const Tensor& a, const Tensor& b) { return lcm(a, b); })
      .example("integers", {tensor({4, -4, 0, 7, 0}), tensor({6, 6, 5, -1, 0})}, {tensor({12, 12, 0, 7, 0})})
      .bad(Wrong::dtype, "not defined for bool", [] { lcm(leaf({2}, kBool), leaf({2}, kBool)); });
}

}  // namespace

void add_bitwise(Table& t) {
  add_logic(t);
  add_shifts(t);
  add_divisors(t);
}

}  // namespace xgrad::test
