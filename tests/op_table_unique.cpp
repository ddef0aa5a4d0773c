// Rows of <xgrad/ops/unique.hpp>.
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

Tensors listed(const UniqueResult& r) { return {r.values, r.inverse, r.counts}; }

void add_sets(Table& t) {
  t.add("unique", [](auto& x) { return listed(unique(x[0])); })
      .not_differentiable()
      .on({{{3, 4}, distinct()}})
      .on({{{3, 2}, distinct()}}, [](auto& x) { return listed(unique(x[0], 1)); })
      .on({{0}})
      .on({{}})
      .integers(Integers::same)
      .example("of equals and NaN", {f64({2, 1, 2, kNaN})},
               {f64({1, 2, kNaN}), tensor({1, 0, 1, 2}), tensor({1, 2, 1})})
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { unique(leaf({2}), 1); })
      .bad(Wrong::shape, "cannot be told apart", [] {
        unique(leaf({2, 0}), 0);
      });
  t.add("unique", [](auto& x) { return listed(unique(x[0], 0)); })
      .not_differentiable()
      .on({{3, 2}})
      .integers(Integers::same)
      .example("of rows", {tensor({{2, 1}, {1, 5}, {2, 1}})},
               {tensor({{1, 5}, {2, 1}}), tensor({1, 0, 1}), tensor({1, 2})});
  t.add("unique_consecutive", [](auto& x) { return listed(unique_consecutive(x[0])); })
      .not_differentiable()
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return listed(unique_consecutive(x[0], 1)); })
      .integers(Integers::same)
      .example("of runs", {tensor({2, 2, 1, 2})}, {tensor({2, 1, 2}), tensor({0, 0, 1, 2}), tensor({2, 1, 1})})
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { unique_consecutive(leaf({2}), 1); });
  t.add("isin", [](auto& x) { return isin(x[0], x[1]); })
      .not_differentiable()
      .on({{3, 4}, {5}})
      .on({{3}, {0}})
      .integers(Integers::unchanged)
      .example("of NaN", {f64({1, 2, kNaN}), f64({kNaN, 2})}, {tensor({false, true, false})});
}

}  // namespace

void add_unique(Table& t) { add_sets(t); }

}  // namespace xgrad::test
