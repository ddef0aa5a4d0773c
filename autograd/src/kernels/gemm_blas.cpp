// The only file that sees cblas.h (it conflicts with other BLAS headers).
#include "kernels/gemm_blas.hpp"

#include <algorithm>
#include <limits>

#include <cblas.h>

#include "core/threads/library_call.hpp"

namespace xgrad::detail {

bool blas_gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, double alpha,
               const double* a, std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c,
               std::int64_t ldc) {
  if (std::max({m, n, k, lda, ldb, ldc}) > std::numeric_limits<int>::max()) return false;
  const LibraryCall call;
  cblas_dgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans,
              static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b,
              static_cast<int>(ldb), beta, c, static_cast<int>(ldc));
  return true;
}

}  // namespace xgrad::detail
