// Rows of <xgrad/ops/elementwise.hpp>: comparisons and tests of single elements. Nothing here has a gradient.
#include <cmath>

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

}  // namespace

void add_comparisons(Table& t) {
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

}  // namespace xgrad::test
