// Linear systems and inverses, batched: matrices (..., n, n), float32 or float64 of one type (DTypeError), batches
// broadcast, through LAPACK. ShapeError for matrices that are not square or sizes that do not fit.
#pragma once

#include <optional>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// How linalg::solve_triangular reads A: its upper or lower triangle; A X = B or, with left = false, X A = B; a diagonal
// of ones that is not read. (upper has no default in PyTorch either.)
struct SolveTriangularOptions {
  ByName by_name = ByName();
  bool upper;
  bool left = true;
  bool unitriangular = false;
};
// Singular values up to max(atol, rtol times the largest) count as 0. Not given: rtol = max(m, n) eps, or 0 with an
// atol. hermitian: the matrices are symmetric, and eigenvalues are computed instead.
struct PinvOptions {
  ByName by_name = ByName();
  std::optional<double> atol, rtol;
  bool hermitian = false;
};

namespace linalg {

struct InvEx {
  Tensor inverse, info;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const InvEx& r);
struct SolveEx {
  Tensor result, info;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const SolveEx& r);
struct LeastSquares {
  Tensor solution, residuals, rank, singular_values;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const LeastSquares& r);

// X of A X = B (left = false: X A = B). B is (..., n, k), or vectors: (n), or of the shape of A without its last
// dimension. ValueError when a matrix is singular.
[[nodiscard]] XGRAD_API Tensor solve(const Tensor& A, const Tensor& B, bool left = true,
                                     Location at = Location::current());
// The same without the error: info (int32) is 0, or which diagonal element of U is 0.
[[nodiscard]] XGRAD_API SolveEx solve_ex(const Tensor& A, const Tensor& B, bool left = true,
                                         Location at = Location::current());
// The same for triangular A, B (..., n, k); infinite where the diagonal is 0.
[[nodiscard]] XGRAD_API Tensor solve_triangular(const Tensor& A, const Tensor& B, SolveTriangularOptions options,
                                                Location at = Location::current());
// From the factors of lu_factor().
[[nodiscard]] XGRAD_API Tensor lu_solve(const Tensor& LU, const Tensor& pivots, const Tensor& B,
                                        Location at = Location::current());

// ValueError when a matrix is singular.
[[nodiscard]] XGRAD_API Tensor inv(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API InvEx inv_ex(const Tensor& x, Location at = Location::current());

// The Moore-Penrose inverse of (..., m, n), (..., n, m). Gradient of G. H. Golub and V. Pereyra 1973, which holds where
// the rank does not change.
[[nodiscard]] XGRAD_API Tensor pinv(const Tensor& x, PinvOptions options = {}, Location at = Location::current());

// X that minimises |A X - B|, of least norm: A (..., m, n), B (..., m, k) or (..., m). rcond: as rtol of pinv.
// residuals: the sums of squares of A X - B by column, when m > n and the rank is n (else empty). rank is int64.
[[nodiscard]] XGRAD_API LeastSquares lstsq(const Tensor& A, const Tensor& B, std::optional<double> rcond = {},
                                           Location at = Location::current());

// X with tensordot(A, X, X.dim()) = B; dims of A are moved to the right before.
[[nodiscard]] XGRAD_API Tensor tensorsolve(const Tensor& A, const Tensor& B, const Shape& dims = {},
                                           Location at = Location::current());
// The inverse with respect to tensordot(A, X, ind).
[[nodiscard]] XGRAD_API Tensor tensorinv(const Tensor& A, std::int64_t ind = 2, Location at = Location::current());

}  // namespace linalg

[[nodiscard]] XGRAD_API Tensor inverse(const Tensor& x, Location at = Location::current());  // linalg::inv
[[nodiscard]] XGRAD_API Tensor pinverse(const Tensor& x, double rcond = 1e-15,
                                        Location at = Location::current());  // linalg::pinv
// X of (L L^T) X = B from the factor of linalg::cholesky, or with upper U^T U; B (..., n, k).
[[nodiscard]] XGRAD_API Tensor cholesky_solve(const Tensor& B, const Tensor& L, bool upper = false,
                                              Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cholesky_inverse(const Tensor& L, bool upper = false,
                                                Location at = Location::current());  // (L L^T)^-1

}  // namespace xgrad
