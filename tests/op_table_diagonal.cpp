// Rows of <xgrad/ops/diagonal.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_diagonals(Table& t) {
  t.add("diagonal", [](auto& x) { return diagonal(x[0]); })
      .on({{3, 4}})
      .on({{2, 3, 4}}, [](auto& x) { return diagonal(x[0], 1, -1, 0); })
      .on({{3, 4}}, [](auto& x) { return diagonal(x[0], -2); })
      .on({{3, 4}}, [](auto& x) { return diagonal(x[0], 9); })
      .on({{3, 0}})
      .on({{300, 401}}, Size::large)
      .integers(Integers::same)
      .bad(Wrong::index, "dim -1 given twice",
           [] {
             diagonal(leaf({2, 3}), 0, 1, -1);
           })
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { diagonal(leaf({2})); });
  t.add("diag_embed", [](auto& x) { return diag_embed(x[0]); })
      .on({{2, 3}})
      .on({{3}}, [](auto& x) { return diag_embed(x[0], -1); })
      .on({{2, 3}}, [](auto& x) { return diag_embed(x[0], 2, 0, -1); })
      .on({{2, 0}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 1 or more, got 0", [] { diag_embed(leaf({})); })
      .bad(Wrong::index, "given twice", [] { diag_embed(leaf({2}), 0, 1, -1); });
  t.add("diag_embed", [](auto& x) { return diag(x[0], 1); })
      .covers({"diag"})
      .on({{3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 1 or 2, got 3", [] {
        diag(leaf({2, 3, 4}));
      });
  t.add("diagonal", [](auto& x) { return diag(x[0], -1); }).covers({"diag"}).on({{3, 4}}).integers(Integers::same);
  t.add("diag_embed", [](auto& x) { return diagflat(x[0], 1); })
      .covers({"diagflat"})
      .on({{2, 2}})
      .on({{}})
      .integers(Integers::same);
  t.add("diagonal_scatter", [](auto& x) { return diagonal_scatter(x[0], x[1], 1); })
      .on({{3, 4}, {3}})
      .on({{3, 4, 2}, {2, 3}}, [](auto& x) { return diagonal_scatter(x[0], x[1]); })
      .integers(Integers::same)
      .bad(Wrong::shape, "src has shape (3), the diagonal (2)",
           [] {
             diagonal_scatter(leaf({2, 3}), leaf({3}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] {
        diagonal_scatter(leaf({2, 3}), leaf({2}, kFloat32));
      });
}

void add_triangles(Table& t) {
  t.add("tril", [](auto& x) { return tril(x[0]); })
      .on({{3, 4}})
      .on({{2, 4, 3}}, [](auto& x) { return tril(x[0], 1); })
      .on({{3, 3}}, [](auto& x) { return tril(x[0], -9); })
      .on({{3, 0}})
      .on({{300, 401}}, Size::large)
      .integers(Integers::same)
      .bad(Wrong::shape, "needs rank 2 or more, got 1", [] { tril(leaf({2})); });
  t.add("triu", [](auto& x) { return triu(x[0]); })
      .on({{3, 4}})
      .on({{2, 4, 3}}, [](auto& x) { return triu(x[0], -1); })
      .on({{3, 3}}, [](auto& x) { return triu(x[0], 9); })
      .on({{0, 3}})
      .on({{300, 401}}, Size::large)
      .integers(Integers::same)
      .example("above", {f64({{1, 2}, {3, 4}})}, {f64({{1, 2}, {0, 4}})})
      .bad(Wrong::shape, "needs rank 2 or more, got 1", [] { triu(leaf({2})); });
}

}  // namespace

void add_diagonal(Table& t) {
  add_diagonals(t);
  add_triangles(t);
}

}  // namespace xgrad::test
