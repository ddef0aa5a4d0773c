// Rows of <xgrad/ops/activation.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

double sigmoid_of(double v) { return v >= 0 ? 1 / (1 + std::exp(-v)) : std::exp(v) / (1 + std::exp(v)); }

double softplus_of(double v) { return std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v))); }

void add_common(Table& t) {
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

void add_piecewise(Table& t) {
  t.add("hardtanh", [](auto& x) { return hardtanh(x[0]); })
      .unary(away_from({-1, 1}))
      .on({{{3, 4}, away_from({-0.5, 1.5})}}, [](auto& x) { return hardtanh(x[0], -0.5, 1.5); })
      .reference([](double v) { return v < -1  ? -1
                                       : v > 1 ? 1
                                               : v; })
      .integers(Integers::fraction)
      .example("gradient 0 at the bounds", {f64({-1, 0, 1})}, {f64({-1, 0, 1})}, {f64({0, 1, 0})});
  t.add("relu6", [](auto& x) { return relu6(x[0]); })
      .unary(away_from({0, 6}, -2, 8))
      .reference([](double v) { return v < 0   ? 0
                                       : v > 6 ? 6
                                               : v; })
      .integers(Integers::fraction);
  t.add("hardsigmoid", [](auto& x) { return hardsigmoid(x[0]); })
      .unary(away_from({-3, 3}, -4, 4))
      .reference([](double v) { return v < -3  ? 0
                                       : v > 3 ? 1
                                               : (v + 3) / 6; })
      .integers(Integers::fraction);
  t.add("hardswish", [](auto& x) { return hardswish(x[0]); })
      .unary(away_from({-3, 3}, -4, 4))
      .reference([](double v) { return v < -3  ? 0
                                       : v > 3 ? v
                                               : v * ((v + 3) / 6); })
      .integers(Integers::fraction);
  t.add("hardshrink", [](auto& x) { return hardshrink(x[0]); })
      .unary(away_from({-0.5, 0.5}))
      .on({{{3, 4}, away_from({-1, 1})}}, [](auto& x) { return hardshrink(x[0], 1); })
      .reference([](double v) { return std::abs(v) <= 0.5 ? 0 : v; })
      .integers(Integers::fraction);
  t.add("softshrink", [](auto& x) { return softshrink(x[0]); })
      .unary(away_from({-0.5, 0.5}))
      .on({{{3, 4}, away_from({-1, 1})}}, [](auto& x) { return softshrink(x[0], 1); })
      .reference([](double v) { return v > 0.5    ? v - 0.5
                                       : v < -0.5 ? v + 0.5
                                                  : v * 0; })
      .integers(Integers::fraction)
      .bad(Wrong::value, "lambd must not be negative, got -1", [] { softshrink(leaf({2}), -1); });
  t.add("threshold", [](auto& x) { return threshold(x[0], 0.3, -2); })
      .unary(away_from({0.3}))
      .reference([](double v) { return v <= 0.3 ? -2 : v; })
      .integers(Integers::fraction);
  t.add("heaviside", [](auto& x) { return heaviside(x[0], x[1]); })
      .binary(away_from({0}), uniform(-2, 2))
      .example("0 takes the value", {f64({-2, 0, 3}), f64({5, 6, 7})}, {f64({0, 6, 1})},
               {f64({0, 0, 0}), f64({0, 0, 0})})
      .bad(Wrong::dtype, "dtype", [] { heaviside(leaf({2}), leaf({2}, kFloat32)); });
  t.add("step", [](auto& x) { return step(x[0]); })
      .unary(away_from({0}))
      .reference([](double v) {
        return v == 0 ? 1 : v > 0 ? 1 : v < 0 ? 0 : v;
      })
      .integers(Integers::fraction);
}

void add_smooth(Table& t) {
  t.add("selu", [](auto& x) { return selu(x[0]); })
      .unary(away_from({0}))
      .reference([](double v) {
        const double scale = 1.0507009873554804934193349852946, alpha = 1.6732632423543772848170429916717;
        return v > 0 ? v * scale : std::expm1(v) * (alpha * scale);
      })
      .integers(Integers::fraction);
  t.add("celu", [](auto& x) { return celu(x[0]); })
      .unary(away_from({0}))
      .on({{{3, 4}, away_from({0})}}, [](auto& x) { return celu(x[0], 1.5); })
      .reference([](double v) { return v > 0 ? v : std::expm1(v); })
      .integers(Integers::fraction)
      .bad(Wrong::value, "alpha must not be 0", [] { celu(leaf({2}), 0); });
  t.add("mish", [](auto& x) { return mish(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return v * std::tanh(std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v)))); })
      .integers(Integers::fraction);
  t.add("softsign", [](auto& x) { return softsign(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return v / (std::abs(v) + 1); })
      .integers(Integers::fraction);
  t.add("tanhshrink", [](auto& x) { return tanhshrink(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return v - std::tanh(v); })
      .cancels(4e-7)
      .integers(Integers::fraction);
}

Tensor seeded_rrelu(const Tensor& x) {
  manual_seed(7);
  return rrelu(x, 0.1, 0.3, true);
}

void add_others(Table& t) {
  const Values kink = away_from({0});
  t.add("prelu", [](auto& x) { return prelu(x[0], x[1]); })
      .on({{{3, 4}, kink}, {{1}}})
      .on({{{3, 4}, kink}, {Shape{}, uniform(-2, 2)}})
      .on({{{3, 4}, kink}, {{4}}})
      .on({{{2, 3, 2}, kink}, {{3}}})
      .on({{{5}, kink}, {{1}}})
      .on({{Shape{}, kink}, {Shape{}, uniform(-2, 2)}})
      .on({{{0, 3}, kink}, {{3}}})
      .on({{{4, 30, 401}, kink}, {{30}}}, Size::large)
      .bad(Wrong::shape, "weight must be one number or (4), one per channel, got (3)",
           [] {
             prelu(leaf({3, 4}), leaf({3}));
           })
      .bad(Wrong::dtype, "dtype", [] {
        prelu(leaf({3, 4}), leaf({4}, kFloat32));
      });
  t.add("where", [](auto& x) { return seeded_rrelu(x[0]); })
      .covers({"rrelu"})
      .on({{{3, 4}, kink}})
      .bad(Wrong::value, "lower must not exceed upper", [] { rrelu(leaf({2}), 1, 0); });
  t.add("leaky_relu", [](auto& x) { return rrelu(x[0]); }).covers({"rrelu"}).on({{{3, 4}, kink}});
  t.add("sigmoid", [](auto& x) { return glu(x[0]); })
      .covers({"glu"})
      .on({{{3, 4}}})
      .on({{{4, 3}}}, [](auto& x) { return glu(x[0], 0); })
      .on({{{2, 4, 0}}}, [](auto& x) { return glu(x[0], 1); })
      .example("halves", {f64({2, 0})}, {f64({1})}, {f64({0.5, 0.5})})
      .bad(Wrong::shape, "size 3 of dim 1 is not even",
           [] {
             glu(leaf({2, 3}));
           })
      .bad(Wrong::index, "dim 2 out of range", [] {
        glu(leaf({2, 4}), 2);
      });
  t.add("max", [](auto& x) { return maxout(x[0], 2); })
      .covers({"maxout"})
      .on({{{3, 4}, distinct()}})
      .on({{{2, 6, 2}, distinct()}}, [](auto& x) { return maxout(x[0], 3); })
      .on({{{4, 3}, distinct()}}, [](auto& x) { return maxout(x[0], 4, 0); })
      .bad(Wrong::shape, "size 3 of dim 1 is not divisible into pieces of 2", [] {
        maxout(leaf({2, 3}), 2);
      });
}

}  // namespace

void add_activation(Table& t) {
  add_common(t);
  add_piecewise(t);
  add_smooth(t);
  add_others(t);
}

}  // namespace xgrad::test
