// Rows of <xgrad/ops/gather.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_elements(Table& t) {
  const Values some = indices({2, 0, 1, 1, 0, 2});
  t.add("gather", [](auto& x) { return gather(x[0], 1, x[1]); })
      .on({{2, 3}, {{2, 3}, some}})
      .on({{3, 4}, {{2, 3}, some}})
      .on({{3}, {{6}, some}}, [](auto& x) { return gather(x[0], 0, x[1]); })
      .on({{3, 3}, {{3, 2}, some}}, [](auto& x) { return gather(x[0], -2, x[1]); })
      .on({{}, {{}, indices({0})}}, [](auto& x) { return gather(x[0], 0, x[1]); })
      .on({{2, 3}, {{0, 3}, indices({})}})
      .integers(Integers::same)
      .bad(Wrong::index, "index 7 out of range for dim 1 (size 3)",
           [] {
             gather(leaf({1, 3}), 1, full({1, 1}, 7, {kInt64}));
           })
      .bad(Wrong::shape, "index has rank 1, the input rank 2",
           [] {
             gather(leaf({2, 3}), 1, tensor({0, 0}));
           })
      .bad(Wrong::dtype, "index must be int64, got float64",
           [] {
             gather(leaf({2, 3}), 1, leaf({2, 1}));
           })
      .bad(Wrong::shape, "index has size 3 at dim 0", [] {
        gather(leaf({2, 3}), 1, zeros({3, 1}, {kInt64}));
      });
  t.add("scatter_add", [](auto& x) { return scatter_add(x[0], 1, x[1], x[2]); })
      .on({{2, 3}, {{2, 3}, some}, {2, 3}})
      .on({{3, 4}, {{2, 3}, some}, {4, 5}})
      .on({{3}, {{6}, some}, {6}}, [](auto& x) { return scatter_add(x[0], 0, x[1], x[2]); })
      .on({{}, {{}, indices({0})}, {}}, [](auto& x) { return scatter_add(x[0], 0, x[1], x[2]); })
      .on({{2, 3}, {{2, 0}, indices({})}, {2, 3}})
      .integers(Integers::same)
      .bad(Wrong::index, "index 7 out of range",
           [] {
             scatter_add(leaf({1, 3}), 1, full({1, 1}, 7, {kInt64}), leaf({1, 1}));
           })
      .bad(Wrong::shape, "exceeds src",
           [] {
             scatter_add(leaf({1, 3}), 1, tensor({{0, 1}}), leaf({1, 1}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] { scatter_add(leaf({3}), 0, tensor({0}), leaf({1}, kFloat32)); });
}

void add_taken(Table& t) {
  const Values some = indices({2, 0, -1, 1});
  t.add("index_select", [](auto& x) { return take(x[0], x[1]); })
      .covers({"take"})
      .on({{2, 3}, {{2, 2}, some}})
      .on({{3}, {{}, indices({1})}})
      .on({{0}, {{0}, indices({})}})
      .integers(Integers::same)
      .bad(Wrong::index, "index 6 out of range for size 6",
           [] {
             take(leaf({2, 3}), tensor({6}));
           })
      .bad(Wrong::dtype, "must be int64", [] {
        take(leaf({2, 3}), leaf({1}));
      });
  t.add("gather", [](auto& x) { return take_along_dim(x[0], x[1], 1); })
      .covers({"take_along_dim"})
      .on({{2, 3}, {{1, 2}, indices({2, 0})}})
      .on({{1, 3}, {{2, 2}, indices({2, 0, 1, 1})}})
      .on({{2, 3}, {{2}, indices({5, 0})}}, [](auto& x) { return take_along_dim(x[0], x[1]); })
      .integers(Integers::same)
      .bad(Wrong::shape, "index has rank 1, the input rank 2", [] {
        take_along_dim(leaf({2, 3}), tensor({0}), 0);
      });
}

}  // namespace

void add_gather(Table& t) {
  add_elements(t);
  add_taken(t);
}

}  // namespace xgrad::test
