// Rows of <xgrad/ops/norm.hpp>.
#include <cmath>

#include "op_table_matrices.hpp"

namespace xgrad::test {
namespace {

Values nonzero() { return away_from({0}); }

void add_norms(Table& t) {
  const auto of = [](double p) { return [p](const Tensors& x) { return linalg::vector_norm(x[0], p, {-1}); }; };
  t.add("p_norm", [](auto& x) { return linalg::vector_norm(x[0]); })
      .covers({"vector_norm"})
      .on({{{3, 4}, nonzero()}})
      .on({Arg({}, nonzero())})
      .on({{{0}, nonzero()}})
      .on({{{3, 4}, nonzero()}}, of(1))
      .on({{{3, 4}, nonzero()}}, of(3))
      .on({{{3, 4}, nonzero()}}, of(0.5))
      .on({{{3, 4}, nonzero()}}, of(-2))
      .on({{{3, 4}, distinct()}}, of(INFINITY))
      .on({{{3, 4}, distinct()}}, of(-INFINITY))
      .on({{{2, 3, 4}, nonzero()}},
          [](auto& x) {
            return linalg::vector_norm(x[0], 2, {0, 2}, true);
          })
      .on({{{2, 3, 4}, nonzero()}}, [](auto& x) { return linalg::vector_norm(x[0], 2, {1}); })
      .example("3 4", {f64({3, 4})}, {tensor(5.0, {kFloat64})}, {f64({0.6, 0.8})})
      .example("0", {f64({0, 0})}, {tensor(0.0, {kFloat64})}, {f64({0, 0})})
      .bad(Wrong::value, "NaN", [] { (void)linalg::vector_norm(leaf({2}), NAN); })
      .bad(Wrong::shape, "no elements", [] { (void)linalg::vector_norm(leaf({0}), INFINITY); })
      .bad(Wrong::index, "given twice",
           [] {
             (void)linalg::vector_norm(leaf({2, 2}), 2, {0, -2});
           })
      .bad(Wrong::index, "out of range", [] { (void)linalg::vector_norm(leaf({2}), 2, {1}); });
  const auto matrix = [](double p) { return [p](const Tensors& x) { return linalg::matrix_norm(x[0], p); }; };
  t.add("p_norm", [](auto& x) { return linalg::matrix_norm(x[0]); })
      .covers({"matrix_norm"})
      .on({{{3, 4}, nonzero()}})
      .on({{{2, 3, 4}, nonzero()}},
          [](auto& x) {
            return linalg::matrix_norm(x[0], "fro", {0, 2}, true);
          })
      .bad(Wrong::value, "ord must be",
           [] {
             (void)linalg::matrix_norm(leaf({2, 2}), "x");
           })
      .bad(Wrong::shape, "needs matrices", [] { (void)linalg::matrix_norm(leaf({2})); });
  t.add("abs", matrix(1))
      .covers({"matrix_norm"})
      .on({{{3, 4}, nonzero()}})
      .on({{{3, 4}, nonzero()}}, matrix(-1))
      .on({{{3, 4}, nonzero()}}, matrix(INFINITY))
      .on({{{3, 4}, nonzero()}}, matrix(-INFINITY))
      .on({{{2, 3, 4}, nonzero()}},
          [](auto& x) {
            return linalg::matrix_norm(x[0], 1, {2, 0});
          })
      .on({{{3, 4}, nonzero()}}, [](auto& x) { return linalg::norm(x[0], 1); })
      .bad(Wrong::value, "ord must be",
           [] {
             (void)linalg::matrix_norm(leaf({2, 2}), 3);
           })
      .bad(Wrong::shape, "needs matrices", [] { (void)linalg::matrix_norm(leaf({2}), 1); });
  t.add("svdvals", matrix(2))
      .covers({"matrix_norm"})
      .on({{{3, 4}, nonzero()}})
      .on({{{4, 3}, nonzero()}}, matrix(-2))
      .on({{{2, 3, 3}, nonzero()}},
          [](auto& x) {
            return linalg::matrix_norm(x[0], "nuc", {-2, -1}, true);
          })
      .on({{{3, 3}, nonzero()}}, [](auto& x) { return norm(x[0], "nuc"); })
      .tolerance32(1e-3, 1e-3)
      .bad(Wrong::shape, "no singular values", [] {
        (void)linalg::matrix_norm(leaf({0, 2}), 2);
      });
  t.add("p_norm", [](auto& x) { return norm(x[0]); })
      .covers({"norm"})
      .on({{{3, 4}, nonzero()}})
      .on({{{3, 4}, nonzero()}}, [](auto& x) { return norm(x[0], 3, {1}, true); })
      .on({{{3, 4}, nonzero()}}, [](auto& x) { return norm(x[0], "fro"); })
      .on({{{2, 3, 4}, nonzero()}}, [](auto& x) { return linalg::norm(x[0]); })
      .on({{{3, 4}, nonzero()}}, [](auto& x) { return linalg::norm(x[0], 1, {0}); })
      .bad(Wrong::value, "an order is for one dimension or two", [] {
        (void)linalg::norm(leaf({2, 2, 2}), 1);
      });
}

void add_distances(Table& t) {
  t.add("p_norm", [](auto& x) { return dist(x[0], x[1]); })
      .covers({"dist"})
      .on({{3, 4}, {3, 4}})
      .on({{3, 1}, {4}})
      .on({Arg({}), Arg({})})
      .on({{3, 4}, {3, 4}}, [](auto& x) { return dist(x[0], x[1], 1); })
      .bad(Wrong::shape, "broadcast", [] { (void)dist(leaf({2}), leaf({3})); });
  t.add("p_norm", [](auto& x) { return renorm(x[0], 2, 0, 1); })
      .covers({"renorm"})
      .on({{3, 4}})
      .on({{2, 3, 4}}, [](auto& x) { return renorm(x[0], 1, 1, 100); })
      .bad(Wrong::value, "p must be positive",
           [] {
             (void)renorm(leaf({2, 2}), 0, 0, 1);
           })
      .bad(Wrong::shape, "2 dimensions", [] { (void)renorm(leaf({2}), 2, 0, 1); });
  t.add("cdist", [](auto& x) { return cdist(x[0], x[1]); })
      .on({{3, 2}, {4, 2}})
      .on({{2, 3, 2}, {4, 2}})
      .on({{0, 2}, {4, 2}})
      .on({{70, 40}, {66, 40}}, Size::medium)
      .on({{3, 2}, {4, 2}}, [](auto& x) { return cdist(x[0], x[1], 1); })
      .on({{3, 2}, {4, 2}}, [](auto& x) { return cdist(x[0], x[1], INFINITY); })
      .on({{3, 2}, {4, 2}}, [](auto& x) { return cdist(x[0], x[1], 3); })
      .on({{2, 1, 3, 2}, {2, 4, 2}})
      .on({{3, 0}, {4, 0}})
      .on({{3, 2}, {0, 2}})
      .example("3 4", {f64({{0, 0}}), f64({{3, 4}})}, {reshape(f64({5}), {1, 1})})
      .example("far, near and the same", {f64({{1, 1}}), f64({{3e200, 4e200}, {1 + 3e-15, 1}, {1, 1}})},
               {f64({{5e200, 3.1086244689504383e-15, 0}})})
      .bad(Wrong::value, "p must not be negative",
           [] {
             (void)cdist(leaf({2, 2}), leaf({2, 2}), -1);
           })
      .bad(Wrong::shape, "rows of one length", [] {
        (void)cdist(leaf({2, 2}), leaf({2, 3}));
      });
  t.add("cdist", [](auto& x) { return pdist(x[0]); })
      .covers({"pdist"})
      .on({{4, 2}})
      .on({{1, 2}})
      .on({{4, 3}}, [](auto& x) { return pdist(x[0], 3); })
      .example("3 4", {f64({{0, 0}, {3, 4}})}, {f64({5})})
      .bad(Wrong::shape, "rank", [] { (void)pdist(leaf({2})); });
  t.add("p_norm", [](auto& x) { return pairwise_distance(x[0], x[1]); })
      .covers({"pairwise_distance"})
      .on({{3, 4}, {3, 4}})
      .on({{3, 4}, {4}}, [](auto& x) { return pairwise_distance(x[0], x[1], 1, 1e-6, true); })
      .bad(Wrong::shape, "broadcast", [] { (void)pairwise_distance(leaf({2}), leaf({3})); });
  t.add("p_norm", [](auto& x) { return normalize(x[0]); })
      .covers({"normalize"})
      .on({{{3, 4}, nonzero()}})
      .on({{{2, 3, 4}, nonzero()}}, [](auto& x) { return normalize(x[0], 1, -1); })
      .example("3 4", {f64({{3, 4}})}, {f64({{0.6, 0.8}})})
      .bad(Wrong::index, "out of range", [] { (void)normalize(leaf({2}), 2, 1); });
  t.add("p_norm", [](auto& x) { return cosine_similarity(x[0], x[1]); })
      .covers({"cosine_similarity"})
      .on({{{3, 4}, nonzero()}, {{3, 4}, nonzero()}})
      .on({{{3, 4}, nonzero()}, {{4}, nonzero()}}, [](auto& x) { return cosine_similarity(x[0], x[1], 0); })
      .example("0", {f64({{0, 0}}), f64({{1, 1}})}, {f64({0})})
      .example("large", {f64({{1e200, 0}}), f64({{1e200, 0}})}, {f64({1})})
      .bad(Wrong::shape, "broadcast", [] {
        (void)cosine_similarity(leaf({2, 2}), leaf({3, 2}));
      });
}

}  // namespace

void add_norm(Table& t) {
  add_norms(t);
  add_distances(t);
}

}  // namespace xgrad::test
