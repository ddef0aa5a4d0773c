// Functions of square matrices (..., n, n), and numbers that describe matrices; batched, float32 or float64
// (DTypeError). ShapeError for matrices that are not square, where they must be.
#pragma once

#include <optional>
#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Singular values up to max(atol, rtol times the largest) count as 0. Not given: rtol = max(m, n) eps, or 0 with an
// atol. hermitian: the matrices are symmetric, and eigenvalues are computed instead.
struct MatrixRankOptions {
  ByName by_name = ByName();
  std::optional<double> atol, rtol;
  bool hermitian = false;
};

namespace linalg {

// x^n by repeated squaring; n = 0 is the identity, n < 0 a power of the inverse (ValueError when singular).
[[nodiscard]] XGRAD_API Tensor matrix_power(const Tensor& x, std::int64_t n, Location at = Location::current());

// exp(x) = 1 + x + x^2 / 2 + ...: scaling and squaring with a rational approximation of degree 13.
// A. H. Al-Mohy, N. J. Higham 2009
[[nodiscard]] XGRAD_API Tensor matrix_exp(const Tensor& x, Location at = Location::current());

// How many singular values are not 0, int64. No gradient.
[[nodiscard]] XGRAD_API Tensor matrix_rank(const Tensor& x, MatrixRankOptions options = {},
                                           Location at = Location::current());

// |x| |x^-1| in the norm p: 2, -2, 1, -1, infinity, -infinity, "fro", "nuc"; not given: 2, the largest singular value
// over the smallest, also of matrices that are not square.
[[nodiscard]] XGRAD_API Tensor cond(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cond(const Tensor& x, double p, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor cond(const Tensor& x, const std::string& p, Location at = Location::current());

}  // namespace linalg

using linalg::matrix_exp;
using linalg::matrix_power;
using linalg::matrix_rank;

// Covariances of variables, the rows of x (n, m), over observations, the columns; of a vector its variance, 0-d. (n,
// n). Divided by m - correction; fweights (integer) say how often an observation was made, aweights (floating) how much
// it counts, both (m).
struct CovOptions {
  ByName by_name = ByName();
  std::int64_t correction = 1;
  Tensor fweights = Tensor(), aweights = Tensor();
};
[[nodiscard]] XGRAD_API Tensor cov(const Tensor& x, const CovOptions& options = {}, Location at = Location::current());
// cov(x) over the standard deviations of both variables, in [-1, 1].
[[nodiscard]] XGRAD_API Tensor corrcoef(const Tensor& x, Location at = Location::current());

// The sum of the diagonal of one matrix (m, n).
[[nodiscard]] XGRAD_API Tensor trace(const Tensor& x, Location at = Location::current());

}  // namespace xgrad
