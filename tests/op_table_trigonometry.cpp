// Rows of <xgrad/ops/trigonometry.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

void add_angles(Table& t) {
  t.add("sin", [](auto& x) { return sin(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return std::sin(v); })
      .integers(Integers::fraction);
  t.add("cos", [](auto& x) { return cos(x[0]); })
      .unary(uniform(-4, 4))
      .reference([](double v) { return std::cos(v); })
      .integers(Integers::fraction);
  t.add("tan", [](auto& x) { return tan(x[0]); })
      .unary(uniform(-1.2, 1.2))
      .reference([](double v) { return std::tan(v); })
      .integers(Integers::fraction);
  t.add("asin", [](auto& x) { return asin(x[0]); })
      .unary(uniform(-0.9, 0.9))
      .reference([](double v) { return std::asin(v); })
      .integers(Integers::fraction)
      .example("ends", {f64({-1, 1})}, {f64({std::asin(-1.), std::asin(1.)})}, {f64({INFINITY, INFINITY})});
  t.add("acos", [](auto& x) { return acos(x[0]); })
      .unary(uniform(-0.9, 0.9))
      .reference([](double v) { return std::acos(v); })
      .integers(Integers::fraction)
      .example("ends", {f64({-1, 1})}, {f64({std::acos(-1.), std::acos(1.)})}, {f64({-INFINITY, -INFINITY})});
  t.add("atan", [](auto& x) { return atan(x[0]); })
      .unary(uniform(-3, 3))
      .reference([](double v) { return std::atan(v); })
      .integers(Integers::fraction);
  t.add("sinc", [](auto& x) { return sinc(x[0]); })
      .unary(uniform(-3, 3))
      .integers(Integers::fraction)
      .example("whole numbers and infinity", {f64({0, 1, -2, 0.5, INFINITY})}, {f64({1, 0, 0, 2 / kPi, 0})},
               {f64({0, -1, -0.5, -4 / kPi, 0})});
  t.add("deg2rad", [](auto& x) { return deg2rad(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return v * (kPi / 180); })
      .integers(Integers::fraction);
  t.add("rad2deg", [](auto& x) { return rad2deg(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return v * (180 / kPi); })
      .integers(Integers::fraction);
  t.add("angle", [](auto& x) { return angle(x[0]); })
      .unary(away_from({0}))
      .reference([](double v) { return v < 0           ? kPi
                                       : std::isnan(v) ? v
                                                       : 0; })
      .integers(Integers::fraction);
}

void add_points(Table& t) {
  t.add("atan2", [](auto& x) { return atan2(x[0], x[1]); })
      .binary(away_from({0}), away_from({0}))
      .reference([](double a, double b) { return std::atan2(a, b); })
      .promoting()
      .integers(Integers::fraction)
      .example("gradient 0 at the origin", {f64({0, 1}), f64({0, 0})}, {f64({0, kPi / 2})}, {f64({0, 0}), f64({0, -1})})
      .bad(Wrong::shape, "do not broadcast", [] { atan2(leaf({2}), leaf({3})); });
  t.add("hypot", [](auto& x) { return hypot(x[0], x[1]); })
      .binary(away_from({0}), away_from({0}))
      .reference([](double a, double b) { return std::hypot(a, b); })
      .promoting()
      .bad(Wrong::shape, "do not broadcast", [] { hypot(leaf({2}), leaf({3})); })
      .bad(Wrong::dtype, "takes floating", [] { hypot(leaf({2}, kInt64), leaf({2}, kInt64)); });
}

void add_hyperbolic(Table& t) {
  t.add("sinh", [](auto& x) { return sinh(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::sinh(v); })
      .integers(Integers::fraction);
  t.add("cosh", [](auto& x) { return cosh(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::cosh(v); })
      .integers(Integers::fraction);
  t.add("asinh", [](auto& x) { return asinh(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::asinh(v); })
      .integers(Integers::fraction);
  t.add("acosh", [](auto& x) { return acosh(x[0]); })
      .unary(uniform(1.2, 3))
      .reference([](double v) { return std::acosh(v); })
      .integers(Integers::fraction);
  t.add("atanh", [](auto& x) { return atanh(x[0]); })
      .unary(uniform(-0.8, 0.8))
      .reference([](double v) { return std::atanh(v); })
      .integers(Integers::fraction);
}

}  // namespace

void add_trigonometry(Table& t) {
  add_angles(t);
  add_points(t);
  add_hyperbolic(t);
}

}  // namespace xgrad::test
