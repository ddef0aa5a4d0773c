// Rows of <xgrad/ops/matrix_function.hpp>.
#include <cmath>

#include "op_table_matrices.hpp"

namespace xgrad::test {

void add_matrix_function(Table& t) {
  const auto power = [](std::int64_t n) { return [n](const Tensors& x) { return matrix_power(x[0], n); }; };
  t.add("matmul", [](auto& x) { return matrix_power(x[0], 3); })
      .covers({"matrix_power"})
      .on({{3, 3}})
      .on({{0, 0}})
      .on({{2, 2, 2}})
      .on({{3, 3}}, power(6))
      .on({{3, 3}}, [](auto& x) { return matrix_power(well_conditioned(x[0]), -2); })
      .tolerance32(1e-3, 1e-3)
      .bad(Wrong::shape, "needs square matrices",
           [] {
             (void)matrix_power(leaf({2, 3}), 2);
           })
      .bad(Wrong::value, "singular", [] {
        (void)matrix_power(leaf({2, 2}), -1);
      });
  t.add("add", power(0)).covers({"matrix_power"}).on({{2, 2}});
  t.add("clone", power(1)).covers({"matrix_power"}).on({{2, 2}});
  t.add("matrix_exp", [](auto& x) { return matrix_exp(x[0]); })
      .on({{3, 3}})
      .on({{1, 1}})
      .on({{0, 0}})
      .on({{2, 2, 2}})
      .on({{2, 2}}, [](auto& x) { return matrix_exp(x[0] * 5); })
      .tolerance32(1e-3, 1e-3)
      .example("nilpotent", {f64({{0, 1}, {0, 0}})}, {f64({{1, 1}, {0, 1}})}, {f64({{1.5, 1}, {13. / 6, 1.5}})})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)matrix_exp(leaf({2, 3}));
      });
  t.add("matrix_rank", [](auto& x) { return matrix_rank(x[0]); })
      .on({{3, 3}})
      .on({{2, 4, 2}})
      .on({{0, 3}})
      .not_differentiable()
      .example("rank 1", {f64({{1, 2}, {2, 4}})}, {tensor(1)})
      .bad(Wrong::value, "rtol must not be negative",
           [] {
             (void)matrix_rank(leaf({2, 2}), {.rtol = -1});
           })
      .bad(Wrong::shape, "needs matrices", [] { (void)matrix_rank(leaf({2})); });
  t.add("svdvals", [](auto& x) { return linalg::cond(x[0]); })
      .covers({"cond"})
      .on({{3, 2}})
      .on({{2, 2, 2}}, [](auto& x) { return linalg::cond(x[0] + ladder_like(x[0]), -2); })
      .tolerance32(1e-2, 1e-3)
      .bad(Wrong::shape, "needs matrices", [] { (void)linalg::cond(leaf({2})); });
  t.add("inv_ex", [](auto& x) { return linalg::cond(x[0], "fro"); })
      .covers({"cond"})
      .on({{3, 3}}, [](auto& x) { return linalg::cond(well_conditioned(x[0]), "fro"); })
      .on({{3, 3}}, [](auto& x) { return linalg::cond(well_conditioned(x[0]), 1); })
      .on({{3, 3}}, [](auto& x) { return linalg::cond(well_conditioned(x[0]), -INFINITY); })
      .on({{2, 2}}, [](auto& x) { return linalg::cond(well_conditioned(x[0]), "nuc"); })
      .tolerance32(1e-2, 1e-3)
      .example("singular", {f64({{1, 2}, {2, 4}})}, {tensor(INFINITY, {kFloat64})})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)linalg::cond(leaf({2, 3}), 1);
      });
  t.add("matmul", [](auto& x) { return cov(x[0]); })
      .covers({"cov"})
      .on({{3, 4}})
      .on({{4}})
      .on({{3, 4}}, [](auto& x) { return cov(x[0], {.correction = 0}); })
      .on({{2, 3}},
          [](auto& x) {
            return cov(x[0], {.fweights = tensor({1, 3, 2})});
          })
      .on({{2, 3}, {{3}, positive()}}, [](auto& x) { return cov(x[0], {.aweights = x[1]}); })
      .tolerance32(1e-3, 1e-4)
      .example("of 1 2 3", {f64({1, 2, 3})}, {tensor(1.0, {kFloat64})})
      .bad(Wrong::shape, "needs rank 2 or less",
           [] {
             (void)cov(leaf({1, 1, 1}));
           })
      .bad(Wrong::dtype, "fweights must be of an integer type",
           [] {
             (void)cov(leaf({2, 2}), {.fweights = leaf({2})});
           })
      .bad(Wrong::shape, "one element for each of the 2 observations", [] {
        (void)cov(leaf({2, 2}), {.aweights = leaf({3})});
      });
  t.add("matmul", [](auto& x) { return corrcoef(x[0]); })
      .covers({"corrcoef"})
      .on({{3, 4}})
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::shape, "needs rank 2 or less", [] {
        (void)corrcoef(leaf({1, 1, 1}));
      });
  t.add("sum", [](auto& x) { return trace(x[0]); })
      .covers({"trace"})
      .on({{3, 3}})
      .on({{2, 3}})
      .on({{3, 2}})
      .on({{0, 0}})
      .integers(Integers::sum)
      .example("1 2; 3 4", {f64({{1, 2}, {3, 4}})}, {tensor(5.0, {kFloat64})}, {f64({{1, 0}, {0, 1}})})
      .bad(Wrong::shape, "rank", [] { (void)trace(leaf({2})); });
}

}  // namespace xgrad::test
