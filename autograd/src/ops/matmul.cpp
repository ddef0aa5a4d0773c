// Matrix products. An operand whose rows or columns are contiguous goes into GEMM as it is, transposed by flag; any
// other is copied once. Broadcast batches are read through stride 0, and a batch times one matrix is one product.
#include "ops/matmul.hpp"

#include <fmt/format.h>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>

#include "core/elementwise_loop.hpp"
#include "core/node.hpp"
#include "kernels/gemm.hpp"

namespace xgrad {
namespace detail {
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

Tensor matmul_op(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y) {
  if (!needs_tape({x, y})) return matmul_raw(x, trans_x, y, trans_y);
  return matmul(trans_x ? transpose(x, -2, -1) : x, trans_y ? transpose(y, -2, -1) : y);
}

Tensor contiguous_for_gemm(const Tensor& x) {
  Layout l;
  const TensorImpl& t = impl(x);
  if (t.contiguous || (t.shape.rank() == 2 && find_layout(t, l))) return x;
  return x.contiguous();
}

Tensor as_rows(const Tensor& x) {
  const Shape& s = impl(x).shape;
  if (s.rank() == 2) return x;
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < s.rank(); ++i) rows *= s[i];
  return reshape(x, {rows, s.back()});
}

}  // namespace detail

using detail::impl;
using detail::matmul_op;

namespace {

[[noreturn, gnu::cold]] void refuse(const char* op, const std::string& rule, const Tensor& x, const Tensor& y,
                                    Location at, const char* help = nullptr) {
  ErrorReport report(op, rule, at);
  report.operand("left", x).operand("right", y);
  if (help) report.help(help);
  report.shape_error();
}

void require_types(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  require_defined(op, x, at);
  require_defined(op, y, at);
  if (impl(x).dtype != impl(y).dtype) [[unlikely]]
    require_same_dtype(op, x, y, at);
  if (impl(x).dtype == DType::boolean) [[unlikely]]
    ErrorReport(op, "is not defined for bool; cast first", at).operand("left", x).operand("right", y).dtype_error();
}

void require_ranks(const char* op, const Tensor& x, int rank_x, const Tensor& y, int rank_y, const Location& at) {
  require_types(op, x, y, at);
  const int a = impl(x).shape.rank(), b = impl(y).shape.rank();
  if (a != rank_x || b != rank_y) [[unlikely]]
    refuse(op, fmt::format("needs tensors of rank {} and {}, got rank {} and {}", rank_x, rank_y, a, b), x, y, at);
}

void require_product(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  require_types(op, x, y, at);
  const Shape &a = impl(x).shape, &b = impl(y).shape;
  const int ra = a.rank(), rb = b.rank();
  if (ra == 0 || rb == 0) [[unlikely]]
    refuse(op, "needs at least 1 dimension, got 0", x, y, at);
  const std::int64_t inner = rb == 1 ? b[0] : b[rb - 2];
  if (a.back() != inner) [[unlikely]]
    refuse(op, fmt::format("inner sizes differ ({} and {})", a.back(), inner), x, y, at,
           rb > 1 && a.back() == b.back() ? "the transpose of the right operand would fit: transpose(y, -2, -1)"
                                          : nullptr);
  for (int i = ra - 3, j = rb - 3; i >= 0 && j >= 0; --i, --j)
    if (a[i] != b[j] && a[i] != 1 && b[j] != 1) [[unlikely]]
      refuse(op, fmt::format("batch sizes differ ({} and {})", a[i], b[j]), x, y, at);
}

// d(x y): g y^T and x^T g, with the outer products that vectors as operands turn these into. Gradients of batches that
// were broadcast are summed by the engine.
Grads matmul_backward(const Saved& s, const Tensor& grad, int rank_x, int rank_y) {
  const Tensor g = impl(grad).shape.rank() >= 2 ? detail::contiguous_for_gemm(grad) : grad;
  Tensor gx, gy;
  if (s.needs(0)) {
    const Tensor y = s[1];
    if (rank_y == 1)
      gx = mul(rank_x == 1 ? g : unsqueeze(g, -1), y);
    else if (rank_x == 1)
      gx = rank_y == 2 ? matmul_op(y, false, g, false) : squeeze(matmul_op(y, false, unsqueeze(g, -1), false), -1);
    else
      gx = matmul_op(g, false, y, true);
  }
  if (s.needs(1)) {
    const Tensor x = s[0];
    if (rank_x == 1)
      gy = rank_y == 1 ? mul(g, x) : mul(unsqueeze(x, -1), unsqueeze(g, -2));
    else if (rank_y == 1)
      gy = matmul_op(detail::as_rows(x), true, rank_x == 2 ? g : reshape(g, {impl(g).numel}), false);
    else if (rank_y == 2 && rank_x > 2)
      gy = matmul_op(detail::as_rows(x), true, detail::as_rows(g), false);
    else
      gy = matmul_op(x, true, g, false);
  }
  return {gx, gy};
}

Tensor multiply(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  Tensor out = detail::matmul_raw(x, false, y, false);
  const bool tape = grad_enabled();
  const Tensor none;
  return record(
      op, std::move(out), {x, y}, {tape && detail::wants_grad(y) ? x : none, tape && detail::wants_grad(x) ? y : none},
      [rx = impl(x).shape.rank(), ry = impl(y).shape.rank()](const Saved& s, const Tensor& g) -> Grads {
        return matmul_backward(s, g, rx, ry);
      },
      at);
}

}  // namespace

Tensor matmul(const Tensor& x, const Tensor& y, Location at) {
  require_product("matmul", x, y, at);
  return multiply("matmul", x, y, at);
}

Tensor mm(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("mm", x, 2, y, 2, at);
  require_product("mm", x, y, at);
  return multiply("mm", x, y, at);
}

Tensor mv(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("mv", x, 2, y, 1, at);
  require_product("mv", x, y, at);
  return multiply("mv", x, y, at);
}

Tensor bmm(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("bmm", x, 3, y, 3, at);
  if (impl(x).shape[0] != impl(y).shape[0]) [[unlikely]]
    refuse("bmm", fmt::format("batch sizes differ ({} and {})", impl(x).shape[0], impl(y).shape[0]), x, y, at);
  require_product("bmm", x, y, at);
  return multiply("bmm", x, y, at);
}

Tensor dot(const Tensor& x, const Tensor& y, Location at) {
  require_ranks("dot", x, 1, y, 1, at);
  if (impl(x).numel != impl(y).numel) [[unlikely]]
    refuse("dot", fmt::format("sizes differ ({} and {})", impl(x).numel, impl(y).numel), x, y, at);
  return multiply("dot", x, y, at);
}

Tensor outer(const Tensor& x, const Tensor& y, Location at) {
  require_defined("outer", x, at);
  require_defined("outer", y, at);
  if (impl(x).dtype != impl(y).dtype) {
    const DType both = promote_types(impl(x).dtype, impl(y).dtype);
    return outer(x.to(both, at), y.to(both, at), at);
  }
  require_ranks("outer", x, 1, y, 1, at);
  Tensor out;
  {
    const NoGradGuard off;
    out = mul(unsqueeze(x, 1, at), unsqueeze(y, 0, at), at);
  }
  const bool tape = grad_enabled();
  const Tensor none;
  return record(
      "outer", std::move(out), {x, y},
      {tape && detail::wants_grad(y) ? x : none, tape && detail::wants_grad(x) ? y : none},
      [](const Saved& s, const Tensor& grad) -> Grads {
        const Tensor g = detail::contiguous_for_gemm(grad);
        return {s.needs(0) ? matmul_op(g, false, s[1], false) : Tensor(),
                s.needs(1) ? matmul_op(g, true, s[0], false) : Tensor()};
      },
      at);
}

}  // namespace xgrad
