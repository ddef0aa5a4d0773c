// Matrix products done here: vectors, and sizes where the cost of calling a library dominates. Arguments as in
// gemm.hpp; m, n and k at least 1, beta = 0 never reads C.
#pragma once

#include <cstdint>

namespace xgrad::detail {

// m or n is 1; over several threads when worth it, with the same bits for any number of them.
template <class T>
void gemv(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
          std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc);

// k is 1: C = alpha a b^T + beta C, elements of a and b at distances a_step and b_step; threads as in gemv.
template <class T>
void outer_product(std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t a_step, const T* b,
                   std::int64_t b_step, T beta, T* c, std::int64_t ldc);

// Any sizes, on one thread; blocked for registers only.
template <class T>
void gemm_small(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
                std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc);

}  // namespace xgrad::detail
