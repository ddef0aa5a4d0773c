#include "kernels/lapack.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <xgrad/parallel.hpp>

#include "core/threads/library_call.hpp"

// The Fortran routines themselves: OpenBLAS has them in its library, while lapacke.h is a package of its own.
#define XGRAD_LAPACK(type, p)                                                                                        \
  void p##getrf_(const int* m, const int* n, type* a, const int* lda, int* pivots, int* info);                       \
  void p##getrs_(const char* trans, const int* n, const int* k, const type* a, const int* lda, const int* pivots,    \
                 type* b, const int* ldb, int* info, std::size_t);                                                   \
  void p##potrf_(const char* uplo, const int* n, type* a, const int* lda, int* info, std::size_t);                   \
  void p##trsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n, \
                const type* alpha, const type* a, const int* lda, type* b, const int* ldb, std::size_t, std::size_t, \
                std::size_t, std::size_t);                                                                           \
  void p##geqrf_(const int* m, const int* n, type* a, const int* lda, type* tau, type* work, const int* size,        \
                 int* info);                                                                                         \
  void p##orgqr_(const int* m, const int* n, const int* k, type* a, const int* lda, const type* tau, type* work,     \
                 const int* size, int* info);                                                                        \
  void p##syevd_(const char* jobz, const char* uplo, const int* n, type* a, const int* lda, type* w, type* work,     \
                 const int* size, int* iwork, const int* isize, int* info, std::size_t, std::size_t);                \
  void p##gesdd_(const char* jobz, const int* m, const int* n, type* a, const int* lda, type* s, type* u,            \
                 const int* ldu, type* vt, const int* ldvt, type* work, const int* size, int* iwork, int* info,      \
                 std::size_t);
extern "C" {
XGRAD_LAPACK(float, s)
XGRAD_LAPACK(double, d)
}
#undef XGRAD_LAPACK

namespace xgrad::detail::lapack {
namespace {

// One overload per routine and type, so that what follows is written once.
#define XGRAD_EITHER(name)    \
  template <class... A>       \
  void name(float, A... a) {  \
    s##name##_(a...);         \
  }                           \
  template <class... A>       \
  void name(double, A... a) { \
    d##name##_(a...);         \
  }
XGRAD_EITHER(getrf)
XGRAD_EITHER(getrs)
XGRAD_EITHER(potrf)
XGRAD_EITHER(trsm)
XGRAD_EITHER(geqrf)
XGRAD_EITHER(orgqr)
XGRAD_EITHER(syevd)
XGRAD_EITHER(gesdd)
#undef XGRAD_EITHER

int as_int(std::int64_t n) { return static_cast<int>(n); }
int leading(std::int64_t rows) { return as_int(std::max<std::int64_t>(rows, 1)); }

// Runs each(matrix) over the batch; cost: operations of one matrix.
template <class F>
void for_each(std::int64_t count, double cost, F each) {
  parallel_cost(count, cost + 200, [&](std::int64_t begin, std::int64_t end) {
    const LibraryCall call;
    for (std::int64_t i = begin; i < end; ++i) each(i);
  });
}

double cube(std::int64_t n) { return static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n); }

// What a routine says about the workspace it wants.
template <class T>
int size_of(T reported) {
  // Rounded up: a float cannot hold every size.
  return std::max(1, static_cast<int>(std::nextafter(reported, std::numeric_limits<T>::infinity())));
}

}  // namespace

bool fits(std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max() / 8;  // workspaces are several rows long
  return rows <= kMost && columns <= kMost;
}

template <class T>
void lu(std::int64_t count, std::int64_t m, std::int64_t n, T* a, std::int32_t* pivots, std::int32_t* info) {
  const int rows = as_int(m), columns = as_int(n), lda = leading(m);
  for_each(count, cube(std::max(m, n)), [&](std::int64_t i) {
    getrf(T(), &rows, &columns, a + i * m * n, &lda, pivots + i * std::min(m, n), info + i);
  });
}

template <class T>
void lu_solve(std::int64_t count, std::int64_t n, std::int64_t k, const T* factors, const std::int32_t* pivots, T* b) {
  const int size = as_int(n), columns = as_int(k), lda = leading(n);
  for_each(count, static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(k), [&](std::int64_t i) {
    int info = 0;  // can only say that an argument is wrong
    getrs(T(), "N", &size, &columns, factors + i * n * n, &lda, pivots + i * n, b + i * n * k, &lda, &info,
          std::size_t{1});
  });
}

template <class T>
void cholesky(std::int64_t count, bool upper, std::int64_t n, T* a, std::int32_t* info) {
  const int size = as_int(n), lda = leading(n);
  for_each(count, cube(n) / 3, [&](std::int64_t i) {
    potrf(T(), upper ? "U" : "L", &size, a + i * n * n, &lda, info + i, std::size_t{1});
  });
}

template <class T>
void solve_triangular(std::int64_t count, bool upper, bool transpose, bool unit, std::int64_t n, std::int64_t k,
                      const T* a, T* b) {
  const int size = as_int(n), columns = as_int(k), lda = leading(n);
  const T one = 1;
  for_each(count, static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(k), [&](std::int64_t i) {
    constexpr std::size_t letter = 1;
    trsm(T(), "L", upper ? "U" : "L", transpose ? "T" : "N", unit ? "U" : "N", &size, &columns, &one, a + i * n * n,
         &lda, b + i * n * k, &lda, letter, letter, letter, letter);
  });
}

template <class T>
void qr(std::int64_t count, std::int64_t m, std::int64_t n, T* a, T* factors) {
  const int rows = as_int(m), columns = as_int(n), lda = leading(m);
  for_each(count, 2 * cube(std::max(m, n)), [&](std::int64_t i) {
    int info = 0, query = -1;  // as in lu_solve()
    T* matrix = a + i * m * n;
    T* tau = factors + i * std::min(m, n);
    T wanted = 0;
    geqrf(T(), &rows, &columns, matrix, &lda, tau, &wanted, &query, &info);
    const int size = size_of(wanted);
    std::vector<T> work(static_cast<std::size_t>(size));
    geqrf(T(), &rows, &columns, matrix, &lda, tau, work.data(), &size, &info);
  });
}

template <class T>
void q_of(std::int64_t count, std::int64_t m, std::int64_t n, std::int64_t k, T* a, const T* factors) {
  const int rows = as_int(m), columns = as_int(n), reflectors = as_int(k), lda = leading(m);
  for_each(count, 2 * cube(std::max(m, n)), [&](std::int64_t i) {
    int info = 0, query = -1;
    T* matrix = a + i * m * n;
    const T* tau = factors + i * k;
    T wanted = 0;
    orgqr(T(), &rows, &columns, &reflectors, matrix, &lda, tau, &wanted, &query, &info);
    const int size = size_of(wanted);
    std::vector<T> work(static_cast<std::size_t>(size));
    orgqr(T(), &rows, &columns, &reflectors, matrix, &lda, tau, work.data(), &size, &info);
  });
}

template <class T>
void eigh(std::int64_t count, bool vectors, bool upper, std::int64_t n, T* a, T* values, std::int32_t* info) {
  const int size = as_int(n), lda = leading(n);
  const char *job = vectors ? "V" : "N", *triangle = upper ? "U" : "L";
  for_each(count, 10 * cube(n), [&](std::int64_t i) {
    int query = -1, wanted_integers = 0;
    T *matrix = a + i * n * n, *w = values + i * n;
    T wanted = 0;
    constexpr std::size_t letter = 1;
    syevd(T(), job, triangle, &size, matrix, &lda, w, &wanted, &query, &wanted_integers, &query, info + i, letter,
          letter);
    const int length = size_of(wanted), integers = std::max(1, wanted_integers);
    std::vector<T> work(static_cast<std::size_t>(length));
    std::vector<int> integer_work(static_cast<std::size_t>(integers));
    syevd(T(), job, triangle, &size, matrix, &lda, w, work.data(), &length, integer_work.data(), &integers, info + i,
          letter, letter);
  });
}

template <class T>
void svd(std::int64_t count, bool full, std::int64_t m, std::int64_t n, T* a, T* s, T* u, T* vt, std::int32_t* info) {
  const std::int64_t k = std::min(m, n), u_columns = full ? m : k, vt_rows = full ? n : k;
  const int rows = as_int(m), columns = as_int(n), lda = leading(m), ldvt = leading(vt_rows);
  const char* job = !u ? "N" : full ? "A" : "S";
  for_each(count, 20 * cube(std::max(m, n)), [&](std::int64_t i) {
    int query = -1;
    T* matrix = a + i * m * n;
    T* left = u ? u + i * m * u_columns : nullptr;
    T* right = vt ? vt + i * vt_rows * n : nullptr;
    T wanted = 0;
    std::vector<int> integers(static_cast<std::size_t>(8 * std::max<std::int64_t>(k, 1)));
    gesdd(T(), job, &rows, &columns, matrix, &lda, s + i * k, left, &lda, right, &ldvt, &wanted, &query,
          integers.data(), info + i, std::size_t{1});
    const int size = size_of(wanted);
    std::vector<T> work(static_cast<std::size_t>(size));
    gesdd(T(), job, &rows, &columns, matrix, &lda, s + i * k, left, &lda, right, &ldvt, work.data(), &size,
          integers.data(), info + i, std::size_t{1});
  });
}

#define XGRAD_INSTANCE(T)                                                                                      \
  template void lu<T>(std::int64_t, std::int64_t, std::int64_t, T*, std::int32_t*, std::int32_t*);             \
  template void lu_solve<T>(std::int64_t, std::int64_t, std::int64_t, const T*, const std::int32_t*, T*);      \
  template void cholesky<T>(std::int64_t, bool, std::int64_t, T*, std::int32_t*);                              \
  template void solve_triangular<T>(std::int64_t, bool, bool, bool, std::int64_t, std::int64_t, const T*, T*); \
  template void qr<T>(std::int64_t, std::int64_t, std::int64_t, T*, T*);                                       \
  template void q_of<T>(std::int64_t, std::int64_t, std::int64_t, std::int64_t, T*, const T*);                 \
  template void eigh<T>(std::int64_t, bool, bool, std::int64_t, T*, T*, std::int32_t*);                        \
  template void svd<T>(std::int64_t, bool, std::int64_t, std::int64_t, T*, T*, T*, T*, std::int32_t*);
XGRAD_INSTANCE(float)
XGRAD_INSTANCE(double)
#undef XGRAD_INSTANCE

}  // namespace xgrad::detail::lapack
