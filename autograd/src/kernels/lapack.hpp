// LAPACK on batches of matrices in memory: `count` matrices, one behind the other, each column by column (as LAPACK
// wants them). float and double. The result of each is the `info` of the first matrix that failed, with its place; no
// call prints or ends the program. Matrices of a batch are shared out over threads.
#pragma once

#include <cstdint>

namespace xgrad::detail::lapack {

// Whether sizes fit LAPACK's 32-bit integers.
bool fits(std::int64_t rows, std::int64_t columns);

// P L U in place; pivots: min(m, n) per matrix, from 1. info > 0: U has a 0 on its diagonal there; the factors are
// right.
template <class T>
void lu(std::int64_t count, std::int64_t m, std::int64_t n, T* a, std::int32_t* pivots, std::int32_t* info);
// X of A X = B, in place of B (n, k), from the factors of lu().
template <class T>
void lu_solve(std::int64_t count, std::int64_t n, std::int64_t k, const T* factors, const std::int32_t* pivots, T* b);
// The lower factor (or upper one) in place; the other triangle is left as it is. info: order of the leading minor that
// is not positive definite.
template <class T>
void cholesky(std::int64_t count, bool upper, std::int64_t n, T* a, std::int32_t* info);
// X of op(A) X = B in place of B (n, k), A triangular.
template <class T>
void solve_triangular(std::int64_t count, bool upper, bool transpose, bool unit, std::int64_t n, std::int64_t k,
                      const T* a, T* b);
// Householder form in place, with min(m, n) factors per matrix.
template <class T>
void qr(std::int64_t count, std::int64_t m, std::int64_t n, T* a, T* factors);
// The first n columns of Q (m, n), in place of the first k <= n columns of the Householder form.
template <class T>
void q_of(std::int64_t count, std::int64_t m, std::int64_t n, std::int64_t k, T* a, const T* factors);
// Eigenvalues in ascending order, and with `vectors` orthonormal eigenvectors in place of A.
template <class T>
void eigh(std::int64_t count, bool vectors, bool upper, std::int64_t n, T* a, T* values, std::int32_t* info);
// Singular values in descending order; u (m, columns of u) and vt (rows of vt, n) with full or economic sizes, or null
// for both. A is destroyed.
template <class T>
void svd(std::int64_t count, bool full, std::int64_t m, std::int64_t n, T* a, T* s, T* u, T* vt, std::int32_t* info);

}  // namespace xgrad::detail::lapack
