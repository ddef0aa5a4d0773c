/* To be preloaded: answers the BLAS entry sgemm_ (column major) by oneDNN's dnnl_sgemm (row major), so that libtorch's
 * linear layers run on oneDNN's GEMM. Stands in for the MKL inside an official build of libtorch. */
#include <dnnl.h>

void sgemm_(const char *ta, const char *tb, const int *m, const int *n, const int *k, const float *alpha,
            const float *a, const int *lda, const float *b, const int *ldb, const float *beta, float *c,
            const int *ldc) {
  dnnl_sgemm(*tb, *ta, *n, *m, *k, *alpha, b, *ldb, a, *lda, *beta, c, *ldc);
}
