// Rows of <xgrad/ops/decomposition.hpp>.
#include <cmath>

#include "op_table_matrices.hpp"

namespace xgrad::test {
namespace {

using Refused = std::function<void(const Tensor&)>;

void refuses_other_shapes(Row& row, const Refused& f, bool square) {
  row.bad_by(Wrong::shape, "needs matrices", [f] { f(leaf({3})); }).bad_by(Wrong::dtype, "floating", [f] {
    f(leaf({3, 3}, kInt64));
  });
  if (square) row.bad_by(Wrong::shape, "needs square matrices, got 2 rows and 3 columns", [f] { f(leaf({2, 3})); });
}

void add_cholesky(Table& t) {
  const auto lower = [](auto& x) { return linalg::cholesky(positive_definite(x[0])); };
  Row& row = t.add("cholesky", [](auto& x) { return linalg::cholesky(x[0]); })
                 .on({{3, 3}}, lower)
                 .on({{1, 1}}, lower)
                 .on({{0, 0}}, lower)
                 .on({{2, 3, 3}}, lower)
                 .on({{0, 2, 2}}, lower)
                 .on({{2, 1, 3, 3}}, [](auto& x) { return linalg::cholesky(positive_definite(x[0]), true); })
                 .on({{20, 20}}, lower, Size::medium)
                 .tolerance32(1e-3, 1e-3)
                 .example("4 2; 2 5", {f64({{4, 2}, {2, 5}})}, {f64({{2, 0}, {1, 2}})})
                 .bad(Wrong::value, "leading minor of order 2", [] {
                   (void)linalg::cholesky(f64({{1, 2}, {2, 1}}));
                 });
  refuses_other_shapes(
      row, [](const Tensor& x) { (void)linalg::cholesky(x); }, true);
  const auto with_info = [](auto& x) {
    const linalg::CholeskyEx r = linalg::cholesky_ex(positive_definite(x[0]), true);
    return Tensors{r.L, r.info};
  };
  Row& ex = t.add("cholesky_ex",
                  [](auto& x) {
                    const linalg::CholeskyEx r = linalg::cholesky_ex(x[0]);
                    return Tensors{r.info};
                  })
                .on({{3, 3}}, with_info)
                .on({{2, 2, 2}}, with_info)
                .tolerance32(1e-3, 1e-3)
                .example("not positive definite", {f64({{1, 2}, {2, 1}})}, {tensor(2).to(kInt32)})
                .example("NaN", {f64({{NAN, 2}, {2, 1}})}, {tensor(1).to(kInt32)});
  refuses_other_shapes(
      ex, [](const Tensor& x) { (void)linalg::cholesky_ex(x); }, true);
}

void add_qr(Table& t) {
  const auto both = [](QrMode mode) {
    return [mode](const Tensors& x) {
      const linalg::QR r = linalg::qr(x[0], mode);
      return Tensors{r.Q, r.R};
    };
  };
  Row& row = t.add("qr", both(QrMode::reduced))
                 .on({{3, 3}})
                 .on({{4, 2}})
                 .on({{2, 4}})
                 .on({{1, 1}})
                 .on({{2, 4, 3}})
                 .on({{3, 3}}, both(QrMode::complete))
                 .on({{2, 4}}, both(QrMode::complete))
                 .on({{3, 3}}, [](auto& x) { return linalg::qr(x[0]).Q; })
                 .on({{2, 3}}, [](auto& x) { return linalg::qr(x[0]).Q; })
                 .on({{3, 2}}, [](auto& x) { return linalg::qr(x[0]).R; })
                 .on({{30, 20}}, Size::medium)
                 .tolerance32(1e-3, 1e-3)
                 .bad(Wrong::autograd, "has no gradient when there are more rows than columns",
                      [] {
                        sum(linalg::qr(leaf({4, 2}), QrMode::complete).Q).backward();
                      })
                 .after(2);
  refuses_other_shapes(
      row, [](const Tensor& x) { (void)linalg::qr(x); }, false);
}

void add_eigenvalues(Table& t) {
  const auto parts = [](auto& x) {
    const linalg::Eigh r = linalg::eigh(symmetric(x[0]));
    return Tensors{r.eigenvalues, square(r.eigenvectors)};  // the sign of an eigenvector is arbitrary
  };
  Row& row = t.add("eigh", [](auto& x) { return linalg::eigh(x[0]).eigenvalues; })
                 .on({{3, 3}}, parts)
                 .on({{1, 1}}, parts)
                 .on({{0, 0}}, parts)
                 .on({{2, 3, 3}}, parts)
                 .on({{3, 3}}, [](auto& x) { return square(linalg::eigh(symmetric(x[0]), 'U').eigenvectors); })
                 .tolerance32(1e-3, 1e-3)
                 .example("2 1; 1 2", {f64({{2, 1}, {1, 2}})}, {f64({1, 3})})
                 .bad(Wrong::value, "uplo must be 'L' or 'U', got 'x'",
                      [] {
                        (void)linalg::eigh(leaf({2, 2}), 'x');
                      })
                 .bad(Wrong::value, "NaN or infinity", [] {
                   (void)linalg::eigh(full({2, 2}, NAN, {kFloat64}));
                 });
  refuses_other_shapes(
      row, [](const Tensor& x) { (void)linalg::eigh(x); }, true);
  const auto values = [](auto& x) { return linalg::eigvalsh(symmetric(x[0])); };
  t.add("eigvalsh", [](auto& x) { return linalg::eigvalsh(x[0]); })
      .on({{3, 3}}, values)
      .on({{2, 2, 2}}, values)
      .tolerance32(1e-3, 1e-3)
      .example("2 1; 1 2", {f64({{2, 1}, {1, 2}})}, {f64({1, 3})}, {f64({{1, 0}, {0, 1}})});
}

void add_singular_values(Table& t) {
  const auto parts = [](const Tensor& x, bool full) {
    const linalg::SVD r = linalg::svd(x, full);
    const Tensor scaled = r.U * unsqueeze(square(r.S), -2);
    return Tensors{r.S, square(r.U), square(r.Vh), matmul(scaled, r.Vh)};  // without the arbitrary signs
  };
  const auto reduced = [parts](auto& x) { return parts(x[0], false); };
  const auto spread = [parts](auto& x) { return parts(x[0] + ladder_like(x[0]), true); };
  Row& row = t.add("svd", [](auto& x) { return linalg::svd(x[0], false).S; })
                 .on({{3, 3}}, spread)
                 .on({{2, 3, 3}}, spread)
                 .on({{4, 2}}, reduced)
                 .on({{2, 4}}, reduced)
                 .on({{2, 3, 2}}, reduced)
                 .on({{1, 1}}, reduced)
                 .on({{4, 2}}, [](auto& x) { return linalg::svd(x[0]).S; })
                 .tolerance32(1e-3, 1e-3)
                 .example("3 0; 0 -2", {f64({{3, 0}, {0, -2}})}, {f64({3, 2})}, {f64({{1, 0}, {0, -1}})})
                 .bad(Wrong::value, "NaN or infinity",
                      [] {
                        (void)linalg::svd(full({2, 2}, INFINITY, {kFloat64}));
                      })
                 .bad(Wrong::autograd, "full_matrices = false",
                      [] {
                        sum(linalg::svd(leaf({4, 2})).U).backward();
                      })
                 .after(2);
  refuses_other_shapes(
      row, [](const Tensor& x) { (void)linalg::svd(x); }, false);
  t.add("svdvals", [](auto& x) { return linalg::svdvals(x[0]); })
      .on({{3, 2}})
      .on({{2, 2, 3}})
      .tolerance32(1e-3, 1e-3)
      .example("3 0; 0 -2", {f64({{3, 0}, {0, -2}})}, {f64({3, 2})}, {f64({{1, 0}, {0, -1}})});
}

void add_lu(Table& t) {
  const auto packed = [](auto& x) { return linalg::lu_factor(x[0]).LU; };
  Row& row = t.add("lu_factor", packed)
                 .on({{3, 3}})
                 .on({{1, 1}})
                 .on({{0, 0}})
                 .on({{4, 2}})
                 .on({{2, 4}})
                 .on({{2, 3, 3}})
                 .tolerance32(1e-3, 1e-3)
                 .example("pivots", {f64({{1, 2}, {4, 4}})}, {f64({{4, 4}, {0.25, 1}})});
  refuses_other_shapes(
      row, [](const Tensor& x) { (void)linalg::lu_factor(x); }, false);
  t.add("lu_factor")
      .covers({"lu"})
      .on({{3, 3}},
          [](auto& x) {
            const linalg::PLU f = linalg::lu(x[0]);
            return Tensors{f.L, f.U};
          })
      .on({{4, 2}},
          [](auto& x) {
            const linalg::PLU f = linalg::lu(x[0]);
            return Tensors{f.L, f.U};
          })
      .on({{2, 2, 4}}, [](auto& x) {
        const linalg::PLU f = linalg::lu(x[0]);
        return matmul(f.P, matmul(f.L, f.U));
      });
}

}  // namespace

void add_decomposition(Table& t) {
  add_cholesky(t);
  add_qr(t);
  add_eigenvalues(t);
  add_singular_values(t);
  add_lu(t);
}

}  // namespace xgrad::test
