// Rows of <xgrad/ops/difference.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_differences(Table& t) {
  t.add("sub", [](auto& x) { return diff(x[0]); })
      .covers({"diff"})
      .on({{3, 4}})
      .on({{4, 2}}, [](auto& x) { return diff(x[0], 2, 0); })
      .on({{3}, {1}, {2}}, [](auto& x) { return diff(x[0], 2, 0, x[1], x[2]); })
      .integers(Integers::same)
      .example("of bools", {tensor({true, true, false})}, {tensor({false, true})})
      .example("of two", {tensor({1, 2})}, {tensor({1})})
      .bad(Wrong::value, "n must not be negative, got -1", [] { diff(leaf({2}), -1); })
      .bad(Wrong::shape, "needs rank 1 or more, got 0", [] { diff(leaf({})); });
  t.add("sum", [](auto& x) { return trapezoid(x[0], 0.5); })
      .covers({"trapezoid"})
      .on({{3, 4}})
      .on({{3, 1}})
      .on({{2, 0}})
      .on({{3, 4}, {3}}, [](auto& x) { return trapezoid(x[0], x[1], 0); })
      .on({{3, 4}, {1, 4}}, [](auto& x) { return trapezoid(x[0], x[1]); })
      .integers(Integers::fraction)
      .example("of a line", {f64({1, 2, 3})}, {tensor(2.0, {kFloat64})})
      .bad(Wrong::shape, "a place for each of 3 samples",
           [] {
             trapezoid(leaf({2, 3}), leaf({2}));
           })
      .bad(Wrong::dtype, "is not defined for bool", [] { trapezoid(ones({3}, {kBool})); });
  t.add("cumsum", [](auto& x) { return cumulative_trapezoid(x[0], 0.5); })
      .covers({"cumulative_trapezoid"})
      .on({{3, 4}})
      .on({{3, 4}, {3}}, [](auto& x) { return cumulative_trapezoid(x[0], x[1], 0); })
      .integers(Integers::fraction)
      .bad(Wrong::shape, "needs rank 1 or more", [] { cumulative_trapezoid(leaf({})); });
}

void add_gradients(Table& t) {
  t.add("mul", [](auto& x) { return gradient(x[0], {0.5}, {-1}, 2); }).covers({"gradient"}).on({{2, 5}});
  t.add("div", [](auto& x) { return gradient(x[0]); })
      .covers({"gradient"})
      .on({{3, 4}})
      .on({{3, 3}},
          [](auto& x) {
            return gradient(x[0], {0.5, 2.});
          })
      .on({{4}, {{4}, distinct()}}, [](auto& x) { return gradient(x[0], {x[1]}, {0}, 2); })
      .on({{3, 2}, {{3}, distinct()}}, [](auto& x) { return gradient(x[0], {x[1]}, {0}); })
      .example("of squares", {f64({0, 1, 4, 9})}, {f64({1, 2, 4, 5})})
      .bad(Wrong::value, "edge_order must be 1 or 2, got 3", [] { gradient(leaf({4}), std::vector<double>{}, {}, 3); })
      .bad(Wrong::shape, "dim 0 has 1 samples, needs 2 or more", [] { gradient(leaf({1})); })
      .bad(Wrong::value, "2 spacings for 1 dimensions",
           [] {
             gradient(leaf({4}), {1., 2.});
           })
      .bad(Wrong::shape, "3 places for 4 samples",
           [] {
             gradient(leaf({4}), {f64({0, 1, 2})});
           })
      .bad(Wrong::index, "dim 0 given twice", [] {
        gradient(leaf({4}), std::vector<double>{}, {0, 0});
      });
}

}  // namespace

void add_difference(Table& t) {
  add_differences(t);
  add_gradients(t);
}

}  // namespace xgrad::test
