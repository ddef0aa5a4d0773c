// Rows of <xgrad/ops/math.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

double sign_of(double v) { return (v > 0) - (v < 0); }  // of NaN 0, as in PyTorch

void add_powers(Table& t) {
  t.add("abs", [](auto& x) { return abs(x[0]); })
      .unary(away_from({0}))
      .reference([](double v) { return std::abs(v); })
      .integers(Integers::same)
      .example("gradient 0 at 0", {f64({-2, 0, 3})}, {f64({2, 0, 3})}, {f64({-1, 0, 1})})
      .bad(Wrong::dtype, "not defined for bool", [] { abs(leaf({2}, kBool)); });
  t.add("sign", [](auto& x) { return sign(x[0]); })
      .unary(away_from({0}))
      .reference(sign_of)
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { sign(leaf({2}, kBool)); });
  t.add("square", [](auto& x) { return square(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return v * v; })
      .integers(Integers::same);
  t.add("sqrt", [](auto& x) { return sqrt(x[0]); })
      .unary(positive())
      .reference([](double v) { return std::sqrt(v); })
      .integers(Integers::fraction);
  t.add("rsqrt", [](auto& x) { return rsqrt(x[0]); })
      .unary(positive())
      .reference([](double v) { return 1 / std::sqrt(v); })
      .integers(Integers::fraction);
  t.add("reciprocal", [](auto& x) { return reciprocal(x[0]); })
      .unary(away_from({0}))
      .reference([](double v) { return 1 / v; })
      .integers(Integers::fraction);
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

void add_exponentials(Table& t) {
  t.add("exp", [](auto& x) { return exp(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::exp(v); })
      .integers(Integers::fraction);
  t.add("expm1", [](auto& x) { return expm1(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::expm1(v); })
      .integers(Integers::fraction);
  t.add("log", [](auto& x) { return log(x[0]); })
      .unary(positive())
      .reference([](double v) { return std::log(v); })
      .integers(Integers::fraction);
  t.add("log1p", [](auto& x) { return log1p(x[0]); })
      .unary(uniform(-0.5, 2))
      .reference([](double v) { return std::log1p(v); })
      .integers(Integers::fraction);
  t.add("sin", [](auto& x) { return sin(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return std::sin(v); })
      .integers(Integers::fraction);
  t.add("cos", [](auto& x) { return cos(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return std::cos(v); })
      .integers(Integers::fraction);
  t.add("erf", [](auto& x) { return erf(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::erf(v); })
      .integers(Integers::fraction);
}

}  // namespace

void add_math(Table& t) {
  add_powers(t);
  add_exponentials(t);
}

}  // namespace xgrad::test
