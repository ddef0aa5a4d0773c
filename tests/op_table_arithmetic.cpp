// Rows of <xgrad/ops/arithmetic.hpp>: + - * /.
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
}

void add_threes(Table& t) {
  t.add("addcmul", [](auto& x) { return addcmul(x[0], x[1], x[2]); })
      .on({{3, 4}, {3, 4}, {3, 4}})
      .on({{4}, {3, 1}, {}})
      .on({{{}, uniform(-2, 2)}, {2, 1, 3}, {4, 1}})
      .on({{0, 3}, {3}, {1, 3}})
      .on({{3, 4}, {4}, {3, 1}}, [](auto& x) { return addcmul(x[0], x[1], x[2], -2.5); })
      .on({{5, 37}, {37}, {5, 1}}, Size::medium)
      .on({{300, 401}, {300, 401}, {401}}, Size::large)
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "do not broadcast", [] { addcmul(leaf({2}), leaf({3}), leaf({3})); })
      .bad(Wrong::shape, "do not broadcast", [] { addcmul(leaf({3}), leaf({3}), leaf({2})); })
      .bad(Wrong::dtype, "floating value",
           [] { addcmul(leaf({2}, kInt64), leaf({2}, kInt64), leaf({2}, kInt64), 0.5); });
  t.add("addcdiv", [](auto& x) { return addcdiv(x[0], x[1], x[2]); })
      .on({{3, 4}, {3, 4}, {{3, 4}, away_from({0})}})
      .on({{4}, {3, 1}, {{}, away_from({0})}})
      .on({{0, 3}, {3}, {1, 3}})
      .on({{3, 4}, {4}, {{3, 1}, away_from({0})}}, [](auto& x) { return addcdiv(x[0], x[1], x[2], -2.5); })
      .on({{5, 37}, {37}, {{5, 1}, away_from({0})}}, Size::medium)
      .on({{300, 401}, {300, 401}, {{401}, away_from({0})}}, Size::large)
      .promoting()
      .bad(Wrong::shape, "do not broadcast", [] { addcdiv(leaf({2}), leaf({3}), leaf({3})); })
      .bad(Wrong::dtype, "integers are not divided", [] { addcdiv(leaf({2}), leaf({2}, kInt64), leaf({2}, kInt64)); });
  t.add("lerp", [](auto& x) { return lerp(x[0], x[1], x[2]); })
      .on({{3, 4}, {3, 4}, {{3, 4}, away_from({0.5})}})
      .on({{4}, {3, 1}, {{}, away_from({0.5})}})
      .on({{0, 3}, {3}, {1, 3}})
      .on({{3, 4}, {4}}, [](auto& x) { return lerp(x[0], x[1], 0.3); })
      .on({{3, 4}, {4}}, [](auto& x) { return lerp(x[0], x[1], 0.7); })
      .on({{5, 37}, {37}, {{5, 1}, away_from({0.5})}}, Size::medium)
      .on({{300, 401}, {300, 401}, {{401}, away_from({0.5})}}, Size::large)
      .example("ends", {f64({1, 1, 1}), f64({1e30, 1e30, 3}), f64({0, 1, 0.5})}, {f64({1, 1e30, 2})})
      .bad(Wrong::shape, "do not broadcast", [] { lerp(leaf({2}), leaf({3}), 0.5); })
      .bad(Wrong::shape, "do not broadcast", [] { lerp(leaf({2}), leaf({2}), leaf({3})); })
      .bad(Wrong::dtype, "dtype", [] { lerp(leaf({2}), leaf({2}, kFloat32), 0.5); });
}

}  // namespace

void add_arithmetic(Table& t) {
  add_sums(t);
  add_products(t);
  add_threes(t);
}

}  // namespace xgrad::test
