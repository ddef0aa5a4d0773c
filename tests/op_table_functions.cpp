// Rows of <xgrad/ops/elementwise.hpp>: functions of one tensor.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

double sign_of(double v) { return (v > 0) - (v < 0); }  // of NaN 0, as in PyTorch
double sigmoid_of(double v) { return v >= 0 ? 1 / (1 + std::exp(-v)) : std::exp(v) / (1 + std::exp(v)); }
double softplus_of(double v) { return std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v))); }

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

void add_activations(Table& t) {
  t.add("tanh", [](auto& x) { return tanh(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::tanh(v); })
      .integers(Integers::fraction)
      .example("flat far out", {f64({-INFINITY, INFINITY, 1000})}, {f64({-1, 1, 1})}, {f64({0, 0, 0})});
  t.add("sigmoid", [](auto& x) { return sigmoid(x[0]); })
      .unary(uniform(-4, 4))
      .reference(sigmoid_of)
      .integers(Integers::fraction)
      .example("flat far out", {f64({-INFINITY, INFINITY, -1000})}, {f64({0, 1, 0})}, {f64({0, 0, 0})});
  t.add("log_sigmoid", [](auto& x) { return log_sigmoid(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return -softplus_of(-v); })
      .integers(Integers::fraction)
      .example("no overflow", {f64({-1000, 1000})}, {f64({-1000, 0})}, {f64({1, 0})});
  t.add("relu", [](auto& x) { return relu(x[0]); })
      .unary(away_from({0}))
      .reference([](double v) { return v < 0 ? 0 : v; })
      .integers(Integers::same)
      .example("gradient 0 at 0", {f64({0, -1, 2})}, {f64({0, 0, 2})}, {f64({0, 0, 1})})
      .bad(Wrong::dtype, "not defined for bool", [] { relu(leaf({2}, kBool)); });
  t.add("leaky_relu", [](auto& x) { return leaky_relu(x[0]); })
      .unary(away_from({0}))
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return leaky_relu(x[0], 0.3); })
      .reference([](double v) { return v > 0 ? v : v * 0.01; })
      .integers(Integers::fraction);
  t.add("elu", [](auto& x) { return elu(x[0]); })
      .unary(away_from({0}))
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return elu(x[0], 0.6); })
      .reference([](double v) { return v > 0 ? v : std::expm1(v); })
      .integers(Integers::fraction);
  t.add("silu", [](auto& x) { return silu(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return v * sigmoid_of(v); })
      .integers(Integers::fraction);
  t.add("gelu", [](auto& x) { return gelu(x[0]); })
      .unary(uniform(-3, 3))
      .on({{{3, 4}, uniform(-3, 3)}}, [](auto& x) { return gelu(x[0], Gelu::tanh); })
      .reference([](double v) { return v * 0.5 * (std::erf(v * std::sqrt(0.5)) + 1); })
      .cancels(4e-7)
      .integers(Integers::fraction);
  t.add("softplus", [](auto& x) { return softplus(x[0]); })
      .unary(uniform(-4, 4))
      .on({{{3, 4}, away_from({1})}}, [](auto& x) { return softplus(x[0], 2, 2); })
      .reference([](double v) { return v > 20 ? v : softplus_of(v); })
      .integers(Integers::fraction);
}

}  // namespace

void add_functions(Table& t) {
  add_powers(t);
  add_exponentials(t);
  add_activations(t);
}

}  // namespace xgrad::test
