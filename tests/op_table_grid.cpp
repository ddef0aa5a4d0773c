// Rows of <xgrad/ops/grid.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_grids(Table& t) {
  t.add("expand",
        [](auto& x) {
          return meshgrid({x[0], x[1]});
        })
      .covers({"meshgrid"})
      .on({{2}, {3}})
      .on({{2}, {3}},
          [](auto& x) {
            return meshgrid({x[0], x[1]}, "xy");
          })
      .on({{}, {3}})
      .on({{2}, {0}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs 1-D tensors, got rank 2",
           [] {
             meshgrid({leaf({2, 3})});
           })
      .bad(Wrong::value, "indexing must be", [] { meshgrid({leaf({2})}, "yx"); })
      .bad(Wrong::value, "at least one tensor", [] { meshgrid({}); });
  t.add("stack",
        [](auto& x) {
          return cartesian_prod({x[0], x[1]});
        })
      .covers({"cartesian_prod"})
      .on({{2}, {3}})
      .integers(Integers::same)
      .example("in order", {f64({1, 2}), f64({3, 4})}, {f64({{1, 3}, {1, 4}, {2, 3}, {2, 4}})})
      .bad(Wrong::shape, "needs 1-D tensors, got rank 0", [] { cartesian_prod({leaf({})}); });
  t.add("index_select", [](auto& x) { return combinations(x[0]); })
      .covers({"combinations"})
      .on({{4}})
      .on({{3}}, [](auto& x) { return combinations(x[0], 3, true); })
      .on({{2}}, [](auto& x) { return combinations(x[0], 3); })
      .on({{3}}, [](auto& x) { return combinations(x[0], 0); })  // of shape (0)
      .integers(Integers::same)
      .example("of three", {f64({1, 2, 3})}, {f64({{1, 2}, {1, 3}, {2, 3}})})
      .bad(Wrong::shape, "too many choices of 50 elements", [] { combinations(zeros({1000}), 50); })
      .bad(Wrong::value, "r must not be negative, got -1", [] { combinations(leaf({2}), -1); })
      .bad(Wrong::shape, "rank", [] {
        combinations(leaf({2, 2}));
      });
  t.add("cumprod", [](auto& x) { return vander(x[0]); })
      .covers({"vander"})
      .on({{3}})
      .on({{2, 3}}, [](auto& x) { return vander(x[0], 4, true); })
      .on({{3}}, [](auto& x) { return vander(x[0], 1); })
      .on({{3}}, [](auto& x) { return vander(x[0], 0); })
      .integers(Integers::sum)
      .bad(Wrong::value, "n must not be negative, got -2", [] { vander(leaf({2}), -2); })
      .bad(Wrong::shape, "needs rank 1 or more", [] { vander(leaf({})); });
}

}  // namespace

void add_grid(Table& t) { add_grids(t); }

}  // namespace xgrad::test
