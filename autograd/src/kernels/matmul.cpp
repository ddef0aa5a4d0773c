// Products of tensors. An operand whose rows or columns are contiguous goes into GEMM as it is, transposed by flag; any
// other is copied once. Broadcast batches are read through stride 0, and a batch times one matrix is one product.
#include "kernels/matmul.hpp"

#include <algorithm>

#include <xgrad/parallel.hpp>

#include "core/elementwise_loop.hpp"
#include "kernels/gemm.hpp"

namespace xgrad::detail {
namespace {

// How the last two dimensions of an operand lie in memory.
struct Layout {
  bool trans = false;  // columns are contiguous instead of rows
  std::int64_t ld = 1;
};

bool find_layout(std::int64_t rows, std::int64_t cols, std::int64_t row_step, std::int64_t col_step, Layout& l) {
  if ((cols <= 1 || col_step == 1) && (rows <= 1 || row_step >= std::max<std::int64_t>(cols, 1))) {
    l = {false, rows <= 1 ? std::max<std::int64_t>(cols, 1) : row_step};
    return true;
  }
  if ((rows <= 1 || row_step == 1) && col_step >= std::max<std::int64_t>(rows, 1)) {
    l = {true, col_step};
    return true;
  }
  return false;
}

bool find_layout(const TensorImpl& t, Layout& l) {
  const int r = t.shape.rank();
  return find_layout(t.shape[r - 2], t.shape[r - 1], t.strides[r - 2], t.strides[r - 1], l);
}

// One operand as GEMM takes it; a 1-D left operand is a row, a 1-D right operand a column.
struct Side {
  Tensor copy;  // holds a packed copy when there had to be one
  const TensorImpl* t;
  std::int64_t rows, cols;
  Layout layout;
  int batch_rank;
};

Side make_side(const Tensor& x, bool swap, bool left) {
  Side s;
  s.t = &impl(x);
  const int r = s.t->shape.rank();
  const bool fits = r == 1 ? s.t->strides[0] == 1 || s.t->shape[0] <= 1 : find_layout(*s.t, s.layout);
  if (!fits) {
    s.copy = contiguous_copy(x);
    s.t = &impl(s.copy);
    if (r > 1) find_layout(*s.t, s.layout);
  }
  if (r == 1) {
    const std::int64_t n = s.t->shape[0];
    s.rows = left ? 1 : n;
    s.cols = left ? n : 1;
    s.layout = {false, left ? std::max<std::int64_t>(n, 1) : 1};
    s.batch_rank = 0;
    return s;
  }
  s.rows = s.t->shape[r - 2];
  s.cols = s.t->shape[r - 1];
  s.batch_rank = r - 2;
  if (swap) {
    std::swap(s.rows, s.cols);
    s.layout.trans = !s.layout.trans;
  }
  return s;
}

// x (..., n, k) that is one matrix of more rows.
void fold_batches(Side& a) {
  if (a.layout.trans || !a.t->contiguous) return;
  for (; a.batch_rank > 0; --a.batch_rank) a.rows *= a.t->shape[a.batch_rank - 1];
}

// The batches of a product: sizes, and how far each operand moves, in elements.
struct Batches {
  int rank = 0;
  std::int64_t count = 1;
  Shape sizes, steps_a, steps_b;

  Batches(const Side& a, const Side& b) : rank(std::max(a.batch_rank, b.batch_rank)) {
    for (int i = 0; i < rank; ++i) {
      const std::int64_t na = extent(a, i), nb = extent(b, i), n = na == 1 ? nb : na;
      sizes.push_back(n);
      steps_a.push_back(na == 1 ? 0 : step(a, i));
      steps_b.push_back(nb == 1 ? 0 : step(b, i));
      count *= n;
    }
  }
  std::int64_t extent(const Side& s, int i) const {
    const int d = i - (rank - s.batch_rank);
    return d < 0 ? 1 : s.t->shape[d];
  }
  std::int64_t step(const Side& s, int i) const { return s.t->strides[i - (rank - s.batch_rank)]; }
  // Whether batch number i lies i * `step` elements in.
  bool uniform(const Shape& steps, std::int64_t& step_out) const {
    step_out = rank ? steps[rank - 1] : 0;
    std::int64_t expected = step_out;
    for (int i = rank - 1; i >= 0; --i) {
      if (sizes[i] != 1 && steps[i] != expected) return false;
      expected *= sizes[i];
    }
    return true;
  }
  std::int64_t offset(const Shape& steps, std::int64_t batch) const {
    std::int64_t at = 0;
    for (int i = rank - 1; i >= 0; --i) {
      at += batch % sizes[i] * steps[i];
      batch /= sizes[i];
    }
    return at;
  }
};

// Integer products, wrapping on overflow.
template <class T>
void integer_gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda,
                  const T* b, std::int64_t ldb, T* c) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      std::uint64_t sum = 0;
      for (std::int64_t p = 0; p < k; ++p)
        sum += static_cast<std::uint64_t>(ta ? a[p * lda + i] : a[i * lda + p]) *
               static_cast<std::uint64_t>(tb ? b[j * ldb + p] : b[p * ldb + j]);
      c[i * n + j] = static_cast<T>(sum);
    }
}

template <class T>
void run(Tensor& out, const Side& a, const Side& b) {
  const std::int64_t m = a.rows, n = b.cols, k = a.cols;
  const T* pa = a.t->ptr<T>();
  const T* pb = b.t->ptr<T>();
  T* pc = data<T>(out);
  auto one = [&](const T* x, const T* y, T* z) {
    const bool ta = a.layout.trans, tb = b.layout.trans;
    if constexpr (std::is_floating_point_v<T>)
      gemm(ta, tb, m, n, k, T(1), x, a.layout.ld, y, b.layout.ld, T(0), z, n);
    else
      integer_gemm(ta, tb, m, n, k, x, a.layout.ld, y, b.layout.ld, z);
  };
  if (a.batch_rank == 0 && b.batch_rank == 0) return one(pa, pb, pc);
  const Batches batches(a, b);
  std::int64_t step_a, step_b;
  if constexpr (std::is_floating_point_v<T>)
    if (batches.uniform(batches.steps_a, step_a) && batches.uniform(batches.steps_b, step_b))
      return gemm_batched(batches.count, a.layout.trans, b.layout.trans, m, n, k, T(1), pa, a.layout.ld, step_a, pb,
                          b.layout.ld, step_b, T(0), pc, n, m * n);
  const double work = static_cast<double>(batches.count * m * n) * static_cast<double>(k);
  parallel_for(batches.count, work < 1e5 ? batches.count : 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      one(pa + batches.offset(batches.steps_a, i), pb + batches.offset(batches.steps_b, i), pc + i * m * n);
  });
}

Shape product_shape(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y) {
  const Shape &a = impl(x).shape, &b = impl(y).shape;
  const int ra = a.rank(), rb = b.rank(), rank = std::max({ra, rb, 2}) - 2;
  Shape s;
  for (int i = 0; i < rank; ++i) {
    const int da = i - (rank - (ra - 2)), db = i - (rank - (rb - 2));
    const std::int64_t na = da < 0 || ra < 2 ? 1 : a[da], nb = db < 0 || rb < 2 ? 1 : b[db];
    s.push_back(na == 1 ? nb : na);
  }
  if (ra > 1) s.push_back(a[trans_x ? ra - 1 : ra - 2]);
  if (rb > 1) s.push_back(b[trans_y ? rb - 2 : rb - 1]);
  return s;
}

}  // namespace

Tensor matmul_raw(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y) {
  Tensor out = make_tensor(product_shape(x, trans_x, y, trans_y), impl(x).dtype);
  if (impl(out).numel == 0) return out;
  Side a = make_side(x, trans_x, true);
  const Side b = make_side(y, trans_y, false);
  if (b.batch_rank == 0) fold_batches(a);
  dispatch_all(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) run<T>(out, a, b);
  });
  return out;
}

bool gemm_reads(const TensorImpl& x) {
  Layout l;
  return x.contiguous || (x.shape.rank() == 2 && find_layout(x, l));
}

}  // namespace xgrad::detail
