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
}

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

void add_masks(Table& t) {
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

void add_index_ops(Table& t) {
  add_rows(t);
  add_elements(t);
  add_masks(t);
}

}  // namespace xgrad::test
