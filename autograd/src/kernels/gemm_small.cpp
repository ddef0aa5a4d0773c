#include "kernels/gemm_small.hpp"

#include <algorithm>
#include <memory>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/scratch.hpp"

namespace xgrad::detail {
namespace {

// Copies n < lanes numbers in pieces of sizes known to the compiler: a call of memcpy costs more than the product.
template <class T, int B>
XGRAD_INLINE void copy_lanes(T* to, const T* from, std::int64_t n) {
  std::int64_t i = 0;
  if constexpr (Vec<T, B>::lanes == 16) {
    if (n & 8) {
      __builtin_memcpy(to, from, 8 * sizeof(T));
      i = 8;
    }
  }
  if (Vec<T, B>::lanes > 4 && (n & 4)) {
    __builtin_memcpy(to + i, from + i, 4 * sizeof(T));
    i += 4;
  }
  if (n & 2) {
    __builtin_memcpy(to + i, from + i, 2 * sizeof(T));
    i += 2;
  }
  if (n & 1) to[i] = from[i];
}

template <class T, int B = vec::kPortable>
XGRAD_INLINE Vec<T, B> load_zero(const T* p, std::int64_t lanes) {
  if (lanes >= Vec<T, B>::lanes) return Vec<T, B>::load(p);
  T t[Vec<T, B>::lanes] = {};
  copy_lanes<T, B>(t, p, lanes);
  return Vec<T, B>::load(t);
}

// out = alpha * acc + beta * out for the first `lanes` lanes.
template <class T, int B>
XGRAD_INLINE void finish(Vec<T, B> acc, T alpha, T beta, T* out, std::int64_t lanes) {
  if (lanes <= 0) return;
  Vec<T, B> v = alpha == T(1) ? acc : acc * alpha;
  if (beta != T(0)) v += beta * load_zero<T, B>(out, lanes);
  if (lanes >= Vec<T, B>::lanes) return v.store(out);
  T t[Vec<T, B>::lanes];
  v.store(t);
  copy_lanes<T, B>(out, t, lanes);
}

typedef float Float4 __attribute__((vector_size(16)));
typedef std::int32_t Int4 __attribute__((vector_size(16)));
typedef double Double2 __attribute__((vector_size(16)));
typedef std::int64_t Long2 __attribute__((vector_size(16)));

template <class V>
XGRAD_INLINE V load16(const void* p) {
  V v;
  __builtin_memcpy(&v, p, 16);
  return v;
}

// The sum of the lanes of 64 bytes, in whatever registers: of the halves, of their halves, ...
template <int Q, int B>
XGRAD_INLINE float lane_sum(const Vec<float, B>* v) {
  alignas(64) float t[16];
  for (int q = 0; q < Q; ++q) v[q].store(t + q * Vec<float, B>::lanes);
  const Float4 s = (load16<Float4>(t) + load16<Float4>(t + 8)) + (load16<Float4>(t + 4) + load16<Float4>(t + 12));
  return (s[0] + s[2]) + (s[1] + s[3]);
}
template <int Q, int B>
XGRAD_INLINE double lane_sum(const Vec<double, B>* v) {
  alignas(64) double t[8];
  for (int q = 0; q < Q; ++q) v[q].store(t + q * Vec<double, B>::lanes);
  const Double2 s = (load16<Double2>(t) + load16<Double2>(t + 4)) + (load16<Double2>(t + 2) + load16<Double2>(t + 6));
  return s[0] + s[1];
}

// R rows of A times x: two sums of 64 bytes per row, whatever R and the registers are, so that a row's bits depend on
// neither its neighbours nor the CPU.
template <int B, int R, class T>
XGRAD_INLINE void dot_rows(std::int64_t k, T alpha, const T* a, std::int64_t lda, const T* x, T beta, T* y,
                           std::int64_t step) {
  using V = Vec<T, B>;
  constexpr int L = V::lanes, Q = 64 / B;
  V s[R][2 * Q];
  for (int r = 0; r < R; ++r)
    for (int h = 0; h < 2 * Q; ++h) s[r][h] = V(T(0));
  std::int64_t p = 0;
  for (; p + 2 * Q * L <= k; p += 2 * Q * L)
    for (int h = 0; h < 2 * Q; ++h) {
      const V xv = V::load(x + p + h * L);
      for (int r = 0; r < R; ++r) s[r][h] += V::load(a + r * lda + p + h * L) * xv;
    }
  for (int h = 0; p < k; p += L, ++h) {
    const V xv = load_zero<T, B>(x + p, k - p);
    for (int r = 0; r < R; ++r) s[r][h] += load_zero<T, B>(a + r * lda + p, k - p) * xv;
  }
  for (int r = 0; r < R; ++r) {
    for (int q = 0; q < Q; ++q) s[r][q] += s[r][Q + q];
    const T v = alpha * lane_sum<Q>(s[r]);
    y[r * step] = beta == T(0) ? v : v + beta * y[r * step];
  }
}

// y = alpha A x + beta y for rows [begin, end) of row-major A.
template <class T>
void gemv_rows(std::int64_t begin, std::int64_t end, std::int64_t k, T alpha, const T* a, std::int64_t lda, const T* x,
               T beta, T* y, std::int64_t step) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    constexpr int R = bytes == 64 ? 4 : bytes == 32 ? 2 : 1;  // as many as there are registers for
    std::int64_t i = begin;
    for (; i + R <= end; i += R) dot_rows<bytes, R>(k, alpha, a + i * lda, lda, x, beta, y + i * step, step);
    for (; i < end; ++i) dot_rows<bytes, 1>(k, alpha, a + i * lda, lda, x, beta, y + i * step, step);
  });
}

template <int B, int N, class T>
XGRAD_INLINE void add_rows(std::int64_t k, std::int64_t width, T alpha, const T* a, std::int64_t lda, const T* x,
                           std::int64_t x_step, T beta, T* y, std::int64_t step) {
  using V = Vec<T, B>;
  constexpr int L = V::lanes;
  V s[N];
  for (int v = 0; v < N; ++v) s[v] = V(T(0));
  if (width >= N * L) {
    for (std::int64_t p = 0; p < k; ++p) {
      const V xv(x[p * x_step]);
      for (int v = 0; v < N; ++v) s[v] += V::load(a + p * lda + v * L) * xv;
    }
  } else {
    for (std::int64_t p = 0; p < k; ++p) s[0] += load_zero<T, B>(a + p * lda, width) * V(x[p * x_step]);
  }
  for (int v = 0; v < N; ++v) {
    if (step == 1) {
      finish(s[v], alpha, beta, y + v * L, width - v * L);
      continue;
    }
    T t[L];
    s[v].store(t);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(L, width - v * L); ++i) {
      T& out = y[(v * L + i) * step];
      out = beta == T(0) ? alpha * t[i] : alpha * t[i] + beta * out;
    }
  }
}

// y = alpha A^T x + beta y for columns [begin, end) of row-major A: a strip of columns stays in registers.
template <class T>
void gemv_columns(std::int64_t begin, std::int64_t end, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                  const T* x, std::int64_t x_step, T beta, T* y, std::int64_t step) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    constexpr int L = Vec<T, bytes>::lanes, N = 8;
    std::int64_t j = begin;
    for (; j + N * L <= end; j += N * L)
      add_rows<bytes, N>(k, N * L, alpha, a + j, lda, x, x_step, beta, y + j * step, step);
    for (; j < end; j += L)
      add_rows<bytes, 1>(k, std::min<std::int64_t>(L, end - j), alpha, a + j, lda, x, x_step, beta, y + j * step, step);
  });
}

// A square tile that fits 16-byte registers: out[j * W + i] = in[i * ld + j].
template <int W>
XGRAD_INLINE void transpose_tile(const float* in, std::int64_t ld, float* out) {
  const Float4 a = load16<Float4>(in), b = load16<Float4>(in + ld), c = load16<Float4>(in + 2 * ld),
               d = load16<Float4>(in + 3 * ld);
  const Float4 e = __builtin_shufflevector(a, b, 0, 4, 1, 5), f = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Float4 g = __builtin_shufflevector(c, d, 0, 4, 1, 5), h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Float4 r0 = __builtin_shufflevector(e, g, 0, 1, 4, 5), r1 = __builtin_shufflevector(e, g, 2, 3, 6, 7);
  const Float4 r2 = __builtin_shufflevector(f, h, 0, 1, 4, 5), r3 = __builtin_shufflevector(f, h, 2, 3, 6, 7);
  __builtin_memcpy(out, &r0, 16);
  __builtin_memcpy(out + W, &r1, 16);
  __builtin_memcpy(out + 2 * W, &r2, 16);
  __builtin_memcpy(out + 3 * W, &r3, 16);
}
template <int W>
XGRAD_INLINE void transpose_tile(const double* in, std::int64_t ld, double* out) {
  const Double2 a = load16<Double2>(in), b = load16<Double2>(in + ld);
  const Double2 r0 = __builtin_shufflevector(a, b, 0, 2), r1 = __builtin_shufflevector(a, b, 1, 3);
  __builtin_memcpy(out, &r0, 16);
  __builtin_memcpy(out + W, &r1, 16);
}

// Columns [0, width) of op(B), k rows, as rows of W numbers; what is in the rest does not matter. `readable` numbers
// from b on belong to B.
template <int B, int W, class T>
XGRAD_INLINE void pack_panel(bool tb, std::int64_t k, std::int64_t width, std::int64_t readable, const T* b,
                             std::int64_t ldb, T* out) {
  using V = Vec<T, B>;
  constexpr std::int64_t L = V::lanes;
  if (!tb) {
    // Whole vectors, reading into the next row, except at the end of the matrix.
    const std::int64_t safe = readable < W ? 0 : std::min(k, (readable - W) / ldb + 1);
    for (std::int64_t p = 0; p < safe; ++p)
      for (std::int64_t v = 0; v < W; v += L) V::load(b + p * ldb + v).store(out + p * W + v);
    for (std::int64_t p = safe; p < k; ++p)
      for (std::int64_t v = 0; v < W; v += L)
        load_zero<T, B>(b + p * ldb + v, std::max<std::int64_t>(0, width - v)).store(out + p * W + v);
    return;
  }
  constexpr std::int64_t S = 16 / sizeof(T);
  for (std::int64_t j = 0; j < W; j += S) {
    std::int64_t p = 0;
    if (j + S <= width)
      for (; p + S <= k; p += S) transpose_tile<W>(b + j * ldb + p, ldb, out + p * W + j);
    if (j >= width) {
      for (p = 0; p < k; ++p)
        for (std::int64_t i = j; i < j + S; ++i) out[p * W + i] = T(0);
      continue;
    }
    for (; p < k; ++p)
      for (std::int64_t i = j; i < j + S; ++i) out[p * W + i] = i < width ? b[i * ldb + p] : T(0);
  }
}

// R rows by N vectors of C, all of k; the sums stay in registers.
template <int B, int R, int N, class T>
XGRAD_INLINE void multiply_tile(std::int64_t k, T alpha, const T* a, std::int64_t a_row, std::int64_t a_col, const T* b,
                                std::int64_t ldb, T beta, T* c, std::int64_t ldc, std::int64_t width) {
  using V = Vec<T, B>;
  V s[R][N];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < N; ++v) s[r][v] = V(T(0));
  for (std::int64_t p = 0; p < k; ++p) {
    V bv[N];
    for (int v = 0; v < N; ++v) bv[v] = V::load(b + p * ldb + v * V::lanes);
    for (int r = 0; r < R; ++r) {
      const V av(a[r * a_row + p * a_col]);
      for (int v = 0; v < N; ++v) s[r][v] += av * bv[v];
    }
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < N; ++v) finish(s[r][v], alpha, beta, c + r * ldc + v * V::lanes, width - v * V::lanes);
}

// One panel of N vectors, all rows, R at a time.
template <int B, int R, int N, class T>
XGRAD_INLINE void multiply_panel(std::int64_t m, std::int64_t k, T alpha, const T* a, std::int64_t a_row,
                                 std::int64_t a_col, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc,
                                 std::int64_t width) {
  std::int64_t i = 0;
  for (; i + R <= m; i += R)
    multiply_tile<B, R, N>(k, alpha, a + i * a_row, a_row, a_col, b, ldb, beta, c + i * ldc, ldc, width);
  if (R > 4 && i + 4 <= m) {
    multiply_tile<B, 4, N>(k, alpha, a + i * a_row, a_row, a_col, b, ldb, beta, c + i * ldc, ldc, width);
    i += 4;
  }
  if (i + 2 <= m) {
    multiply_tile<B, 2, N>(k, alpha, a + i * a_row, a_row, a_col, b, ldb, beta, c + i * ldc, ldc, width);
    i += 2;
  }
  if (i < m) multiply_tile<B, 1, N>(k, alpha, a + i * a_row, a_row, a_col, b, ldb, beta, c + i * ldc, ldc, width);
}

constexpr std::int64_t kDepth = 256;  // rows of B packed at a time: 16 KB per vector of columns

// R1 x 1 and R2 x 2 blocks of C, in vectors of B bytes. packed: two vectors for each row of B that is packed.
template <int B, int R1, int R2, class T>
XGRAD_INLINE void multiply(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
                           std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc, T* packed) {
  constexpr std::int64_t L = Vec<T, B>::lanes;
  const std::int64_t a_row = ta ? 1 : lda, a_col = ta ? lda : 1;
  const T* end = b + ((tb ? n : k) - 1) * ldb + (tb ? k : n);
  for (std::int64_t p = 0; p < k; p += kDepth) {
    const std::int64_t depth = std::min(kDepth, k - p);
    const T* ap = a + p * a_col;
    const T beta_p = p == 0 ? beta : T(1);
    std::int64_t j = 0;
    while (j < n) {
      const std::int64_t left = n - j;
      const T* bp = tb ? b + j * ldb + p : b + p * ldb + j;
      if (left > L) {
        const std::int64_t width = std::min(left, 2 * L);
        const bool pack = tb || width < 2 * L;
        if (pack) pack_panel<B, 2 * L>(tb, depth, width, end - bp, bp, ldb, packed);
        multiply_panel<B, R2, 2>(m, depth, alpha, ap, a_row, a_col, pack ? packed : bp, pack ? 2 * L : ldb, beta_p,
                                 c + j, ldc, width);
        j += width;
      } else {
        const std::int64_t width = std::min(left, L);
        const bool pack = tb || width < L;
        if (pack) pack_panel<B, L>(tb, depth, width, end - bp, bp, ldb, packed);
        multiply_panel<B, R1, 1>(m, depth, alpha, ap, a_row, a_col, pack ? packed : bp, pack ? L : ldb, beta_p, c + j,
                                 ldc, width);
        j += width;
      }
    }
  }
}

// 32 registers of 64 bytes hold 8 x 1 or 8 x 2 sums; 16 of 32 bytes 8 x 1 or 6 x 2.
template <class T>
XGRAD_CLONES void multiply_wide(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
                                std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc,
                                T* packed) {
  multiply<vec::kPortable, 8, 8>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, packed);
}
template <class T>
XGRAD_CLONES void multiply_narrow(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a,
                                  std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc,
                                  T* packed) {
  multiply<32, 8, 6>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, packed);
}

bool has_wide_registers() {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx512f") != 0;
  return wide;
#else
  return false;
#endif
}

// A strided vector without gaps, in `hold` if it has any.
template <class T>
const T* close_gaps(const T* x, std::int64_t n, std::int64_t step, std::unique_ptr<T[]>& hold) {
  if (step == 1) return x;
  hold.reset(new T[static_cast<std::size_t>(n)]);
  for (std::int64_t i = 0; i < n; ++i) hold[static_cast<std::size_t>(i)] = x[i * step];
  return hold.get();
}

}  // namespace

template <class T>
void gemv(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
          const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  // One operand is a vector x, the other a matrix of `size` outputs, stored as rows to dot with x or as columns.
  const bool right = n == 1;
  const T* matrix = right ? a : b;
  const std::int64_t ld = right ? lda : ldb, size = right ? m : n, step = right ? ldc : 1;
  const T* x = right ? b : a;
  const std::int64_t x_step = right ? (tb ? 1 : ldb) : (ta ? lda : 1);
  const bool rows = right ? !ta : tb;
  const double ns = static_cast<double>(k) * 0.02 * sizeof(T);
  if (rows) {
    std::unique_ptr<T[]> hold;
    const T* xc = close_gaps(x, k, x_step, hold);
    // Rows are few and long: ranges need not begin at multiples of 64.
    parallel_for(size, std::max<std::int64_t>(4, grain_for(ns)),
                 [&](std::int64_t i, std::int64_t e) { gemv_rows(i, e, k, alpha, matrix, ld, xc, beta, c, step); });
  } else {
    parallel_cost(size, ns, [&](std::int64_t i, std::int64_t e) {
      gemv_columns(i, e, k, alpha, matrix, ld, x, x_step, beta, c, step);
    });
  }
}

// C = alpha a b^T + beta C for rows [begin, end). A sum of one term begins with 0 like any other: -0 becomes 0.
template <class T>
XGRAD_CLONES void outer_rows(std::int64_t begin, std::int64_t end, std::int64_t n, T alpha, const T* a,
                             std::int64_t a_step, const T* b, T beta, T* c, std::int64_t ldc) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T x = a[i * a_step];
    T* row = c + i * ldc;
    if (beta == T(0))
      for (std::int64_t j = 0; j < n; ++j) row[j] = alpha * (T(0) + x * b[j]);
    else
      for (std::int64_t j = 0; j < n; ++j) row[j] = alpha * (T(0) + x * b[j]) + beta * row[j];
  }
}

template <class T>
void outer_product(std::int64_t m, std::int64_t n, T alpha, const T* a, std::int64_t a_step, const T* b,
                   std::int64_t b_step, T beta, T* c, std::int64_t ldc) {
  std::unique_ptr<T[]> hold;
  const T* row = close_gaps(b, n, b_step, hold);
  const double ns = 0.02 * sizeof(T) * static_cast<double>(n);
  parallel_for(m, grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    outer_rows(begin, end, n, alpha, a, a_step, row, beta, c, ldc);
  });
}

template <class T>
void gemm_small(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  const bool wide = has_wide_registers();
  const std::int64_t width = 2 * (wide ? 64 : 32), columns = width / static_cast<std::int64_t>(sizeof(T));
  const std::int64_t packed = tb || n % columns != 0 ? width * std::min(k, kDepth) : 0;  // bytes
  with_scratch<128 * kDepth>(static_cast<std::size_t>(packed), [=](char* room) {
    (wide ? multiply_wide<T> : multiply_narrow<T>)(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc,
                                                   reinterpret_cast<T*>(room));
  });
}

#define XGRAD_INSTANTIATE(T)                                                                                          \
  template void gemv(bool, bool, std::int64_t, std::int64_t, std::int64_t, T, const T*, std::int64_t, const T*,       \
                     std::int64_t, T, T*, std::int64_t);                                                              \
  template void outer_product(std::int64_t, std::int64_t, T, const T*, std::int64_t, const T*, std::int64_t, T, T*,   \
                              std::int64_t);                                                                          \
  template void gemm_small(bool, bool, std::int64_t, std::int64_t, std::int64_t, T, const T*, std::int64_t, const T*, \
                           std::int64_t, T, T*, std::int64_t);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::detail
