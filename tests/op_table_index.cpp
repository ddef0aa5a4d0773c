// Rows of <xgrad/ops/index.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_rows(Table& t) {
  t.add("index_select", [](auto& x) { return index_select(x[0], 0, x[1]); })
      .on({{3, 4}, {{4}, indices({2, 0, 2, 1})}})
      .on({{3}, {{}, indices({1})}})
      .on({{3, 4}, {{0}, indices({})}})
      .on({{}, {{1}, indices({0})}})
      .on({{2, 3, 2}, {{3}, indices({0, 0, 2})}}, [](auto& x) { return index_select(x[0], -2, x[1]); })
      .on({{2, 3}, {{2}, indices({2, 2})}}, [](auto& x) { return index_select(x[0], 1, x[1].to(kInt32)); })
      .integers(Integers::same)
      .bad(Wrong::index, "index -1 out of range",
           [] {
             index_select(leaf({3}), 0, tensor({0, -1}));
           })
      .bad(Wrong::index, "index 3 out of range for dim 0 (size 3)", [] { index_select(leaf({3}), 0, tensor({3})); })
      .bad(Wrong::dtype, "index must be int64, got float64", [] { index_select(leaf({3}), 0, f64({1})); })
      .bad(Wrong::shape, "index must have rank 0 or 1",
           [] {
             index_select(leaf({3}), 0, zeros({1, 1}, {kInt64}));
           })
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { index_select(leaf({3}), 1, tensor({0})); });
  t.add("index_add", [](auto& x) { return index_add(x[0], 0, x[1], x[2]); })
      .on({{3, 2}, {{4}, indices({2, 0, 2, 2})}, {4, 2}})
      .on({{3, 2}, {{0}, indices({})}, {0, 2}})
      .on({{3}, {{}, indices({1})}, {1}})
      .on({{2, 3}, {{2}, indices({2, 0})}, {2, 2}}, [](auto& x) { return index_add(x[0], -1, x[1], x[2]); })
      .integers(Integers::same)
      .bad(Wrong::shape, "source has shape (2), expected (1)", [] { index_add(leaf({3}), 0, tensor({0}), leaf({2})); })
      .bad(Wrong::dtype, "dtypes differ", [] { index_add(leaf({3}), 0, tensor({0}), leaf({1}, kFloat32)); })
      .bad(Wrong::index, "index 5 out of range", [] { index_add(leaf({3}), 0, tensor({5}), leaf({1})); })
      .bad(Wrong::dtype, "index must be int64, got bool", [] { index_add(leaf({3}), 0, tensor({true}), leaf({1})); });
  t.add("one_hot", [](auto& x) { return one_hot(x[0], 4); })
      .on({{{3}, indices({0, 3, 1})}})
      .on({{{}, indices({2})}})
      .on({{{0}, indices({})}})
      .on({{{2, 2}, indices({0, 1, 1, 0})}}, [](auto& x) { return one_hot(x[0]); })
      .not_differentiable()
      .example("inferred", {tensor({0, 3})}, {tensor({{1, 0, 0, 0}, {0, 0, 0, 1}})})
      .bad(Wrong::index, "class 4 at element 1 outside 0..3",
           [] {
             one_hot(tensor({0, 4}), 4);
           })
      .bad(Wrong::dtype, "index must be int64, got float64", [] { one_hot(leaf({2})); })
      .bad(Wrong::value, "cannot infer num_classes", [] { one_hot(zeros({0}, {kInt64})); });
}

}  // namespace

void add_index(Table& t) { add_rows(t); }

}  // namespace xgrad::test
