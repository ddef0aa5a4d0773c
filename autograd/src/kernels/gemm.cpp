// float goes to oneDNN, which is at 85-95 % of the peak on all shapes here, unaided; double to CBLAS. Shapes where both
// lose to a plain loop are done here: vectors (m or n = 1) and products below about 8k multiply-adds, where the cost
// of the call dominates.
#include "kernels/gemm.hpp"

#include <cblas.h>
#include <dnnl.h>

#include <algorithm>

#include <xgrad/error.hpp>
#include <xgrad/vec.hpp>

#include "kernels/parallel.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace xgrad::detail {
namespace {

// Rows of one block in deterministic mode: the same for every thread count.
constexpr std::int64_t kBlockRows = 64;
constexpr std::int64_t kSmallProduct = 8192;

template <class T>
void scale(std::int64_t m, std::int64_t n, T beta, T* c, std::int64_t ldc) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == T(0) ? T(0) : beta * c[i * ldc + j];
}

template <class T>
XGRAD_INLINE T dot(const T* a, const T* b, std::int64_t n) {
  using V = Vec<T>;
  V s0(0), s1(0);
  std::int64_t i = 0;
  for (; i + 2 * V::lanes <= n; i += 2 * V::lanes) {
    s0 += V::load(a + i) * V::load(b + i);
    s1 += V::load(a + i + V::lanes) * V::load(b + i + V::lanes);
  }
  s0 += s1;
  T lanes[V::lanes];
  s0.store(lanes);
  T sum = 0;
  for (int l = 0; l < V::lanes; ++l) sum += lanes[l];
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
XGRAD_INLINE void axpy(std::int64_t n, T alpha, const T* x, T* y) {
  using V = Vec<T>;
  std::int64_t i = 0;
  for (; i + V::lanes <= n; i += V::lanes) (V::load(y + i) + alpha * V::load(x + i)).store(y + i);
  for (; i < n; ++i) y[i] += alpha * x[i];
}

// y (rows) = alpha A x + beta y for row-major A: one dot product per row.
template <class T>
XGRAD_CLONES void gemv_rows(std::int64_t begin, std::int64_t end, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                            const T* x, T beta, T* y, std::int64_t step) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T v = alpha * dot(a + i * lda, x, k);
    y[i * step] = beta == T(0) ? v : v + beta * y[i * step];
  }
}

// y (n) += A^T x for row-major A (k, n): adds scaled rows.
template <class T>
XGRAD_CLONES void gemv_columns(std::int64_t k, std::int64_t begin, std::int64_t end, T alpha, const T* a,
                               std::int64_t lda, const T* x, std::int64_t x_step, T* y) {
  for (std::int64_t i = 0; i < k; ++i) axpy(end - begin, alpha * x[i * x_step], a + i * lda + begin, y + begin);
}

// Small products, any transposes, C already scaled by beta.
template <class T>
XGRAD_CLONES void small_product(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
                                std::int64_t lda, const T* b, std::int64_t ldb, T* c, std::int64_t ldc) {
  for (std::int64_t i = 0; i < m; ++i) {
    T* row = c + i * ldc;
    if (!tb) {
      for (std::int64_t p = 0; p < k; ++p) axpy(n, alpha * (ta ? a[p * lda + i] : a[i * lda + p]), b + p * ldb, row);
    } else if (!ta) {
      for (std::int64_t j = 0; j < n; ++j) row[j] += alpha * dot(a + i * lda, b + j * ldb, k);
    } else {
      for (std::int64_t j = 0; j < n; ++j) {
        T s = 0;
        for (std::int64_t p = 0; p < k; ++p) s += a[p * lda + i] * b[j * ldb + p];
        row[j] += alpha * s;
      }
    }
  }
}

// A vector as one operand; false when the layout does not suit these loops.
template <class T>
bool vector_product(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
                    std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  const double row_ns = static_cast<double>(k) * 0.1;
  if (n == 1 && !ta && (tb || ldb == 1)) {  // A times a contiguous column
    parallel_cost(m, row_ns, [&](std::int64_t x, std::int64_t y) { gemv_rows(x, y, k, alpha, a, lda, b, beta, c, ldc); });
    return true;
  }
  if (m == 1 && tb && (!ta || lda == 1)) {  // a contiguous row times B^T: a dot product per row of B
    parallel_cost(n, row_ns, [&](std::int64_t x, std::int64_t y) { gemv_rows(x, y, k, alpha, b, ldb, a, beta, c, std::int64_t{1}); });
    return true;
  }
  if (m == 1 && !tb) {
    scale(m, n, beta, c, ldc);
    parallel_cost(n, row_ns, [&](std::int64_t x, std::int64_t y) { gemv_columns(k, x, y, alpha, b, ldb, a, ta ? lda : 1, c); });
    return true;
  }
  return false;
}

void use_threads() {
#ifdef _OPENMP
  if (!omp_in_parallel() && omp_get_max_threads() != get_num_threads()) omp_set_num_threads(get_num_threads());
#endif
}

// While alive, oneDNN and OpenBLAS use one thread for what this thread starts (a region of one thread is not nested
// parallelism to them).
struct SerialLibraries {
#ifdef _OPENMP
  int before = omp_get_max_threads();
  SerialLibraries() { omp_set_num_threads(1); }
  ~SerialLibraries() { omp_set_num_threads(before); }
#endif
};

void large_product(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
                   std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  if (dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) != dnnl_success)
    throw Error("xgrad: oneDNN refused a matrix product");
}

void large_product(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, double alpha, const double* a,
                   std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc) {
  cblas_dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, static_cast<int>(m),
              static_cast<int>(n), static_cast<int>(k), alpha, a, static_cast<int>(lda), b, static_cast<int>(ldb), beta,
              c, static_cast<int>(ldc));
}

// Leading dimensions as BLAS wants them also for operands of one row.
std::int64_t at_least(std::int64_t ld, std::int64_t columns) { return std::max({ld, columns, std::int64_t{1}}); }

template <class T>
void product(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
             const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  if (k == 0) return scale(m, n, beta, c, ldc);
  if ((m == 1 || n == 1) && vector_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)) return;
  if (m * n * k <= kSmallProduct) {
    if (beta != T(1)) scale(m, n, beta, c, ldc);
    return small_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, c, ldc);
  }
  lda = at_least(lda, ta ? m : k);
  ldb = at_least(ldb, tb ? k : n);
  ldc = at_least(ldc, n);
  use_threads();
  if (!is_deterministic()) return large_product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  const std::int64_t blocks = (m + kBlockRows - 1) / kBlockRows;
  // Inside a region of ours, also one of a single thread, the libraries below do not split a block further.
  auto range = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t i = r * kBlockRows, rows = std::min(kBlockRows, m - i);
      large_product(ta, tb, rows, n, k, alpha, ta ? a + i : a + i * lda, lda, b, ldb, beta, c + i * ldc, ldc);
    }
  };
  const int parts = static_cast<int>(std::min<std::int64_t>(blocks, usable_threads()));
  const SerialLibraries one_thread;
  parallel_ranges(blocks, parts, [](const void* f, std::int64_t x, std::int64_t y) { (*static_cast<const decltype(range)*>(f))(x, y); }, &range);
}

}  // namespace

void gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t lda,
          const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
void gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, double alpha, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc) {
  product(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <class T>
void gemm_batched(std::int64_t count, bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha,
                  const T* a, std::int64_t lda, std::int64_t stride_a, const T* b, std::int64_t ldb,
                  std::int64_t stride_b, T beta, T* c, std::int64_t ldc, std::int64_t stride_c) {
  auto range = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      gemm(ta, tb, m, n, k, alpha, a + i * stride_a, lda, b + i * stride_b, ldb, beta, c + i * stride_c, ldc);
  };
  // Whole products per thread; a single large one is split by the library below instead.
  const bool split = count >= usable_threads() && static_cast<double>(count * m * n) * static_cast<double>(k) > 1e5;
  split ? parallel_for(count, 1, range) : range(0, count);
}
template void gemm_batched<float>(std::int64_t, bool, bool, std::int64_t, std::int64_t, std::int64_t, float, const float*,
                                  std::int64_t, std::int64_t, const float*, std::int64_t, std::int64_t, float, float*,
                                  std::int64_t, std::int64_t);
template void gemm_batched<double>(std::int64_t, bool, bool, std::int64_t, std::int64_t, std::int64_t, double,
                                   const double*, std::int64_t, std::int64_t, const double*, std::int64_t, std::int64_t,
                                   double, double*, std::int64_t, std::int64_t);

}  // namespace xgrad::detail
