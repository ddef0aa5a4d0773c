// Rows of <xgrad/ops/solve.hpp>.
#include "op_table_matrices.hpp"

namespace xgrad::test {
namespace {

void add_systems(Table& t) {
  const auto system = [](auto& x) { return linalg::solve(well_conditioned(x[0]), x[1]); };
  t.add("solve", [](auto& x) { return linalg::solve(x[0], x[1]); })
      .on({{3, 3}, {3, 2}}, system)
      .on({{3, 3}, {3}}, system)
      .on({{2, 3, 3}, {2, 3}}, system)
      .on({{2, 3, 3}, {3, 1}}, system)
      .on({{3, 3}, {2, 3, 2}}, system)
      .on({{1, 1}, {1, 1}}, system)
      .on({{0, 0}, {0, 2}}, system)
      .on({{2, 2}, {2, 0}}, system)
      .on({{3, 3}, {2, 3}}, [](auto& x) { return linalg::solve(well_conditioned(x[0]), x[1], false); })
      .tolerance32(1e-3, 1e-4)
      .example("2 0; 0 4", {f64({{2, 0}, {0, 4}}), f64({2, 2})}, {f64({1, 0.5})},
               {f64({{-0.5, -0.25}, {-0.25, -0.125}}), f64({0.5, 0.25})})
      .bad(Wrong::value, "the matrix is singular: element (1, 1)",
           [] {
             (void)linalg::solve(leaf({2, 2}), leaf({2}));
           })
      .bad(Wrong::shape, "needs square matrices",
           [] {
             (void)linalg::solve(leaf({2, 3}), leaf({2, 1}));
           })
      .bad(Wrong::shape, "A has 3 rows and B has 2",
           [] {
             (void)linalg::solve(leaf({3, 3}), leaf({2, 1}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] {
        (void)linalg::solve(leaf({2, 2}), leaf({2, 1}, kFloat32));
      });
  t.add("solve_ex", [](auto& x) { return linalg::solve_ex(x[0], x[1]).info; })
      .on({{3, 3}, {3, 2}}, [](auto& x) { return linalg::solve_ex(well_conditioned(x[0]), x[1]).result; })
      .on({{2, 3, 3}, {2, 3}}, [](auto& x) { return linalg::solve_ex(well_conditioned(x[0]), x[1]).result; })
      .tolerance32(1e-3, 1e-4)
      .example("singular", {f64({{1, 1}, {1, 1}}), f64({1, 1})}, {tensor(2).to(kInt32)})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)linalg::solve_ex(leaf({2, 3}), leaf({2, 1}));
      });
}

void add_triangular_solves(Table& t) {
  const auto upper = [](auto& x) { return linalg::solve_triangular(well_conditioned(x[0]), x[1], {.upper = true}); };
  t.add("solve_triangular", [](auto& x) { return linalg::solve_triangular(x[0], x[1], {.upper = true}); })
      .on({{3, 3}, {3, 2}}, upper)
      .on({{2, 3, 3}, {3, 2}}, upper)
      .on({{0, 0}, {0, 2}}, upper)
      .on({{3, 3}, {3, 2}},
          [](auto& x) { return linalg::solve_triangular(well_conditioned(x[0]), x[1], {.upper = false}); })
      .on({{3, 3}, {2, 3}},
          [](auto& x) {
            return linalg::solve_triangular(well_conditioned(x[0]), x[1], {.upper = true, .left = false});
          })
      .on({{3, 3}, {3, 2}},
          [](auto& x) { return linalg::solve_triangular(x[0], x[1], {.upper = false, .unitriangular = true}); })
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::shape, "A has 3 rows and B has 2",
           [] {
             (void)linalg::solve_triangular(leaf({3, 3}), leaf({2, 1}), {.upper = true});
           })
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)linalg::solve_triangular(leaf({2, 3}), leaf({2, 1}), {.upper = true});
      });
  t.add("solve_triangular")
      .covers({"lu_solve"})
      .on({{3, 3}, {3, 2}},
          [](auto& x) {
            const linalg::LUFactor f = linalg::lu_factor(well_conditioned(x[0]));
            return linalg::lu_solve(f.LU, f.pivots, x[1]);
          })
      .tolerance32(1e-3, 1e-4)
      .bad(Wrong::index, "pivot 5 is not in 1 to 2",
           [] {
             (void)linalg::lu_solve(leaf({2, 2}), tensor({5, 2}).to(kInt32), leaf({2, 1}));
           })
      .bad(Wrong::shape, "pivots must have shape", [] {
        (void)linalg::lu_solve(leaf({2, 2}), tensor({1}).to(kInt32), leaf({2, 1}));
      });
  const auto factor = [](const Tensor& x) { return linalg::cholesky(positive_definite(x)); };
  t.add("solve_triangular")
      .covers({"cholesky_solve"})
      .on({{3, 3}, {3, 2}}, [factor](auto& x) { return cholesky_solve(x[1], factor(x[0])); })
      .on({{2, 2}, {2, 1}}, [factor](auto& x) { return cholesky_solve(x[1], transpose(factor(x[0]), 0, 1), true); })
      .tolerance32(1e-3, 1e-3)
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)cholesky_solve(leaf({2, 1}), leaf({2, 3}));
      });
  t.add("solve_triangular")
      .covers({"cholesky_inverse"})
      .on({{3, 3}}, [factor](auto& x) { return cholesky_inverse(factor(x[0])); })
      .tolerance32(1e-3, 1e-3)
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)cholesky_inverse(leaf({2, 3}));
      });
}

void add_inverses(Table& t) {
  const auto inverted = [](auto& x) { return linalg::inv(well_conditioned(x[0])); };
  t.add("inv", [](auto& x) { return linalg::inv(x[0]); })
      .covers({"inv", "inverse"})
      .on({{3, 3}}, inverted)
      .on({{1, 1}}, inverted)
      .on({{0, 0}}, inverted)
      .on({{2, 3, 3}}, inverted)
      .on({{2, 2}}, [](auto& x) { return inverse(well_conditioned(x[0])); })
      .tolerance32(1e-3, 1e-4)
      .example("4 7; 2 6", {f64({{4, 7}, {2, 6}})}, {f64({{0.6, -0.7}, {-0.2, 0.4}})})
      .bad(Wrong::value, "the matrix is singular",
           [] {
             (void)linalg::inv(leaf({2, 2}));
           })
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)linalg::inv(leaf({2, 3}));
      });
  t.add("inv_ex", [](auto& x) { return linalg::inv_ex(x[0]).info; })
      .on({{3, 3}}, [](auto& x) { return linalg::inv_ex(well_conditioned(x[0])).inverse; })
      .tolerance32(1e-3, 1e-4)
      .example("singular", {f64({{1, 1}, {1, 1}})}, {tensor(2).to(kInt32)})
      .bad(Wrong::shape, "needs square matrices", [] {
        (void)linalg::inv_ex(leaf({2, 3}));
      });
  t.add("pinv", [](auto& x) { return linalg::pinv(x[0]); })
      .covers({"pinv", "pinverse"})
      .on({{3, 3}}, [](auto& x) { return linalg::pinv(well_conditioned(x[0])); })
      .on({{4, 2}})
      .on({{2, 4}})
      .on({{2, 3, 2}})
      .on({{0, 2}})
      .on({{3, 2}}, [](auto& x) { return pinverse(x[0]); })
      .on({{3, 1}, {1, 2}}, [](auto& x) { return linalg::pinv(matmul(x[0], x[1])); })
      .on({{3, 3}}, [](auto& x) { return linalg::pinv(symmetric(x[0]), {.hermitian = true}); })
      .tolerance32(1e-2, 1e-3)
      .bad(Wrong::value, "rtol must not be negative",
           [] {
             (void)linalg::pinv(leaf({2, 2}), {.rtol = -1});
           })
      .bad(Wrong::shape, "needs matrices", [] { (void)linalg::pinv(leaf({2})); });
  t.add("pinv")
      .covers({"lstsq"})
      .on({{4, 2}, {4, 3}},
          [](auto& x) {
            const linalg::LeastSquares r = linalg::lstsq(x[0], x[1]);
            return Tensors{r.solution, r.residuals};
          })
      .on({{4, 2}, {4}}, [](auto& x) { return linalg::lstsq(x[0], x[1]).solution; })
      .on({{2, 4}, {2, 1}}, [](auto& x) { return linalg::lstsq(x[0], x[1]).solution; })
      .tolerance32(1e-2, 1e-3)
      .bad(Wrong::shape, "A has 3 rows and B has 2", [] {
        (void)linalg::lstsq(leaf({3, 2}), leaf({2, 1}));
      });
  t.add("solve")
      .covers({"tensorsolve"})
      .on({{2, 3, 6}, {2, 3}},
          [](auto& x) {
            const Tensor shift = reshape(eye(6, 6, {.dtype = x[0].dtype()}) * 5, {2, 3, 6});
            return linalg::tensorsolve(x[0] + shift, x[1]);
          })
      .on({{2, 4, 2}, {4}},
          [](auto& x) {
            const Tensor shift = permute(reshape(eye(4, 4, {.dtype = x[0].dtype()}) * 5, {4, 2, 2}), {1, 0, 2});
            return linalg::tensorsolve(x[0] + shift, x[1], {0, 2});
          })
      .tolerance32(1e-3, 1e-3)
      .bad(Wrong::shape, "A must be a square system", [] {
        (void)linalg::tensorsolve(leaf({2, 3}), leaf({2}));
      });
  t.add("inv")
      .covers({"tensorinv"})
      .on({{2, 3, 6}},
          [](auto& x) {
            return linalg::tensorinv(x[0] + reshape(eye(6, 6, {.dtype = x[0].dtype()}) * 5, {2, 3, 6}), 2);
          })
      .tolerance32(1e-3, 1e-3)
      .bad(Wrong::value, "ind must be from 1 to the rank 2", [] {
        (void)linalg::tensorinv(leaf({2, 2}), 0);
      });
}

}  // namespace

void add_solve(Table& t) {
  add_systems(t);
  add_triangular_solves(t);
  add_inverses(t);
}

}  // namespace xgrad::test
