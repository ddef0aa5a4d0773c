// Rows of <xgrad/ops/rounding.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_whole(Table& t) {
  t.add("floor", [](auto& x) { return floor(x[0]); })
      .unary(away_from({-2, -1, 0, 1, 2}))
      .reference([](double v) { return std::floor(v); })
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { floor(leaf({2}, kBool)); });
  t.add("ceil", [](auto& x) { return ceil(x[0]); })
      .unary(away_from({-2, -1, 0, 1, 2}))
      .reference([](double v) { return std::ceil(v); })
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { ceil(leaf({2}, kBool)); });
  t.add("trunc", [](auto& x) { return trunc(x[0]); })
      .unary(away_from({-2, -1, 0, 1, 2}))
      .reference([](double v) { return std::trunc(v); })
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { trunc(leaf({2}, kBool)); });
  t.add("fix", [](auto& x) { return fix(x[0]); })
      .unary(away_from({-2, -1, 0, 1, 2}))
      .reference([](double v) { return std::trunc(v); })
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { fix(leaf({2}, kBool)); });
  t.add("round", [](auto& x) { return round(x[0]); })
      .unary(away_from({-1.5, -0.5, 0.5, 1.5}))
      .on({{{3, 4}, uniform(0.21, 0.24)}}, [](auto& x) { return round(x[0], 1); })
      .on({{{3, 4}, uniform(1100, 1400)}}, [](auto& x) { return round(x[0], -3); })
      .reference([](double v) { return std::nearbyint(v); })
      .integers(Integers::same)
      .example("halves to even", {f64({-1.5, -0.5, 0.5, 1.5, 2.5})}, {f64({-2, -0., 0, 2, 2})}, {f64({0, 0, 0, 0, 0})})
      .bad(Wrong::dtype, "not defined for bool", [] { round(leaf({2}, kBool)); })
      .bad(Wrong::dtype, "floating", [] { round(leaf({2}, kInt64), 2); });
  t.add("frac", [](auto& x) { return frac(x[0]); })
      .unary(away_from({-2, -1, 0, 1, 2}))
      .example("sign of x", {f64({1.25, -1.25, -0.})}, {f64({0.25, -0.25, -0.})}, {f64({1, 1, 1})})
      .bad(Wrong::dtype, "floating", [] { frac(leaf({2}, kInt64)); });
}

double floored_rest(double a, double b) {
  const double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

void add_division(Table& t) {
  const Values dividend = uniform(1.2, 1.8), divisor = uniform(0.95, 1.05);
  t.add("div", [](auto& x) { return floor_divide(x[0], x[1]); })
      .covers({"floor_divide"})
      .binary(dividend, divisor)
      .on({{{3, 4}, dividend}}, [](auto& x) { return floor_divide(x[0], 1.1); })
      .promoting()
      .integers(Integers::same)
      .example("downwards", {tensor({7, -7, 7, -7}), tensor({2, 2, -2, -2})}, {tensor({3, -4, -4, 3})})
      .bad(Wrong::value, "division of integers by zero", [] { floor_divide(leaf({2}, kInt64), 0); })
      .bad(Wrong::dtype, "two bool", [] { floor_divide(leaf({2}, kBool), leaf({2}, kBool)); })
      .bad(Wrong::shape, "do not broadcast", [] { floor_divide(leaf({2}), leaf({3})); });
  t.add("remainder", [](auto& x) { return remainder(x[0], x[1]); })
      .binary(dividend, divisor)
      .on({{{3, 4}, uniform(-1.8, -1.2)}, {{4}, divisor}})
      .on({{{3, 4}, dividend}}, [](auto& x) { return remainder(x[0], 1.1); })
      .on({{{3, 4}, divisor}}, [](auto& x) { return remainder(1.5, x[0]); })
      .reference(floored_rest)
      .promoting()
      .integers(Integers::same)
      .example("sign of y", {f64({5.5, -5.5, 5.5, -5.5}), f64({2, 2, -2, -2})}, {f64({1.5, 0.5, -0.5, -1.5})},
               {f64({1, 1, 1, 1}), f64({-2, 3, 3, -2})})
      .example("integers", {tensor({7, -7, 7, -7}), tensor({3, 3, -3, -3})}, {tensor({1, 2, -2, -1})})
      .bad(Wrong::value, "division of integers by zero", [] { remainder(leaf({2}, kInt64), 0); })
      .bad(Wrong::dtype, "two bool", [] { remainder(leaf({2}, kBool), leaf({2}, kBool)); })
      .bad(Wrong::shape, "do not broadcast", [] { remainder(leaf({2}), leaf({3})); });
  t.add("fmod", [](auto& x) { return fmod(x[0], x[1]); })
      .binary(dividend, divisor)
      .on({{{3, 4}, uniform(-1.8, -1.2)}, {{4}, divisor}})
      .on({{{3, 4}, dividend}}, [](auto& x) { return fmod(x[0], 1.1); })
      .reference([](double a, double b) { return std::fmod(a, b); })
      .promoting()
      .integers(Integers::same)
      .example("sign of x", {f64({5.5, -5.5, 5.5, -5.5}), f64({2, 2, -2, -2})}, {f64({1.5, -1.5, 1.5, -1.5})},
               {f64({1, 1, 1, 1}), f64({-2, 2, 2, -2})})
      .example("integers", {tensor({7, -7, 7, -7}), tensor({3, 3, -3, -3})}, {tensor({1, -1, 1, -1})})
      .bad(Wrong::value, "division of integers by zero", [] { fmod(leaf({2}, kInt64), 0); })
      .bad(Wrong::dtype, "two bool", [] { fmod(leaf({2}, kBool), leaf({2}, kBool)); })
      .bad(Wrong::shape, "do not broadcast", [] { fmod(leaf({2}), leaf({3})); });
}

}  // namespace

void add_rounding(Table& t) {
  add_whole(t);
  add_division(t);
}

}  // namespace xgrad::test
