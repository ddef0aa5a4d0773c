// Rows of <xgrad/ops/indexing.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_index_reading(Table& t) {
  const Values some = indices({2, 0, -1, 1});
  t.add("slice",
        [](auto& x) {
          return index(x[0], {Slice{1, 3}, None, Ellipsis, -1});
        })
      .covers({"index"})
      .on({{4, 2, 3}})
      .integers(Integers::same)
      .bad(Wrong::index, "too many indices: 3 for a tensor of rank 2",
           [] {
             index(leaf({2, 3}), {0, 0, 0});
           })
      .bad(Wrong::index, "Ellipsis may stand once",
           [] {
             index(leaf({2, 3}), {Ellipsis, Ellipsis});
           })
      .bad(Wrong::index, "index 3 out of range for size 3 (dim 1)",
           [] {
             index(leaf({2, 3}), {Slice{}, 3});
           })
      .bad(Wrong::value, "step must be positive, got 0", [] {
        index(leaf({2, 3}), {Slice{0, 2, 0}});
      });
  t.add("index_select", [](auto& x) { return index(x[0], {x[1]}); })
      .covers({"index"})
      .on({{3, 2}, {{2, 2}, some}})
      .on({{3, 2, 3}, {{2, 2}, some}},
          [](auto& x) {
            return index(x[0], {x[1], Slice{}, x[1]});
          })
      .on({{2, 3, 3}, {{4}, some}},
          [](auto& x) {
            return index(x[0], {Slice{}, x[1], x[1]});
          })
      .on({{3, 2, 3}, {{4}, some}},
          [](auto& x) {
            return index(x[0], {x[1], None, 1, x[1]});
          })
      .on({{2, 3, 3}, {{4}, some}},
          [](auto& x) {
            return index(x[0], {1, Ellipsis, x[1]});
          })
      .on({{4, 2}, {{4}, mask()}})
      .on({{2, 3, 4}, {{2, 3}, mask()}})
      .on({{2, 3}, {{}, mask()}})
      .integers(Integers::same)
      .example("apart from each other, in front", {f64({{1, 2}, {3, 4}}), tensor({1, 0})}, {f64({{3, 4}, {1, 2}})})
      .bad(Wrong::index, "index 3 out of range for size 3", [] { index(leaf({3}), {tensor({3})}); })
      .bad(Wrong::index, "mask of shape (2) does not fit",
           [] {
             index(leaf({3}), {tensor({true, false})});
           })
      .bad(Wrong::dtype, "must be int64", [] { index(leaf({3}), {leaf({1})}); })
      .bad(Wrong::shape, "broadcast", [] {
        index(leaf({3, 3}), {tensor({0, 1, 2}), tensor({0, 1})});
      });
}

void add_writing(Table& t) {
  const Values some = indices({2, 0});
  t.add("scatter", [](auto& x) { return index_put(x[0], {x[1]}, x[2]); })
      .covers({"index_put"})
      .on({{3, 2}, {{2}, some}, {2}})
      .on({{3, 2}, {{3}, indices({1, -1, 0})}, {3, 2}})
      .on({{3, 4}, {{2}, some}, {}},
          [](auto& x) {
            return index_put(x[0], {Slice{1, 3}, x[1]}, x[2]);
          })
      .on({{3, 2, 3}, {{2}, some}, {2, 2}},
          [](auto& x) {
            return index_put(x[0], {x[1], Slice{}, x[1]}, x[2]);
          })
      .on({{3, 2}, {{3, 2}, mask()}, {}})
      .on({{3, 4}, {{2}, some}, {1, 2}},
          [](auto& x) {
            return index_put(x[0], {Ellipsis, Slice{0, 4, 2}}, x[2]);
          })
      .on({{3, 2}, {{2}, some}}, [](auto& x) { return index_put(x[0], {x[1]}, 2.5); })
      .integers(Integers::same)
      .bad(Wrong::shape, "do not expand to the part of shape (2, 2)",
           [] {
             index_put(leaf({3, 2}), {tensor({0, 1})}, leaf({3}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] { index_put(leaf({3}), {0}, leaf({}, kFloat32)); })
      .bad(Wrong::index, "index 3 out of range for size 3", [] { index_put(leaf({3}), {tensor({3})}, 1.0); });
  t.add("index_add", [](auto& x) { return index_put(x[0], {x[1]}, x[2], true); })
      .covers({"index_put"})
      .on({{3, 2}, {{3}, indices({2, 0, 2})}, {3, 2}})
      .integers(Integers::same)
      .example("twice to one place", {f64({1, 2}), tensor({0, 0}), f64({10, 20})}, {f64({31, 2})});
}

}  // namespace

void add_indexing(Table& t) {
  add_index_reading(t);
  add_writing(t);
}

}  // namespace xgrad::test
