// Matrix products on raw memory, row-major: C (m, n) = alpha op(A) op(B) + beta C, where op transposes when the flag is
// set: A is stored (m, k) or, with trans_a, (k, m), with `lda` elements from row to row; likewise B. beta = 0 never
// reads C. Any size may be 0.
#pragma once

#include <cstdint>

namespace xgrad::detail {

void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
          std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc);
void gemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, double alpha, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc);

// `count` products at distances stride_a, stride_b, stride_c (0 repeats one operand). One thread per product when
// there are enough of them.
template <class T>
void gemm_batched(std::int64_t count, bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k,
                  T alpha, const T* a, std::int64_t lda, std::int64_t stride_a, const T* b, std::int64_t ldb,
                  std::int64_t stride_b, T beta, T* c, std::int64_t ldc, std::int64_t stride_c);

}  // namespace xgrad::detail
