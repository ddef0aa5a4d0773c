// Rows of <xgrad/ops/elementwise.hpp>: + - * / and powers, and choosing between values.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_sums(Table& t) {
  t.add("add", [](auto& x) { return x[0] + x[1]; })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .on({{3, 1}, {4}}, [](auto& x) { return add(x[0], x[1], -2.5); })
      .on({{3, 4}}, [](auto& x) { return x[0] + 1.5; })
      .on({{}}, [](auto& x) { return 2 + x[0]; })
      .on({{0, 2}}, [](auto& x) { return add(x[0], 2); })
      .reference([](double a, double b) { return a + b; })
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "shapes (2, 3) and (2, 4) do not broadcast: dimension 1 is 3 and 4",
           [] {
             leaf({2, 3}) + leaf({2, 4});
           })
      .bad(Wrong::shape, "do not broadcast",
           [] {
             add(leaf({2, 3}), leaf({2}));
           })
      .bad(Wrong::dtype, "floating alpha", [] { add(leaf({2}, kInt64), leaf({2}, kInt64), 0.5); });
  t.add("sub", [](auto& x) { return x[0] - x[1]; })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .on({{3, 1}, {4}}, [](auto& x) { return sub(x[0], x[1], 3); })
      .on({{3, 4}}, [](auto& x) { return x[0] - 1.5; })
      .reference([](double a, double b) { return a - b; })
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "shapes (3) and (2) do not broadcast: dimension 0 is 3 and 2", [] { leaf({3}) - leaf({2}); })
      .bad(Wrong::dtype, "not defined for two bool tensors", [] { leaf({2}, kBool) - leaf({2}, kBool); });
  t.add("rsub", [](auto& x) { return 1.5 - x[0]; })
      .unary(uniform(-2, 2))
      .reference([](double a) { return 1.5 - a; })
      .integers(Integers::fraction)
      .bad(Wrong::value, "undefined tensor", [] { 1 - Tensor(); });
  t.add("neg", [](auto& x) { return -x[0]; })
      .unary(uniform(-2, 2))
      .reference([](double a) { return -a; })
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { neg(leaf({2}, kBool)); })
      .bad(Wrong::dtype, "not defined for bool", [] { -leaf({2}, kBool); });
}

void add_products(Table& t) {
  t.add("mul", [](auto& x) { return x[0] * x[1]; })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .on({{3, 4}}, [](auto& x) { return x[0] * -1.5; })
      .on({{}}, [](auto& x) { return 3 * x[0]; })
      .reference([](double a, double b) { return a * b; })
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "do not broadcast: dimension 0 is 2 and 3", [] { leaf({2}) * leaf({3}); });
  t.add("div", [](auto& x) { return x[0] / x[1]; })
      .binary(uniform(-2, 2), away_from({0}))
      .on({{3, 4}}, [](auto& x) { return x[0] / 0.7; })
      .on({{{3, 4}, uniform(1.2, 1.8)}, {{4}, uniform(0.9, 1.1)}},
          [](auto& x) { return div(x[0], x[1], Rounding::floor); })
      .on({{{3, 4}, uniform(-1.8, -1.2)}, {{4}, uniform(0.9, 1.1)}},
          [](auto& x) { return div(x[0], x[1], Rounding::trunc); })
      .on({{{3, 4}, uniform(1.2, 1.8)}}, [](auto& x) { return div(x[0], 0.7, Rounding::floor); })
      .reference([](double a, double b) { return a / b; })
      .promoting()
      .integers(Integers::fraction)
      .bad(Wrong::shape, "do not broadcast: dimension 2 is 4 and 5",
           [] {
             leaf({2, 3, 4}) / leaf({3, 5});
           })
      .bad(Wrong::value, "division of integers by zero", [] { div(leaf({2}, kInt64), 0, Rounding::floor); });
  t.add("rdiv", [](auto& x) { return 0.7 / x[0]; })
      .unary(away_from({0}))
      .reference([](double a) { return 0.7 / a; })
      .integers(Integers::fraction)
      .bad(Wrong::value, "undefined tensor", [] { 1 / Tensor(); });
  t.add("pow", [](auto& x) { return pow(x[0], x[1]); })
      .binary(positive(), uniform(0.1, 2.5))
      .on({{{3, 4}, positive()}, {{3, 4}, uniform(-2, 0)}})
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return pow(x[0], 2); })
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return pow(x[0], 3); })
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return pow(x[0], -1); })
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return pow(x[0], -2); })
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return pow(x[0], 5); })
      .on({{{3, 4}, positive()}}, [](auto& x) { return pow(x[0], 0.5); })
      .on({{{3, 4}, positive()}}, [](auto& x) { return pow(x[0], -0.5); })
      .on({{{3, 4}, positive()}}, [](auto& x) { return pow(x[0], 1.7); })
      .on({{3, 4}}, [](auto& x) { return pow(x[0], 1); })
      .on({{3, 4}}, [](auto& x) { return pow(x[0], 0); })
      .on({{3, 4}}, [](auto& x) { return pow(2.5, x[0]); })
      .reference([](double a, double b) { return std::pow(a, b); })
      .promoting()
      .integers(Integers::same)
      .example("gradient at 0", {f64({0, 0, 0}), f64({0, 1, 2})}, {f64({1, 0, 0})}, {f64({0, 1, 0}), f64({0, 0, 0})})
      .bad(Wrong::shape, "do not broadcast", [] { pow(leaf({2}), leaf({3})); })
      .bad(Wrong::value, "negative integer power", [] { pow(leaf({2}, kInt64), -1); });
}

double nan_or(double a, double b, double v) { return std::isnan(a) || std::isnan(b) ? NAN : v; }

void add_extrema(Table& t) {
  t.add("maximum", [](auto& x) { return maximum(x[0], x[1]); })
      .binary(uniform(-2, -0.1), uniform(0, 2))
      .on({{{3, 4}, uniform(0.1, 2)}, {{3, 4}, uniform(-2, 0)}})
      .reference([](double a, double b) { return nan_or(a, b, std::max(a, b)); })
      .promoting()
      .integers(Integers::same)
      .example("a tie sends half each way", {f64({1, 2, 3}), f64({1, 1, 4})}, {f64({1, 2, 4})},
               {f64({0.5, 1, 0}), f64({0.5, 0, 1})})
      .bad(Wrong::shape, "do not broadcast", [] { maximum(leaf({2}), leaf({3})); });
  t.add("minimum", [](auto& x) { return minimum(x[0], x[1]); })
      .binary(uniform(-2, -0.1), uniform(0, 2))
      .on({{{3, 4}, uniform(0.1, 2)}, {{3, 4}, uniform(-2, 0)}})
      .reference([](double a, double b) { return nan_or(a, b, std::min(a, b)); })
      .promoting()
      .integers(Integers::same)
      .example("a tie sends half each way", {f64({1, 2, 3}), f64({1, 1, 4})}, {f64({1, 1, 3})},
               {f64({0.5, 0, 1}), f64({0.5, 1, 0})})
      .bad(Wrong::shape, "do not broadcast", [] { minimum(leaf({2}), leaf({3})); });
  t.add("clamp", [](auto& x) { return clamp(x[0], -1, 0.5); })
      .covers({"clamp", "clamp_min", "clamp_max"})
      .unary(away_from({-1, 0.5}))
      .on({{{3, 4}, away_from({0.3})}}, [](auto& x) { return clamp_min(x[0], 0.3); })
      .on({{{3, 4}, away_from({0.3})}}, [](auto& x) { return clamp_max(x[0], 0.3); })
      .on({{3, 4}}, [](auto& x) { return clamp(x[0], 5, 1); })
      .on({{{3, 0}, away_from({0.3})}}, [](auto& x) { return clamp_max(x[0], 0.3); })
      .reference([](double a) { return std::isnan(a) ? a : std::min(std::max(a, -1.0), 0.5); })
      .integers(Integers::fraction)
      .example("gradient 1 at the bounds", {f64({-1, 0.5, 0, 2, -2})}, {f64({-1, 0.5, 0, 0.5, -1})},
               {f64({1, 1, 1, 0, 0})})
      .bad(Wrong::value, "undefined tensor", [] { clamp_min(Tensor(), 0); });
}

void add_where(Table& t) {
  t.add("where", [](auto& x) { return where(x[0], x[1], x[2]); })
      .on({{{3, 4}, mask()}, {3, 4}, {3, 4}})
      .on({{{3, 1}, mask()}, {4}, {3, 4}})
      .on({{{}, mask()}, {3}, {1}})
      .on({{{4}, mask()}, {}, {}})
      .on({{{0, 3}, mask()}, {3}, {1, 3}})
      .on({{{5, 37}, mask()}, {5, 37}, {37}}, Size::medium)
      .on({{{300, 401}, mask()}, {300, 401}, {401}}, Size::large)
      .on({{{3, 4}, mask()}, {3, 4}}, [](auto& x) { return where(x[0], x[1], 2.5); })
      .on({{{3, 4}, mask()}, {4}}, [](auto& x) { return where(x[0], -1, x[1]); })
      .promoting()
      .integers(Integers::same)
      .example("nothing of the branch not taken", {tensor({true, false}), f64({1, NAN}), f64({INFINITY, 2})},
               {f64({1, 2})}, {Tensor(), f64({1, 0}), f64({0, 1})})
      .bad(Wrong::dtype, "the condition must be bool, got float64", [] { where(leaf({2}), leaf({2}), leaf({2})); })
      .bad(Wrong::shape, "do not broadcast", [] { where(leaf({2}, kBool), leaf({3}), leaf({3})); })
      .bad(Wrong::shape, "do not broadcast", [] { where(leaf({3}, kBool), leaf({3}), leaf({2})); });
}

// Bounds that are tensors.
void add_bounds(Table& t) {
  t.add("clamp_min", [](auto& x) { return clamp_min(x[0], x[1]); })
      .binary(uniform(-2, -0.1), uniform(0, 2))
      .on({{{3, 4}, uniform(0.1, 2)}, {{4}, uniform(-2, 0)}})
      .reference([](double a, double b) { return nan_or(a, b, std::max(a, b)); })
      .promoting()
      .integers(Integers::same)
      .example("x keeps its gradient at the bound", {f64({1, 2, 3}), f64({1, 1, 4})}, {f64({1, 2, 4})},
               {f64({1, 1, 0}), f64({0, 0, 1})})
      .bad(Wrong::shape, "do not broadcast", [] { clamp_min(leaf({2}), leaf({3})); });
  t.add("clamp_max", [](auto& x) { return clamp_max(x[0], x[1]); })
      .covers({"clamp_max", "clamp"})
      .binary(uniform(-2, -0.1), uniform(0, 2))
      .on({{{3, 4}, uniform(0.1, 2)}, {{4}, uniform(-2, 0)}})
      .on({{{3, 4}, uniform(-2, 2)}, {{3, 1}, uniform(-4, -3)}, {{4}, uniform(3, 4)}},
          [](auto& x) { return clamp(x[0], x[1], x[2]); })
      .reference([](double a, double b) { return nan_or(a, b, std::min(a, b)); })
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "do not broadcast", [] { clamp_max(leaf({2}), leaf({3})); });
}

}  // namespace

void add_arithmetic(Table& t) {
  add_sums(t);
  add_products(t);
  add_extrema(t);
  add_where(t);
  add_bounds(t);
}

}  // namespace xgrad::test
