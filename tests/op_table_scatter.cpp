// Rows of <xgrad/ops/scatter.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_scattered_elements(Table& t) {
  const Values apart = indices({2, 0, 1, 1, 0, 2});
  t.add("scatter", [](auto& x) { return scatter(x[0], 1, x[1], x[2]); })
      .on({{2, 3}, {{2, 3}, apart}, {2, 3}})
      .on({{3, 4}, {{2, 3}, apart}, {4, 5}})
      .on({{4}, {{3}, indices({1, 3, 0})}, {3}}, [](auto& x) { return scatter(x[0], 0, x[1], x[2]); })
      .on({{}, {{}, indices({0})}, {}}, [](auto& x) { return scatter(x[0], 0, x[1], x[2]); })
      .on({{2, 3}, {{2, 3}, apart}}, [](auto& x) { return scatter(x[0], 1, x[1], 1.5); })
      .integers(Integers::same)
      .bad(Wrong::index, "index 7 out of range",
           [] {
             scatter(leaf({1, 3}), 1, full({1, 1}, 7, {kInt64}), 1.0);
           })
      .bad(Wrong::shape, "exceeds src",
           [] {
             scatter(leaf({1, 3}), 1, tensor({{0, 1}}), leaf({1, 1}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] { scatter(leaf({3}), 0, tensor({0}), leaf({1}, kFloat32)); })
      .bad(Wrong::value, "", [] { scatter(ones({3}, {kInt64}), 0, tensor({0}), 1e30); });
  const auto by = [](const char* how, bool self) {
    return [how, self](auto& x) { return scatter_reduce(x[0], 1, x[1], x[2], how, self); };
  };
  const Args some{{2, 3}, {{2, 4}, indices({2, 0, 2, 2, 1, 1, 0, 0})}, {2, 4}};
  t.add("scatter_reduce", by("amax", true))
      .on(some)
      .on(some, by("amin", false))
      .on(some, by("amax", false))
      .on(some, by("prod", true))
      .on(some, by("prod", false))
      .on({{2}, {{3}, indices({0, 0, 1})}, {3}},
          [](auto& x) {
            return scatter_reduce(x[0], 0, x[1], where(tensor({true, false, true}), 0, x[2]), "prod");
          })
      .integers(Integers::same)
      .example("shared among equals", {f64({{1, 2}}), tensor({{0, 0}}), f64({{3, 3}})}, {f64({{3, 2}})},
               {f64({{0, 1}}), Tensor(), f64({{0.5, 0.5}})})
      .bad(Wrong::value, "reduce must be", [] { scatter_reduce(leaf({3}), 0, tensor({0}), leaf({1}), "max"); })
      .bad(Wrong::dtype, "is not defined for bool",
           [] { scatter_reduce(ones({3}, {kBool}), 0, tensor({0}), ones({1}, {kBool}), "mean"); });
  t.add("scatter_add", by("sum", false))
      .covers({"scatter_reduce"})
      .on(some)
      .on(some, by("mean", true))
      .on(some, by("mean", false))
      .on(some, by("sum", true))
      .integers(Integers::same);
}

void add_scattered_rows(Table& t) {
  const Values some = indices({2, 0});
  t.add("scatter_reduce", [](auto& x) { return index_reduce(x[0], 0, x[1], x[2], "amax"); })
      .covers({"index_reduce"})
      .on({{3, 2}, {{2}, some}, {2, 2}})
      .on({{2, 3}, {{3}, indices({2, 0, 2})}, {2, 3}},
          [](auto& x) { return index_reduce(x[0], 1, x[1], x[2], "prod", false); })
      .integers(Integers::same)
      .bad(Wrong::shape, "source has shape (2), expected (1)",
           [] { index_reduce(leaf({3}), 0, tensor({0}), leaf({2}), "amax"); });
  t.add("index_copy", [](auto& x) { return index_copy(x[0], 0, x[1], x[2]); })
      .on({{3, 2}, {{2}, some}, {2, 2}})
      .on({{2, 3}, {{3}, indices({2, 0, 1})}, {2, 3}}, [](auto& x) { return index_copy(x[0], 1, x[1], x[2]); })
      .on({{}, {{1}, indices({0})}, {}})
      .integers(Integers::same)
      .bad(Wrong::index, "index 3 out of range for dim 0 (size 3)",
           [] { index_copy(leaf({3}), 0, tensor({3}), leaf({1})); })
      .bad(Wrong::shape, "source has shape (2)", [] { index_copy(leaf({3}), 0, tensor({0}), leaf({2})); });
  t.add("masked_fill", [](auto& x) { return index_fill(x[0], 1, x[1], 2); })
      .covers({"index_fill"})
      .on({{2, 3}, {{2}, some}})
      .on({{2, 3}, {{2}, indices({-1, -1})}})
      .integers(Integers::same)
      .bad(Wrong::index, "index 3 out of range for size 3", [] { index_fill(leaf({3}), 0, tensor({3}), 1); });
  t.add("where", [](auto& x) { return index_fill(x[0], 1, x[1], x[2]); })
      .covers({"index_fill"})
      .on({{2, 3}, {{2}, some}, {}})
      .integers(Integers::same)
      .bad(Wrong::shape, "rank", [] { index_fill(leaf({3}), 0, tensor({0}), leaf({1})); });
  t.add("scatter", [](auto& x) { return put(x[0], x[1], x[2]); })
      .covers({"put"})
      .on({{2, 3}, {{2, 2}, indices({5, 0, -2, 1})}, {4}})
      .on({{}, {{}, indices({0})}, {}})
      .integers(Integers::same)
      .bad(Wrong::index, "index 6 out of range for size 6",
           [] {
             put(leaf({2, 3}), tensor({6}), leaf({1}));
           })
      .bad(Wrong::shape, "2 elements for 1 places", [] {
        put(leaf({2, 3}), tensor({0}), leaf({2}));
      });
  t.add("index_add", [](auto& x) { return put(x[0], x[1], x[2], true); })
      .covers({"put"})
      .on({{2, 3}, {{2, 2}, indices({5, 0, -1, 1})}, {4}})
      .integers(Integers::same);
}

}  // namespace

void add_scatter(Table& t) {
  add_scattered_elements(t);
  add_scattered_rows(t);
}

}  // namespace xgrad::test
