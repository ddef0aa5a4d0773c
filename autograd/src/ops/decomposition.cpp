// Matrix factors on the tape. The formulas of the gradients hold for real matrices.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/decomposition.hpp>
#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/solve.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/lapack.hpp"
#include "ops/matrices.hpp"
#include "ops/print_parts.hpp"

namespace xgrad::linalg {

using detail::dispatch_floating;
using detail::from_columns;
using detail::make_tensor;
using detail::Matrices;
using detail::mT;
using detail::Outcomes;
using detail::to_columns;

namespace {

// A x^-T for x upper triangular.
Tensor times_inverse_transposed(const Tensor& a, const Tensor& upper) {
  return solve_triangular(mT(upper), a, {.upper = false, .left = false});
}

[[noreturn, gnu::cold]] void no_derivative(const char* op, const std::string& rule, const Location& at) {
  ErrorReport(op, rule, at).autograd_error();
}

}  // namespace

// ---- Cholesky ----
namespace {

// With A = L L^T: dL = L phi(L^-1 dA L^-T), phi = the lower triangle with half the diagonal.
Tensor cholesky_backward(const Tensor& g, const Tensor& l) {
  const Tensor lower = tril(matmul(mT(l), tril(g)));
  const Tensor phi = sub(lower, mul(diag_embed(diagonal(lower, 0, -2, -1)), 0.5));
  const Tensor half = solve_triangular(mT(l), phi, {.upper = true});
  const Tensor s = solve_triangular(l, half, {.upper = false, .left = false});
  return mul(add(s, mT(s)), 0.5);
}

Tensor cholesky_raw(const Tensor& x, bool upper, const Matrices& size, Outcomes& outcomes) {
  const Tensor columns = to_columns(x);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* factors = detail::data<T>(columns);
    detail::lapack::cholesky(size.count, upper, size.n, factors, outcomes.data());
    for (std::int64_t b = 0; b < size.count; ++b)  // LAPACK compares with 0, which lets NaN pass
      for (std::int64_t i = 0; i < size.n; ++i)
        if (outcomes.data()[b] == 0 && std::isnan(factors[(b * size.n + i) * size.n + i]))
          outcomes.data()[b] = static_cast<std::int32_t>(i + 1);
  });
  const NoGradGuard off;
  const Tensor factor = from_columns(columns);
  return upper ? triu(factor) : tril(factor);
}

Tensor record_cholesky(const char* op, const Tensor& x, const Tensor& factor, bool upper, const Location& at) {
  return detail::record_op(
      op, factor, {x}, {factor},
      [upper](const Saved& s, const Tensor& g) -> Grads {
        return {upper ? cholesky_backward(mT(g), mT(s[0])) : cholesky_backward(g, s[0])};
      },
      at, detail::named<"upper">(upper));
}

}  // namespace

Tensor cholesky(const Tensor& x, bool upper, Location at) {
  const Matrices size = detail::require_square("cholesky", x, at);
  Outcomes outcomes(size.count);
  const Tensor factor = cholesky_raw(x, upper, size, outcomes);
  if (outcomes.failed())
    ErrorReport("cholesky",
                fmt::format("the matrix is not positive definite: its leading minor of order {} is not{}",
                            outcomes.info(), outcomes.matrix(size.lead)),
                at)
        .operand("input", x)
        .value_error();
  return record_cholesky("cholesky", x, factor, upper, at);
}

CholeskyEx cholesky_ex(const Tensor& x, bool upper, Location at) {
  const Matrices size = detail::require_square("cholesky_ex", x, at);
  Outcomes outcomes(size.count);
  const Tensor factor = cholesky_raw(x, upper, size, outcomes);
  return {record_cholesky("cholesky_ex", x, factor, upper, at), outcomes.as_tensor(size.lead)};
}

// ---- QR ----
namespace {

// gA = (gQ + Q copyltu(R gR^T - gQ^T Q)) R^-T, where copyltu mirrors the lower triangle; R square.
Tensor qr_backward_square(const Tensor& gq, const Tensor& gr, const Tensor& q, const Tensor& r) {
  Tensor m, b;
  if (gr.defined()) m = matmul(r, mT(triu(gr)));
  if (gq.defined()) {
    const Tensor turn = matmul(mT(gq), q);
    m = m.defined() ? sub(m, turn) : neg(turn);
  }
  const Tensor strict = tril(m, -1);
  b = matmul(q, add(tril(m), mT(strict)));
  if (gq.defined()) b = add(gq, b);
  return times_inverse_transposed(b, r);
}

// A = (X | Y) with X square: X = Q U, Y = Q V.
Tensor qr_backward(const Tensor& gq, const Tensor& gr, const Tensor& x, const Tensor& q, const Tensor& r) {
  const std::int64_t m = x.size(-2), n = x.size(-1);
  if (m >= n) return qr_backward_square(gq, gr, q, r);
  if (!gr.defined())
    return cat({qr_backward_square(gq, gr, q, narrow(r, -1, 0, m)),
                detail::zeros_raw(narrow(x, -1, m, n - m).shape(), x.dtype())},
               -1);
  const Tensor gv = narrow(gr, -1, m, n - m);
  const Tensor through = matmul(narrow(x, -1, m, n - m), mT(gv));
  const Tensor left =
      qr_backward_square(gq.defined() ? add(gq, through) : through, narrow(gr, -1, 0, m), q, narrow(r, -1, 0, m));
  return cat({left, matmul(q, gv)}, -1);
}

QR qr_raw(const Tensor& x, QrMode mode, const Matrices& size) {
  const NoGradGuard off;
  const std::int64_t k = std::min(size.m, size.n), q_columns = mode == QrMode::complete ? size.m : k;
  const Tensor columns = to_columns(x), tau = make_tensor(size.shape(k), x.dtype());
  QR out;
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    detail::lapack::qr(size.count, size.m, size.n, detail::data<T>(columns), detail::data<T>(tau));
    const Tensor rows = from_columns(columns);
    out.R = triu(narrow(rows, -2, 0, mode == QrMode::complete ? size.m : k));
    if (mode == QrMode::r) {
      out.Q = make_tensor(Shape{0}, x.dtype());
      return;
    }
    Tensor q = narrow(columns, -2, 0, k).clone();
    if (q_columns > k) q = cat({q, detail::zeros_raw(size.shape(q_columns - k, size.m), x.dtype())}, -2);
    detail::lapack::q_of(size.count, size.m, q_columns, k, detail::data<T>(q), detail::data<T>(tau));
    out.Q = from_columns(q);
  });
  return out;
}

}  // namespace

QR qr(const Tensor& x, QrMode mode, Location at) {
  const Matrices size = detail::require_matrices("qr", x, at);
  const QR raw = qr_raw(x, mode, size);
  const bool once = mode == QrMode::reduced || (mode == QrMode::complete && size.m <= size.n);
  const auto out = detail::record_op(
      "qr", std::vector<Tensor>{raw.Q, raw.R}, {x}, {x, raw.Q, raw.R},
      [once, r_alone = mode == QrMode::r, at](const Saved& s, std::span<const Tensor> g) -> Grads {
        if (!once)
          no_derivative("qr",
                        r_alone ? "mode r computes no Q, which the gradient needs; use QrMode::reduced"
                                : "Q of mode complete has no gradient when there are more rows than columns; use "
                                  "QrMode::reduced",
                        at);
        return {qr_backward(g[0], g[1], s[0], s[1], s[2])};
      },
      at,
      detail::named<"mode">(mode == QrMode::reduced    ? "reduced"
                            : mode == QrMode::complete ? "complete"
                                                       : "r"));
  return {out[0], out[1]};
}

// ---- symmetric eigenvalues ----
namespace {

Eigh eigh_raw(const char* op, const Tensor& x, bool vectors, char uplo, const Location& at) {
  const Matrices size = detail::require_square(op, x, at);
  if (uplo != 'L' && uplo != 'U')
    ErrorReport(op, fmt::format("uplo must be 'L' or 'U', got '{}'", uplo), at).value_error();
  detail::require_finite_matrices(op, x, at);
  const Tensor columns = to_columns(x), values = make_tensor(size.shape(size.n), x.dtype());
  Outcomes outcomes(size.count);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    detail::lapack::eigh(size.count, vectors, uplo == 'U', size.n, detail::data<T>(columns), detail::data<T>(values),
                         outcomes.data());
  });
  if (outcomes.failed())
    ErrorReport(op, fmt::format("the eigenvalues did not converge{}", outcomes.matrix(size.lead)), at)
        .operand("input", x)
        .value_error();
  return {values, vectors ? from_columns(columns) : Tensor()};
}

// dL = diag(V^T dA V), dV = V (F o V^T dA V) with F_ij = 1 / (L_j - L_i) off the diagonal and 0 on it.
Tensor eigh_backward(const Tensor& gl, const Tensor& gv, const Tensor& l, const Tensor& v) {
  Tensor inner;
  if (gv.defined()) {
    const Tensor diagonal = detail::on_diagonal(l.size(-1), l.size(-1));
    const Tensor gaps = where(diagonal, Scalar(1), sub(unsqueeze(l, -2), unsqueeze(l, -1)));
    inner = where(diagonal, Scalar(0), div(matmul(mT(v), gv), gaps));
  }
  if (gl.defined()) {
    if (!inner.defined()) return matmul(mul(v, unsqueeze(gl, -2)), mT(v));
    inner = add(inner, diag_embed(gl));
  }
  return matmul(v, matmul(inner, mT(v)));
}

}  // namespace

Eigh eigh(const Tensor& x, char uplo, Location at) {
  const Eigh raw = eigh_raw("eigh", x, true, uplo, at);
  const auto out = detail::record_op(
      "eigh", std::vector<Tensor>{raw.eigenvalues, raw.eigenvectors}, {x}, {raw.eigenvalues, raw.eigenvectors},
      [](const Saved& s, std::span<const Tensor> g) -> Grads { return {eigh_backward(g[0], g[1], s[0], s[1])}; }, at);
  return {out[0], out[1]};
}

// Values alone take a fraction of the time; the vectors are computed when the backward pass wants them.
Tensor eigvalsh(const Tensor& x, char uplo, Location at) {
  return detail::record_op(
      "eigvalsh", eigh_raw("eigvalsh", x, false, uplo, at).eigenvalues, {x}, {x},
      [uplo](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = eigh(s[0], uplo).eigenvectors;
        return {matmul(mul(v, unsqueeze(g, -2)), mT(v))};
      },
      at, detail::named<"UPLO">(uplo == 'U' || uplo == 'u' ? "U" : "L"));
}

// ---- singular values ----
namespace {

SVD svd_raw(const char* op, const Tensor& x, bool vectors, bool full, const Location& at) {
  const Matrices size = detail::require_matrices(op, x, at);
  detail::require_finite_matrices(op, x, at);
  const std::int64_t k = std::min(size.m, size.n), left = full ? size.m : k, right = full ? size.n : k;
  SVD out{Tensor(), make_tensor(size.shape(k), x.dtype()), Tensor()};
  if (k == 0) {  // LAPACK leaves U and Vh as they are
    if (!vectors) return out;
    out.U =
        full ? detail::identity_matrices(size, size.m, x.dtype()) : detail::zeros_raw(size.shape(size.m, k), x.dtype());
    out.Vh =
        full ? detail::identity_matrices(size, size.n, x.dtype()) : detail::zeros_raw(size.shape(k, size.n), x.dtype());
    return out;
  }
  const Tensor columns = to_columns(x);
  Tensor u, vt;
  if (vectors) {
    u = make_tensor(size.shape(left, size.m), x.dtype());
    vt = make_tensor(size.shape(size.n, right), x.dtype());
  }
  Outcomes outcomes(size.count);
  dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    detail::lapack::svd(size.count, full, size.m, size.n, detail::data<T>(columns), detail::data<T>(out.S),
                        detail::data_or_null<T>(u), detail::data_or_null<T>(vt), outcomes.data());
  });
  if (outcomes.failed())
    ErrorReport(op, fmt::format("the singular values did not converge{}", outcomes.matrix(size.lead)), at)
        .operand("input", x)
        .value_error();
  if (vectors) {
    out.U = from_columns(u);
    out.Vh = from_columns(vt);
  }
  return out;
}

Tensor skew(const Tensor& x) { return sub(x, mT(x)); }

// gA = U (skew(U^T gU) / E S + S skew(V^T gV) / E + diag(gS)) V^T + (I - U U^T) gU S^-1 V^T + U S^-1 gVh (I - V V^T)
// with E_ij = S_j^2 - S_i^2 off the diagonal, 1 on it.
Tensor svd_backward(const Tensor& gu, const Tensor& gs, const Tensor& gvh, const Tensor& u, const Tensor& s,
                    const Tensor& vh) {
  if (!gu.defined() && !gvh.defined()) return matmul(mul(u, unsqueeze(gs, -2)), vh);
  const std::int64_t k = s.size(-1), m = u.size(-2), n = vh.size(-1);
  const Tensor column = unsqueeze(s, -1), row = unsqueeze(s, -2);
  const Tensor gaps = where(detail::on_diagonal(k, k), Scalar(1), mul(sub(row, column), add(row, column)));
  Tensor inner, outside;
  const auto accumulate = [](Tensor& to, const Tensor& term) { to = to.defined() ? add(to, term) : term; };
  if (gs.defined()) inner = diag_embed(gs);
  if (gu.defined()) {
    const Tensor turn = matmul(mT(u), gu);
    accumulate(inner, mul(div(skew(turn), gaps), row));
    if (m > k) accumulate(outside, matmul(div(sub(gu, matmul(u, turn)), row), vh));
  }
  if (gvh.defined()) {
    const Tensor turn = matmul(vh, mT(gvh));
    accumulate(inner, mul(div(skew(turn), gaps), column));
    if (n > k) accumulate(outside, matmul(u, div(sub(gvh, matmul(mT(turn), vh)), column)));
  }
  const Tensor inside = matmul(u, matmul(inner, vh));
  return outside.defined() ? add(inside, outside) : inside;
}

}  // namespace

SVD svd(const Tensor& x, bool full_matrices, Location at) {
  const SVD raw = svd_raw("svd", x, true, full_matrices, at);
  const bool undetermined = full_matrices && x.size(-2) != x.size(-1);
  const auto out = detail::record_op(
      "svd", std::vector<Tensor>{raw.U, raw.S, raw.Vh}, {x}, {raw.U, raw.S, raw.Vh, undetermined ? x : Tensor()},
      [undetermined, at](const Saved& s, std::span<const Tensor> g) -> Grads {
        if (!undetermined) return {svd_backward(g[0], g[1], g[2], s[0], s[1], s[2])};
        if (g[0].defined() || g[2].defined())
          no_derivative("svd",
                        "the further columns of U and Vh are arbitrary and have no gradient; call it with "
                        "full_matrices = false",
                        at);
        const SVD reduced = svd(s[3], false);
        return {svd_backward(Tensor(), g[1], Tensor(), reduced.U, reduced.S, reduced.Vh)};
      },
      at, detail::named<"full_matrices">(full_matrices));
  return {out[0], out[1], out[2]};
}

Tensor svdvals(const Tensor& x, Location at) {  // as eigvalsh()
  return detail::record_op(
      "svdvals", svd_raw("svdvals", x, false, false, at).S, {x}, {x},
      [](const Saved& s, const Tensor& g) -> Grads {
        const SVD reduced = svd(s[0], false);
        return {svd_backward(Tensor(), g, Tensor(), reduced.U, reduced.S, reduced.Vh)};
      },
      at);
}

// ---- LU ----
namespace {

Tensor unit_lower(const Tensor& lu, std::int64_t k, const Location& at = Location()) {
  const Tensor l = tril(narrow(lu, -1, 0, k, at), -1, at);
  return where(detail::on_diagonal(l.size(-2), k), Scalar(1), l, at);
}

// Of the square blocks: gA = L^-T (strict lower part of L^T gL + upper part of gU U^T) U^-T. What lies below them is
// L2 = A2 U^-1, what lies right of them U2 = L^-1 A2.
Tensor lu_backward(const Tensor& g, const Tensor& lu, const Tensor& permutation) {
  const std::int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
  const Tensor square = narrow(narrow(lu, -2, 0, k), -1, 0, k), g_square = narrow(narrow(g, -2, 0, k), -1, 0, k);
  const Tensor l = unit_lower(square, k), u = triu(square);
  Tensor gl = tril(g_square, -1), gu = triu(g_square), beyond;
  if (m > n) {
    beyond = times_inverse_transposed(narrow(g, -2, k, m - k), u);
    gu = sub(gu, triu(matmul(mT(narrow(lu, -2, k, m - k)), beyond)));
  } else if (n > m) {
    beyond = solve_triangular(mT(l), narrow(g, -1, k, n - k), {.upper = true, .unitriangular = true});
    gl = sub(gl, tril(matmul(beyond, mT(narrow(lu, -1, k, n - k))), -1));
  }
  const Tensor inner = add(tril(matmul(mT(l), gl), -1), triu(matmul(gu, mT(u))));
  Tensor ga = times_inverse_transposed(solve_triangular(mT(l), inner, {.upper = true, .unitriangular = true}), u);
  if (beyond.defined()) ga = cat({ga, beyond}, m > n ? -2 : -1);
  return matmul(permutation, ga);
}

}  // namespace

LUFactor lu_factor(const Tensor& x, Location at) {
  const Matrices size = detail::require_matrices("lu_factor", x, at);
  const std::int64_t k = std::min(size.m, size.n);
  const Tensor columns = to_columns(x), pivots = make_tensor(size.shape(k), DType::int32);
  Outcomes outcomes(size.count);  // a 0 on the diagonal of U is no failure
  dispatch_floating(x.dtype(), [&](auto zero) {
    detail::lapack::lu(size.count, size.m, size.n, detail::data<decltype(zero)>(columns),
                       detail::data<std::int32_t>(pivots), outcomes.data());
  });
  const Tensor lu = from_columns(columns);
  const Tensor permutation = detail::needs_tape({x}) ? detail::permutation_of(pivots, size, x.dtype()) : Tensor();
  return {detail::record_op(
              "lu_factor", lu, {x}, {lu, permutation},
              [](const Saved& s, const Tensor& g) -> Grads { return {lu_backward(g, s[0], s[1])}; }, at),
          pivots};
}

PLU lu(const Tensor& x, Location at) {
  const Matrices size = detail::require_matrices("lu", x, at);
  const LUFactor factors = lu_factor(x, at);
  const std::int64_t k = std::min(size.m, size.n);
  return {detail::permutation_of(factors.pivots, size, x.dtype()), unit_lower(factors.LU, k, at),
          triu(narrow(factors.LU, -2, 0, k, at), 0, at)};
}

std::ostream& operator<<(std::ostream& os, const CholeskyEx& r) {
  return detail::print_parts(os, {{"L", r.L}, {"info", r.info}});
}
std::ostream& operator<<(std::ostream& os, const QR& r) { return detail::print_parts(os, {{"Q", r.Q}, {"R", r.R}}); }
std::ostream& operator<<(std::ostream& os, const Eigh& r) {
  return detail::print_parts(os, {{"eigenvalues", r.eigenvalues}, {"eigenvectors", r.eigenvectors}});
}
std::ostream& operator<<(std::ostream& os, const SVD& r) {
  return detail::print_parts(os, {{"U", r.U}, {"S", r.S}, {"Vh", r.Vh}});
}
std::ostream& operator<<(std::ostream& os, const LUFactor& r) {
  return detail::print_parts(os, {{"LU", r.LU}, {"pivots", r.pivots}});
}
std::ostream& operator<<(std::ostream& os, const PLU& r) {
  return detail::print_parts(os, {{"P", r.P}, {"L", r.L}, {"U", r.U}});
}
}  // namespace xgrad::linalg
