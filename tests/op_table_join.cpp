// Rows of <xgrad/ops/join.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_joins(Table& t) {
  t.add("cat",
        [](auto& x) {
          return cat({x[0], x[1]}, 1);
        })
      .on({{2, 3}, {2, 1}})
      .on({{2, 3}, {2, 0}})
      .on({{2, 3}, {2, 3}})
      .on({{2, 3}, {0}})
      .on({{2}, {3}, {1}},
          [](auto& x) {
            return cat({x[0], x[1], x[2], x[0]});
          })
      .on({{2, 1, 3}, {2, 2, 3}},
          [](auto& x) {
            return cat({x[0], x[1]}, -2);
          })
      .on({{0}, {0}},
          [](auto& x) {
            return cat({x[0], x[1]});
          })
      .on({{300, 401}, {300, 7}}, Size::large)
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "tensor 1: size 3 at dim 0, expected 2",
           [] {
             cat({leaf({2, 3}), leaf({3, 3})}, 1);
           })
      .bad(Wrong::shape, "tensor 1: rank 1, expected 2",
           [] {
             cat({leaf({2, 3}), leaf({3})}, 0);
           })
      .bad(Wrong::value, "needs at least one tensor", [] { cat({}); })
      .bad(Wrong::shape, "rank 0",
           [] {
             cat({leaf({}), leaf({})});
           })
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        cat({leaf({2, 3})}, 2);
      });
  t.add("stack",
        [](auto& x) {
          return stack({x[0], x[1]}, 1);
        })
      .on({{2, 3}, {2, 3}})
      .on({{}, {}},
          [](auto& x) {
            return stack({x[0], x[1]});
          })
      .on({{2, 3}, {2, 3}},
          [](auto& x) {
            return stack({x[0], x[1], x[0]}, -1);
          })
      .on({{2, 0}, {2, 0}})
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "tensor 1 has shape (3), expected (2)",
           [] {
             stack({leaf({2}), leaf({3})});
           })
      .bad(Wrong::value, "needs at least one tensor", [] { stack({}); })
      .bad(Wrong::index, "dim 3 out of range [-3, 2]", [] {
        stack({leaf({2, 3})}, 3);
      });
}

void add_stacks(Table& t) {
  t.add("hstack",
        [](auto& x) {
          return hstack({x[0], x[1]});
        })
      .on({{2, 3}, {2, 1}})
      .on({{3}, {}})
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "size 3 at dim 0, expected 2",
           [] {
             hstack({leaf({2, 3}), leaf({3, 3})});
           })
      .bad(Wrong::value, "needs at least one tensor", [] { hstack({}); });
  t.add("vstack",
        [](auto& x) {
          return vstack({x[0], x[1]});
        })
      .on({{2, 3}, {3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "size 2 at dim 1, expected 3",
           [] {
             vstack({leaf({2, 3}), leaf({2})});
           })
      .after(1);
  t.add("dstack",
        [](auto& x) {
          return dstack({x[0], x[1]});
        })
      .on({{2, 3}, {2, 3, 2}})
      .integers(Integers::same)
      .bad(Wrong::shape, "expected",
           [] {
             dstack({leaf({2, 3}), leaf({2})});
           })
      .after(2);
  t.add("column_stack",
        [](auto& x) {
          return column_stack({x[0], x[1]});
        })
      .on({{2}, {2, 3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "size 3 at dim 0, expected 2",
           [] {
             column_stack({leaf({2}), leaf({3})});
           })
      .after(2);
  t.add("block_diag",
        [](auto& x) {
          return block_diag({x[0], x[1], x[2]});
        })
      .on({{2, 3}, {2}, {}})
      .on({{1, 2}, {0, 2}, {2, 1}})
      .integers(Integers::same)
      .example("of two", {f64({{1, 2}}), f64({3}), f64({4})}, {f64({{1, 2, 0, 0}, {0, 0, 3, 0}, {0, 0, 0, 4}})})
      .bad(Wrong::shape, "tensor 0 has rank 3, at most 2", [] {
        block_diag({leaf({1, 1, 1})});
      });
}

}  // namespace

void add_join(Table& t) {
  add_joins(t);
  add_stacks(t);
}

}  // namespace xgrad::test
