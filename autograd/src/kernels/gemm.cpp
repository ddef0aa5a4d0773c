// Chooses who computes a product. float: oneDNN, at 90-98 % of the peak; double: CBLAS. Vectors, and products so small
// that the call costs more than the work, are done by loops of our own. The limits below were measured (Zen 4 and
// Sapphire Rapids); they depend on shapes only, never on the number of threads. Either library computes on one thread:
// a large result is cut into pieces here (team.hpp says why).
#include "kernels/gemm.hpp"

#include <algorithm>

#include <xgrad/parallel.hpp>

#include "kernels/gemm_blas.hpp"
#include "kernels/gemm_small.hpp"
#include "kernels/onednn.hpp"

namespace xgrad::detail {
namespace {

template <class T>
struct Product {
  bool ta, tb;
  std::int64_t m, n, k;
  T alpha;
  const T* a;
  std::int64_t lda;
  const T* b;
  std::int64_t ldb;
  T beta;
  T* c;
  std::int64_t ldc;

  // Rows [i, i + rows) and columns [j, j + columns) of C.
  Product block(std::int64_t i, std::int64_t rows, std::int64_t j, std::int64_t columns) const {
    Product p = *this;
    p.m = rows;
    p.n = columns;
    p.a += ta ? i : i * lda;
    p.b += tb ? j * ldb : j;
    p.c += i * ldc + j;
    return p;
  }
};

// Multiply-adds up to which a thread of ours is fastest (64 x 64 x 64 takes it 5 us, hardly worth a second thread). A
// transposed B is packed first, which pays only when several rows use it.
bool is_small(bool tb, std::int64_t m, std::int64_t n, std::int64_t k) {
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  return work <= (tb && m < 4 ? 8192.0 : tb && m < 12 ? 65536.0 : 262144.0);
}

void scale(std::int64_t m, std::int64_t n, auto beta, auto* c, std::int64_t ldc) {
  if (beta == 1) return;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
}

// x W^T with few outputs (a classifier): the columns of C do not fill a vector, so C^T = W x^T is computed, which is
// twice as fast, and added to C. In fixed pieces, to bound the memory.
void narrow(const Product<float>& whole) {
  constexpr std::int64_t kRows = 4096;
  auto* t = static_cast<float*>(
      dnn::scratchpad(static_cast<std::size_t>(std::min(whole.m, kRows) * whole.n) * sizeof(float)));
  for (std::int64_t i = 0; i < whole.m; i += kRows) {
    const Product<float> p = whole.block(i, std::min(kRows, whole.m - i), 0, whole.n);
    dnn::sgemm(!p.tb, !p.ta, p.n, p.m, p.k, p.alpha, p.b, p.ldb, p.a, p.lda, 0.f, t, p.m);
    parallel_cost(p.m, static_cast<double>(p.n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        for (std::int64_t j = 0; j < p.n; ++j) {
          float& c = p.c[r * p.ldc + j];
          c = p.beta == 0 ? t[j * p.m + r] : t[j * p.m + r] + p.beta * c;
        }
    });
  }
}

void multiply_large(const Product<float>& p) {
  if (p.tb && !p.ta && p.n < 14 && p.m >= 16) return narrow(p);
  // The primitive is ahead with a transposed B on several threads, and for narrow results.
  const bool primitive = p.alpha == 1 && !p.ta && (p.tb ? p.m >= 24 && p.n >= 14 : p.n <= 32 && p.m >= 8);
  if (primitive)
    return dnn::matmul({p.ta, p.tb, 1, p.m, p.n, p.k, p.lda, 0, p.ldb, 0, p.ldc, 0, p.beta}, p.a, p.b, p.c);
  dnn::sgemm(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
}

void multiply_large(const Product<double>& p) {
  if (!blas_gemm(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc))
    gemm_small(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
}

// How C is cut into pieces, each computed by one thread.
struct Pieces {
  std::int64_t rows, columns;  // of a piece
};

std::int64_t round_up(std::int64_t size, std::int64_t to) { return (size + to - 1) / to * to; }

// By the shape alone: pieces of the longer side.
Pieces fixed_pieces(std::int64_t m, std::int64_t n) {
  const std::int64_t size = std::max(m, n);
  const std::int64_t piece = size <= 256 || n < 24 ? 64 : std::clamp<std::int64_t>(round_up(size / 8, 64), 128, 512);
  return m >= n ? Pieces{piece, n} : Pieces{m, piece};
}

// One piece per thread, as square as possible: what a thread reads of A and B it packs for itself. A transposed A costs
// more to pack.
Pieces pieces_for_threads(bool ta, std::int64_t m, std::int64_t n, std::int64_t threads) {
  constexpr std::int64_t kRows = 8, kColumns = 16;  // what kernels compute at a time
  Pieces best{m, n};
  double least = 0;
  for (std::int64_t down = 1; down <= threads; ++down) {
    const std::int64_t across = threads / down;
    const Pieces p{round_up((m + down - 1) / down, kRows), round_up((n + across - 1) / across, kColumns)};
    const double area = static_cast<double>(p.rows) * static_cast<double>(p.columns);
    const double read = static_cast<double>(p.rows) * (ta ? 2 : 1) + static_cast<double>(p.columns) + area * 1e-3;
    if (least != 0 && read >= least) continue;
    least = read;
    best = p;
  }
  return best;
}

template <class T>
void multiply_in_pieces(const Product<T>& p, const Pieces& size) {
  const std::int64_t across = (p.n + size.columns - 1) / size.columns;
  const std::int64_t pieces = (p.m + size.rows - 1) / size.rows * across;
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t i = at / across * size.rows, j = at % across * size.columns;
      multiply_large(p.block(i, std::min(size.rows, p.m - i), j, std::min(size.columns, p.n - j)));
    }
  });
}

// OpenBLAS is slow at narrow results as a whole.
bool better_in_pieces(const Product<float>&) { return false; }
bool better_in_pieces(const Product<double>& p) { return p.n < 24; }

// Multiply-adds worth a thread of their own.
constexpr double kThreadWork = 131072;

template <class T>
void share_out(const Product<T>& p) {
  if (is_deterministic() || better_in_pieces(p)) return multiply_in_pieces(p, fixed_pieces(p.m, p.n));
  const double work = static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  const auto threads = static_cast<std::int64_t>(std::min<double>(usable_threads(), work / kThreadWork));
  threads > 1 ? multiply_in_pieces(p, pieces_for_threads(p.ta, p.m, p.n, threads)) : multiply_large(p);
}

template <class T>
void multiply(Product<T>&& p) {
  if (p.m <= 0 || p.n <= 0) return;
  if (p.k <= 0 || p.alpha == 0) return scale(p.m, p.n, p.beta, p.c, p.ldc);
  // Sizes as BLAS wants them also where there is one row only, and any distance will do.
  p.lda = std::max(p.lda, p.ta ? p.m : p.k);
  p.ldb = std::max(p.ldb, p.tb ? p.k : p.n);
  p.ldc = std::max(p.ldc, p.n);
  if (p.m == 1 || p.n == 1) return gemv(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
  if (p.k == 1)
    return outer_product(p.m, p.n, p.alpha, p.a, p.ta ? 1 : p.lda, p.b, p.tb ? p.ldb : 1, p.beta, p.c, p.ldc);
  if (is_small(p.tb, p.m, p.n, p.k))
    return gemm_small(p.ta, p.tb, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
  share_out(p);
}

// Whether primitives for parts of the batch are ahead of whole products, one by one. They take no batch in which both
// operands repeat.
bool batched_primitive(std::int64_t count, std::int64_t stride_a, std::int64_t stride_b, const Product<float>& p) {
  if (stride_a == 0 && stride_b == 0) return false;
  if (p.alpha != 1 || is_deterministic() || p.m < 8 || p.n < 8 || p.ta || p.tb || count < usable_threads())
    return false;
  return static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) >= 8192;
}

void batch_by_primitive(std::int64_t count, std::int64_t stride_a, std::int64_t stride_b, std::int64_t stride_c,
                        const Product<float>& p) {
  dnn::matmul({p.ta, p.tb, count, p.m, p.n, p.k, p.lda, stride_a, p.ldb, stride_b, p.ldc, stride_c, p.beta}, p.a, p.b,
              p.c);
}

}  // namespace

void gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
          std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  multiply<float>({ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc});
}
void gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, double alpha, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c, std::int64_t ldc) {
  multiply<double>({ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc});
}

template <class T>
void gemm_batched(std::int64_t count, bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha,
                  const T* a, std::int64_t lda, std::int64_t stride_a, const T* b, std::int64_t ldb,
                  std::int64_t stride_b, T beta, T* c, std::int64_t ldc, std::int64_t stride_c) {
  if (count <= 0 || m <= 0 || n <= 0) return;
  // The same B for all and rows that follow each other: one tall product.
  if (stride_b == 0 && !ta && stride_a == m * lda && stride_c == m * ldc && (lda >= k && ldc >= n))
    return gemm(ta, tb, count * m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  const double work =
      static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(std::max<std::int64_t>(k, 1));
  const std::int64_t grain = grain_for(work * 0.02 + 50);
  if constexpr (std::is_same_v<T, float>)
    if (const Product<float> p{ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc};
        count > 1 && k > 0 && batched_primitive(count, stride_a, stride_b, p))
      return parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
        Product<float> first = p;
        first.a += begin * stride_a;
        first.b += begin * stride_b;
        first.c += begin * stride_c;
        batch_by_primitive(end - begin, stride_a, stride_b, stride_c, first);
      });
  auto range = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      gemm(ta, tb, m, n, k, alpha, a + i * stride_a, lda, b + i * stride_b, ldb, beta, c + i * stride_c, ldc);
  };
  // Whole products per thread when every thread gets one; else each product is shared out.
  if (count < usable_threads()) return range(0, count);
  parallel_for(count, grain, range);
}
template void gemm_batched<float>(std::int64_t, bool, bool, std::int64_t, std::int64_t, std::int64_t, float,
                                  const float*, std::int64_t, std::int64_t, const float*, std::int64_t, std::int64_t,
                                  float, float*, std::int64_t, std::int64_t);
template void gemm_batched<double>(std::int64_t, bool, bool, std::int64_t, std::int64_t, std::int64_t, double,
                                   const double*, std::int64_t, std::int64_t, const double*, std::int64_t, std::int64_t,
                                   double, double*, std::int64_t, std::int64_t);

}  // namespace xgrad::detail
