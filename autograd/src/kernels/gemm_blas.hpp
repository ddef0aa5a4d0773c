#pragma once

#include <cstdint>

namespace xgrad::detail {

// cblas_dgemm; false, with nothing done, when a size does not fit its 32-bit integers.
bool blas_gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, double alpha,
               const double* a, std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c,
               std::int64_t ldc);

}  // namespace xgrad::detail
