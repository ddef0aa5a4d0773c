// Rows of <xgrad/ops/math.hpp>.
#include <algorithm>
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
  t.add("sgn", [](auto& x) { return sgn(x[0]); })
      .unary(away_from({0}))
      .reference(sign_of)
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { sgn(leaf({2}, kBool)); });
  t.add("mul", [](auto& x) { return positive(x[0]) * 1; })
      .covers({"positive"})
      .unary(uniform(-2, 2))
      .integers(Integers::same)
      .bad(Wrong::dtype, "not defined for bool", [] { positive(leaf({2}, kBool)); });
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
  t.add("exp2", [](auto& x) { return exp2(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::exp2(v); })
      .integers(Integers::fraction);
  t.add("log2", [](auto& x) { return log2(x[0]); })
      .unary(positive())
      .reference([](double v) { return std::log2(v); })
      .integers(Integers::fraction);
  t.add("log10", [](auto& x) { return log10(x[0]); })
      .unary(positive())
      .reference([](double v) { return std::log10(v); })
      .integers(Integers::fraction);
  t.add("pow", [](auto& x) { return float_power(x[0], x[1]).to(x[0].dtype()); })
      .covers({"float_power"})
      .binary(positive(), uniform(0.1, 2.5))
      .on({{{3, 4}, positive()}}, [](auto& x) { return float_power(x[0], 1.7).to(x[0].dtype()); })
      .on({{3, 4}}, [](auto& x) { return float_power(2, x[0]).to(x[0].dtype()); })
      .integers(Integers::same)
      .example("integers", {tensor({2, 3}), tensor({-1, 2})}, {tensor({0, 9})})
      .bad(Wrong::shape, "do not broadcast", [] { float_power(leaf({2}), leaf({3})); });
}

double log_add(double a, double b) {
  return a == b ? a + std::log(2.) : std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}
double log2_add(double a, double b) {
  return a == b ? a + 1 : std::max(a, b) + std::log1p(std::exp2(-std::abs(a - b))) / std::log(2.);
}

void add_sums_of_powers(Table& t) {
  t.add("logaddexp", [](auto& x) { return logaddexp(x[0], x[1]); })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .reference([](double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : log_add(a, b); })
      .promoting()
      .cancels(2e-7)
      .bad(Wrong::shape, "do not broadcast", [] { logaddexp(leaf({2}), leaf({3})); });
  t.add("logaddexp2", [](auto& x) { return logaddexp2(x[0], x[1]); })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .reference([](double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : log2_add(a, b); })
      .promoting()
      .cancels(2e-7)
      .bad(Wrong::shape, "do not broadcast", [] { logaddexp2(leaf({2}), leaf({3})); });
}

void add_parts(Table& t) {
  t.add("copysign", [](auto& x) { return copysign(x[0], x[1]); })
      .binary(away_from({0}), away_from({0}))
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return copysign(x[0], -1.5); })
      .reference([](double a, double b) { return std::copysign(a, b); })
      .promoting()
      .integers(Integers::fraction)
      .example("signs of zeros", {f64({1, -2, 0}), f64({-0., 0, -1})}, {f64({-1, 2, -0.})},
               {f64({-1, -1, 0}), f64({0, 0, 0})})
      .bad(Wrong::shape, "do not broadcast", [] { copysign(leaf({2}), leaf({3})); });
  t.add("nextafter", [](auto& x) { return nextafter(x[0], x[1]); })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .not_differentiable()
      .example("steps", {f64({1, 1, 0}), f64({2, 1, -1})}, {f64({1 + 0x1p-52, 1, -5e-324})})
      .bad(Wrong::dtype, "dtype", [] { nextafter(leaf({2}), leaf({2}, kFloat32)); })
      .bad(Wrong::shape, "do not broadcast", [] { nextafter(leaf({2}), leaf({3})); });
  t.add("ldexp", [](auto& x) { return ldexp(x[0], x[1]); })
      .promoting()
      .binary(uniform(-2, 2), uniform(-2, 2))
      .integers(Integers::fraction)
      .example("whole exponents", {f64({1.5, -3}), tensor({4, -1})}, {f64({24, -1.5})}, {f64({16, 0.5})})
      .bad(Wrong::shape, "do not broadcast", [] { ldexp(leaf({2}), leaf({3})); });
  t.add("frexp",
        [](auto& x) {
          const MantissaExponent r = frexp(x[0]);
          return Tensors{r.mantissa, r.exponent};
        })
      .unary(away_from({-2, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 2}))
      .example("parts", {f64({8, -0.75, 0})}, {f64({0.5, -0.75, 0}), tensor({4, 0, 0}, {kInt32})},
               {f64({0.0625, 1, 1})});
}

}  // namespace

void add_math(Table& t) {
  add_powers(t);
  add_exponentials(t);
  add_sums_of_powers(t);
  add_parts(t);
}

}  // namespace xgrad::test
