// Rows of <xgrad/ops/determinant.hpp>.
#include <cmath>

#include "op_table_matrices.hpp"

namespace xgrad::test {

void add_determinant(Table& t) {
  t.add("det", [](auto& x) { return det(x[0]); })
      .on({{3, 3}})
      .on({{1, 1}})
      .on({{0, 0}})
      .on({{2, 2, 2}})
      .on({{0, 2, 2}})
      // of rank 1 and 0, where the second derivative takes another way
      .on({{{3, 1}}, {{1, 3}}}, [](auto& x) { return det(matmul(x[0], x[1])); })
      .on({{{3, 3}}}, [](auto& x) { return det(x[0] * 0 + x[0] * x[0].sum() * 0) + x[0].sum(); })
      .tolerance32(1e-3, 1e-4)
      .example("4 7; 2 6", {f64({{4, 7}, {2, 6}})}, {tensor(10.0, {kFloat64})}, {f64({{6, -2}, {-7, 4}})})
      .example("singular", {f64({{1, 2}, {2, 4}})}, {tensor(0.0, {kFloat64})}, {f64({{4, -2}, {-2, 1}})})
      .example("that underflows", {f64({{1e-200, 0}, {0, 1e-200}})}, {tensor(0.0, {kFloat64})},
               {f64({{1e-200, 0}, {0, 1e-200}})})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)det(leaf({2, 3}));
      });
  t.add("slogdet",
        [](auto& x) {
          const linalg::SlogDet r = slogdet(x[0]);
          return Tensors{r.sign, r.logabsdet};
        })
      .on({{3, 3}})
      .on({{1, 1}})
      .on({{2, 2, 2}})
      .tolerance32(1e-3, 1e-3)
      .example("singular", {f64({{1, 2}, {2, 4}})}, {tensor(0.0, {kFloat64}), tensor(-INFINITY, {kFloat64})})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)slogdet(leaf({2, 3}));
      });
  t.add("slogdet", [](auto& x) { return logdet(x[0]); })
      .covers({"logdet"})
      .on({{3, 3}}, [](auto& x) { return logdet(positive_definite(x[0])); })
      .on({{2, 2, 2}}, [](auto& x) { return logdet(positive_definite(x[0])); })
      .tolerance32(1e-3, 1e-3)
      .example("negative", {f64({{0, 1}, {1, 0}})}, {tensor(NAN, {kFloat64})})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)logdet(leaf({2, 3}));
      });
}

}  // namespace xgrad::test
