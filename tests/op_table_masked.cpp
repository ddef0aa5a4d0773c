// Rows of <xgrad/ops/masked.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_masked_elements(Table& t) {
  t.add("masked_select", [](auto& x) { return masked_select(x[0], x[1]); })
      .on({{3, 4}, {{3, 4}, mask()}})
      .on({{3, 4}, {{4}, mask()}})
      .on({{4}, {{3, 1}, mask()}})
      .on({{}, {{3}, mask()}})
      .on({{0, 2}, {{2}, mask()}})
      .integers(Integers::same)
      .bad(Wrong::shape, "mask shape (2) does not match (3)",
           [] {
             masked_select(leaf({3}), tensor({true, false}));
           })
      .bad(Wrong::dtype, "mask must be bool, got int64", [] {
        masked_select(leaf({2}), tensor({1, 0}));
      });
  t.add("masked_fill", [](auto& x) { return masked_fill(x[0], x[1], 3); })
      .on({{3, 4}, {{3, 4}, mask()}})
      .on({{3, 4}, {{4}, mask()}})
      .on({{4}, {{3, 1}, mask()}})
      .on({{}, {{}, mask()}})
      .on({{0, 2}, {{2}, mask()}})
      .on({{300, 401}, {{300, 401}, mask()}}, Size::large)
      .integers(Integers::same)
      .example("with -inf", {f64({1, 2}), tensor({true, false})}, {f64({3, 2})}, {f64({0, 1})})
      .bad(Wrong::shape, "does not match",
           [] {
             masked_fill(leaf({3}), tensor({true, false}), 0);
           })
      .bad(Wrong::dtype, "mask must be bool, got float64", [] { masked_fill(leaf({2}), leaf({2}), 0); });
  t.add("where", [](auto& x) { return masked_fill(x[0], x[1], x[2]); })  // the value is a tensor
      .covers({"masked_fill"})
      .on({{3, 4}, {{4}, mask()}, {}})
      .on({{}, {{3}, mask()}, {}})
      .on({{0, 2}, {{2}, mask()}, {}})
      .integers(Integers::same)
      .bad(Wrong::shape, "value needs rank 0, got 1", [] { masked_fill(leaf({2}), leaf({2}, kBool), leaf({2})); })
      .bad(Wrong::dtype, "does not fit an integer tensor",
           [] { masked_fill(leaf({2}, kInt64), leaf({2}, kBool), leaf({})); });
}

void add_places(Table& t) {
  t.add("masked_scatter", [](auto& x) { return masked_scatter(x[0], x[1], x[2]); })
      .on({{3, 4}, {{3, 4}, mask()}, {13}})
      .on({{4}, {{3, 1}, mask()}, {3, 4}})
      .on({{0, 2}, {{2}, mask()}, {1}})
      .integers(Integers::same)
      .bad(Wrong::shape, "1 elements for 2 places", [] { masked_scatter(leaf({2}), ones({2}, {kBool}), leaf({1})); })
      .bad(Wrong::dtype, "dtypes differ", [] { masked_scatter(leaf({2}), leaf({2}, kBool), leaf({2}, kFloat32)); });
  t.add("nonzero", [](auto& x) { return nonzero(x[0]); })
      .not_differentiable()
      .covers({"nonzero", "argwhere"})
      .on({{3, 4}})
      .on({{}})
      .on({{3, 4}}, [](auto& x) { return argwhere(x[0]); })
      .integers(Integers::unchanged)
      .example("positions", {tensor({{0, 1}, {2, 0}})}, {tensor({{0, 1}, {1, 0}})});
}

}  // namespace

void add_masked(Table& t) {
  add_masked_elements(t);
  add_places(t);
}

}  // namespace xgrad::test
