// Factors of matrices, batched: x is (..., m, n), float32 or float64 (DTypeError), every matrix by itself through
// LAPACK. ShapeError for a rank below 2 or, where they must be, matrices that are not square. ValueError for NaN and
// infinity where LAPACK iterates (eigh, svd). k = min(m, n).
#pragma once

#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad {

// How much of Q and R linalg::qr gives: Q (m, k) and R (k, n); Q (m, m) and R (m, n); R (k, n) alone.
enum class QrMode { reduced, complete, r };

namespace linalg {

struct CholeskyEx {
  Tensor L, info;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const CholeskyEx& r);
struct QR {
  Tensor Q, R;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const QR& r);
struct Eigh {
  Tensor eigenvalues, eigenvectors;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Eigh& r);
struct SVD {
  Tensor U, S, Vh;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const SVD& r);
struct LUFactor {
  Tensor LU, pivots;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const LUFactor& r);
struct PLU {
  Tensor P, L, U;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const PLU& r);

// x = L L^T of symmetric positive definite matrices; L lower triangular, or U = L^T with upper. Only that triangle of x
// is read; the gradient is symmetric. ValueError when a matrix is not positive definite.
[[nodiscard]] XGRAD_API Tensor cholesky(const Tensor& x, bool upper = false, Location at = Location::current());
// The same without the error: info (int32) is 0, or the order of the leading minor that is not positive definite.
[[nodiscard]] XGRAD_API CholeskyEx cholesky_ex(const Tensor& x, bool upper = false, Location at = Location::current());

// x = Q R, Q with orthonormal columns, R upper triangular. Gradient (S. Walter and L. Lehmann 2010) when the first k
// columns of x are independent; mode complete with m > n has none (AutogradError in backward), mode r neither.
[[nodiscard]] XGRAD_API QR qr(const Tensor& x, QrMode mode = QrMode::reduced, Location at = Location::current());

// x = V diag(L) V^T of symmetric matrices: eigenvalues ascending (..., n), eigenvectors the columns of V (..., n, n).
// Only the lower triangle of x is read, with uplo 'U' the upper. The signs of eigenvectors are arbitrary, and their
// gradient divides by differences of eigenvalues: not finite where two are equal, as in PyTorch.
[[nodiscard]] XGRAD_API Eigh eigh(const Tensor& x, char uplo = 'L', Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor eigvalsh(const Tensor& x, char uplo = 'L', Location at = Location::current());

// x = U diag(S) Vh, singular values descending (..., k); U (..., m, m) and Vh (..., n, n), without full_matrices U
// (..., m, k) and Vh (..., k, n). The gradient of U and Vh needs distinct singular values that are not 0, and square
// matrices or full_matrices = false (AutogradError in backward); that of S alone always exists.
[[nodiscard]] XGRAD_API SVD svd(const Tensor& x, bool full_matrices = true, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor svdvals(const Tensor& x, Location at = Location::current());

// P L U with partial pivoting. lu_factor: L below the diagonal and U on and above it in one matrix; row i was swapped
// with row pivots[i] - 1 (int32, from 1). lu: the three factors by themselves, x = P L U.
[[nodiscard]] XGRAD_API LUFactor lu_factor(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API PLU lu(const Tensor& x, Location at = Location::current());

}  // namespace linalg
}  // namespace xgrad
