// Rows of <xgrad/ops/comparison.hpp>.
#include <cmath>
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

template <class F, class G>
void add_comparison(Table& t, const char* name, F op, G truth) {
  t.add(name, [op](auto& x) { return op(x[0], x[1]); })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .on({{3, 4}}, [op](auto& x) { return op(x[0], 0.25); })
      .on({{3, 4}}, [op](auto& x) { return op(x[0], x[0]); })
      .reference([truth](double a, double b) { return double(truth(a, b)); })
      .not_differentiable()
      .integers(Integers::unchanged)
      .bad_by(Wrong::shape, "do not broadcast: dimension 0 is 2 and 3", [op] { op(leaf({2}), leaf({3})); })
      .bad_by(Wrong::value, "undefined tensor", [op] { op(leaf({2}), Tensor()); });
}

template <class F, class G>
void add_logic(Table& t, const char* name, F op, G truth) {
  t.add(name, op)
      .on({{{3, 4}, mask()}, {{3, 1}, mask()}})
      .on({{{}, mask()}, {{}, mask()}})
      .on({{{0}, mask()}, {{1}, mask()}})
      .on({{3, 4}, {{4}, mask()}})
      .reference([truth](double a, double b) { return double(truth(a != 0, b != 0)); })
      .not_differentiable()
      .integers(Integers::unchanged)
      .bad_by(Wrong::shape, "do not broadcast", [op] {
        op(Tensors{leaf({2}, kBool), leaf({3}, kBool)});
      });
}

template <class F>
void add_test(Table& t, const char* name, F op, double (*truth)(double)) {
  t.add(name, op).unary(uniform(-2, 2)).reference(truth).not_differentiable().integers(Integers::unchanged);
}

void add_tests(Table& t) {
  add_comparison(
      t, "eq", [](const auto& a, const auto& b) { return a == b; }, [](double a, double b) { return a == b; });
  add_comparison(
      t, "ne", [](const auto& a, const auto& b) { return a != b; }, [](double a, double b) { return a != b; });
  add_comparison(
      t, "lt", [](const auto& a, const auto& b) { return a < b; }, [](double a, double b) { return a < b; });
  add_comparison(
      t, "le", [](const auto& a, const auto& b) { return a <= b; }, [](double a, double b) { return a <= b; });
  add_comparison(
      t, "gt", [](const auto& a, const auto& b) { return a > b; }, [](double a, double b) { return a > b; });
  add_comparison(
      t, "ge", [](const auto& a, const auto& b) { return a >= b; }, [](double a, double b) { return a >= b; });
  add_logic(
      t, "logical_and", [](const auto& x) { return x[0] && x[1]; }, [](bool a, bool b) { return a && b; });
  add_logic(
      t, "logical_or", [](const auto& x) { return x[0] || x[1]; }, [](bool a, bool b) { return a || b; });
  add_logic(
      t, "logical_xor", [](const auto& x) { return logical_xor(x[0], x[1]); }, [](bool a, bool b) { return a != b; });
  add_test(
      t, "logical_not", [](const auto& x) { return !x[0]; }, [](double v) { return double(v == 0); });
  add_test(
      t, "isnan", [](const auto& x) { return isnan(x[0]); }, [](double v) { return double(std::isnan(v)); });
  add_test(
      t, "isinf", [](const auto& x) { return isinf(x[0]); }, [](double v) { return double(std::isinf(v)); });
  add_test(
      t, "isfinite", [](const auto& x) { return isfinite(x[0]); }, [](double v) { return double(std::isfinite(v)); });
  add_test(
      t, "isposinf", [](const auto& x) { return isposinf(x[0]); }, [](double v) { return double(v == INFINITY); });
  add_test(
      t, "isneginf", [](const auto& x) { return isneginf(x[0]); }, [](double v) { return double(v == -INFINITY); });
  add_test(
      t, "isreal", [](const auto& x) { return isreal(x[0]); }, [](double) { return 1.0; });
  t.add("signbit", [](const auto& x) { return signbit(x[0]); })
      .unary(uniform(-2, 2))
      .not_differentiable()
      .integers(Integers::unchanged)
      .example("zeros", {f64({0., -0., -INFINITY, -1})}, {tensor({false, true, true, true})})
      .example("bools", {tensor({true, false})}, {tensor({false, false})});
  t.add("isclose", [](const auto& x) { return isclose(x[0], x[1]); })
      .binary(uniform(-2, 2), uniform(-2, 2))
      .on({{3, 4}}, [](const auto& x) { return isclose(x[0], x[0] + 1e-9); })
      .not_differentiable()
      .integers(Integers::unchanged)
      .example("the bound", {f64({100, 100, 0}), f64({100.0009, 100.002, 1e-9})}, {tensor({true, false, true})})
      .example("what is not finite", {f64({INFINITY, INFINITY, NAN, 1}), f64({INFINITY, -INFINITY, NAN, INFINITY})},
               {tensor({true, false, false, false})})
      .bad(Wrong::value, "tolerances are not negative", [] { isclose(leaf({2}), leaf({2}), -1); })
      .bad(Wrong::dtype, "dtype", [] { isclose(leaf({2}), leaf({2}, kFloat32)); })
      .bad(Wrong::shape, "do not broadcast", [] { isclose(leaf({2}), leaf({3})); });
  t.add("equal", [](const auto& x) { return tensor(equal(x[0], x[1])); })
      .not_differentiable()
      .integers(Integers::unchanged)
      .on({{3, 4}, {3, 4}})
      .on({{3, 4}, {4}})
      .on({{3, 4}}, [](const auto& x) { return tensor(equal(x[0], x[0].clone())); })
      .on({{0}, {0}})
      .example("NaN differs from itself", {f64({NAN}), f64({NAN})}, {tensor(false)})
      .bad(Wrong::value, "undefined tensor", [] { equal(leaf({2}), Tensor()); });
  t.add("allclose", [](const auto& x) { return tensor(allclose(x[0], x[1])); })
      .on({{3, 4}, {3, 4}})
      .on({{0}, {0}})
      .on({{3, 4}}, [](const auto& x) { return tensor(allclose(x[0], x[0] + 1e-9)); })
      .not_differentiable()
      .integers(Integers::unchanged)
      .example("the bound", {f64({100, 0}), f64({100.0009, 1e-9})}, {tensor(true)})
      .example("too far", {f64({100}), f64({100.002})}, {tensor(false)})
      .example("a row for all", {f64({1, 2}), f64({1})}, {tensor(false)})
      .example("one for all", {f64({1, 1}), f64({1})}, {tensor(true)})
      .example("NaN is no equal", {f64({NAN}), f64({NAN})}, {tensor(false)})
      .bad(Wrong::shape, "do not broadcast", [] { allclose(leaf({2}), leaf({3})); });
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

// NaN loses.
void add_numbers(Table& t) {
  t.add("fmax", [](auto& x) { return fmax(x[0], x[1]); })
      .binary(uniform(-2, -0.1), uniform(0, 2))
      .on({{{3, 4}, uniform(0.1, 2)}, {{3, 4}, uniform(-2, 0)}})
      .reference([](double a, double b) { return std::fmax(a, b); })
      .promoting()
      .integers(Integers::same)
      .example("ties and NaN are x's", {f64({1, NAN, 3, NAN}), f64({1, 1, NAN, NAN})}, {f64({1, 1, 3, NAN})},
               {f64({1, 0, 1, 1}), f64({0, 1, 0, 0})})
      .bad(Wrong::shape, "do not broadcast", [] { fmax(leaf({2}), leaf({3})); });
  t.add("fmin", [](auto& x) { return fmin(x[0], x[1]); })
      .binary(uniform(-2, -0.1), uniform(0, 2))
      .on({{{3, 4}, uniform(0.1, 2)}, {{3, 4}, uniform(-2, 0)}})
      .reference([](double a, double b) { return std::fmin(a, b); })
      .promoting()
      .integers(Integers::same)
      .example("ties and NaN are x's", {f64({1, NAN, 3, NAN}), f64({1, 1, NAN, NAN})}, {f64({1, 1, 3, NAN})},
               {f64({1, 0, 1, 1}), f64({0, 1, 0, 0})})
      .bad(Wrong::shape, "do not broadcast", [] { fmin(leaf({2}), leaf({3})); });
  t.add("nan_to_num", [](auto& x) { return nan_to_num(x[0]); })
      .unary(uniform(-2, 2))
      .on({{3, 4}}, [](auto& x) { return nan_to_num(x[0], 0.5, 9, -9); })
      .integers(Integers::same)
      .example("limits", {f64({NAN, INFINITY, -INFINITY, 2})},
               {f64({0, std::numeric_limits<double>::max(), -std::numeric_limits<double>::max(), 2})},
               {f64({0, 0, 0, 1})})
      .bad(Wrong::value, "undefined tensor", [] { nan_to_num(Tensor()); });
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

void add_comparison(Table& t) {
  add_tests(t);
  add_extrema(t);
  add_numbers(t);
  add_where(t);
  add_bounds(t);
}

}  // namespace xgrad::test
