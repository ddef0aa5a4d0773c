// Linear systems on the tape.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/decomposition.hpp>
#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/solve.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/lapack.hpp"
#include "ops/matrices.hpp"
#include "ops/print_parts.hpp"

namespace xgrad {

using detail::broadcast_matrices;
using detail::dispatch_floating;
using detail::from_columns;
using detail::make_tensor;
using detail::Matrices;
using detail::mT;
using detail::Outcomes;
using detail::to_columns;

namespace linalg {
namespace {

[[noreturn, gnu::cold]] void singular(const char* op, const Tensor& x, const Outcomes& outcomes, const Matrices& size,
                                      const Location& at) {
  ErrorReport(op,
              fmt::format("the matrix is singular: element ({0}, {0}) of the factor U of its LU decomposition is 0{1}",
                          outcomes.info() - 1, outcomes.matrix(size.lead)),
              at)
      .operand("A", x)
      .help("linalg::pinv and linalg::lstsq take singular matrices")
      .value_error();
}

// Whether B holds vectors and not matrices.
bool is_vectors(const Tensor& a, const Tensor& b) {
  const Shape &sa = a.shape(), &sb = b.shape();
  if (sb.rank() == 1) return true;
  if (sb.rank() != sa.rank() - 1) return false;
  for (int d = 0; d < sb.rank(); ++d)
    if (sa[d] != sb[d]) return false;
  return true;
}

void require_rows(const char* op, const Tensor& a, const Tensor& b, std::int64_t n, std::int64_t rows,
                  const Location& at) {
  if (n != rows)
    ErrorReport(op, fmt::format("A has {} rows and B has {}", n, rows), at)
        .operand("A", a)
        .operand("B", b)
        .shape_error();
}

void require_batches(const char* op, const Tensor& a, const Tensor& b, const Matrices& of_a, const Matrices& of_b,
                     const Location& at) {
  for (int i = 1; i <= std::min(of_a.lead.rank(), of_b.lead.rank()); ++i) {
    const std::int64_t n = of_a.lead[-i], m = of_b.lead[-i];
    if (n != m && n != 1 && m != 1)
      ErrorReport(op, fmt::format("the batches {} and {} do not broadcast", to_string(of_a.lead), to_string(of_b.lead)),
                  at)
          .operand("A", a)
          .operand("B", b)
          .shape_error();
  }
}

// A X = B by LU with partial pivoting, off the tape.
Tensor solve_raw(const Tensor& a, const Tensor& b, Outcomes& outcomes) {
  const Matrices size = detail::require_square("solve", a, Location());
  const std::int64_t k = b.size(-1);
  const Tensor factors = to_columns(a), x = to_columns(b), pivots = make_tensor(size.shape(size.n), DType::int32);
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto* p = detail::data<std::int32_t>(pivots);
    detail::lapack::lu(size.count, size.n, size.n, detail::data<T>(factors), p, outcomes.data());
    detail::lapack::lu_solve(size.count, size.n, k, detail::data<T>(factors), p, detail::data<T>(x));
  });
  return from_columns(x);
}

// How B and X stand to A.
enum class Side { left, right, vector };  // A X = B, X A = B, A x = b

Side side_of(const Tensor& a, const Tensor& b, bool left) {
  return !left ? Side::right : is_vectors(a, b) ? Side::vector : Side::left;
}

struct System {
  Tensor x;
  Outcomes outcomes;
  Matrices size;
};

// Checks, broadcasts and solves, off the tape.
System solve_system(const char* op, const Tensor& a, const Tensor& b, Side side, const Location& at) {
  const NoGradGuard off;
  const Matrices own = detail::require_square(op, a, at);
  const Tensor left = side == Side::right ? mT(a) : a;
  const Tensor right = side == Side::vector ? unsqueeze(b, -1, at) : side == Side::right ? mT(b) : b;
  require_rows(op, a, b, own.n, right.size(-2), at);
  const auto [aa, bb] = broadcast_matrices(op, left, right, at);
  const Matrices size = detail::require_square(op, aa, at);
  System s{Tensor(), Outcomes(size.count), size};
  const Tensor x = solve_raw(aa, bb, s.outcomes);
  s.x = (side == Side::vector ? squeeze(x, -1) : side == Side::right ? mT(x) : x).clone();
  return s;
}

// What X A = B and A x = b become before they are solved.
void require_system(const char* op, const Tensor& a, const Tensor& b, bool left, const Location& at) {
  detail::require_square(op, a, at);
  require_defined(op, b, at);
  require_same_dtype(op, a, b, at);
  if (side_of(a, b, left) != Side::vector) detail::require_matrices(op, b, at);
}

Tensor record_solve(const char* op, const Tensor& a, const Tensor& b, const Tensor& x, Side side, const Location& at) {
  return detail::record_op(
      op, x, {a, b}, {a, x},
      [side](const Saved& s, const Tensor& g) -> Grads {
        if (side == Side::right) {
          const Tensor gb = solve_ex(mT(s[0]), g, false).result;
          return {s.needs(0) ? neg(matmul(mT(s[1]), gb)) : Tensor(), gb};
        }
        if (side == Side::left) {
          const Tensor gb = solve_ex(mT(s[0]), g).result;
          return {s.needs(0) ? neg(matmul(gb, mT(s[1]))) : Tensor(), gb};
        }
        const Tensor gb = solve_ex(mT(s[0]), unsqueeze(g, -1)).result;
        return {s.needs(0) ? neg(mul(gb, unsqueeze(s[1], -2))) : Tensor(), squeeze(gb, -1)};
      },
      at, detail::named<"left">(side != Side::right));
}

}  // namespace

SolveEx solve_ex(const Tensor& a, const Tensor& b, bool left, Location at) {
  require_system("solve_ex", a, b, left, at);
  const Side side = side_of(a, b, left);
  const System s = solve_system("solve_ex", a, b, side, at);
  return {record_solve("solve_ex", a, b, s.x, side, at), s.outcomes.as_tensor(s.size.lead)};
}

namespace {

// Errors are those of `op`.
Tensor solve_for(const char* op, const Tensor& a, const Tensor& b, bool left, const Location& at) {
  require_system(op, a, b, left, at);
  const Side side = side_of(a, b, left);
  const System s = solve_system(op, a, b, side, at);
  if (s.outcomes.failed()) singular(op, a, s.outcomes, s.size, at);
  return record_solve("solve", a, b, s.x, side, at);
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b, bool left, Location at) { return solve_for("solve", a, b, left, at); }

namespace {

// op(A) X = B, off the tape.
Tensor solve_triangular_raw(const char* op, const Tensor& a, const Tensor& b, bool upper, bool unit,
                            const Location& at) {
  const auto [aa, bb] = broadcast_matrices(op, a, b, at);
  const Matrices size = detail::require_square(op, aa, at);
  const std::int64_t k = bb.size(-1);
  const Tensor factor = to_columns(aa), columns = to_columns(bb);
  dispatch_floating(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    detail::lapack::solve_triangular(size.count, upper, false, unit, size.n, k, detail::data<T>(factor),
                                     detail::data<T>(columns));
  });
  return from_columns(columns);
}

Tensor triangle_of(const Tensor& g, bool upper, bool unit) {
  return upper ? triu(g, unit ? 1 : 0) : tril(g, unit ? -1 : 0);
}

}  // namespace

Tensor solve_triangular(const Tensor& a, const Tensor& b, SolveTriangularOptions options, Location at) {
  const char* op = "solve_triangular";
  const Matrices own = detail::require_square(op, a, at), right = detail::require_matrices_like(op, b, a, at);
  require_rows(op, a, b, own.n, options.left ? right.m : right.n, at);
  Tensor x;
  if (options.left) {
    x = solve_triangular_raw(op, a, b, options.upper, options.unitriangular, at);
  } else {
    const NoGradGuard off;
    x = mT(solve_triangular_raw(op, mT(a), mT(b), !options.upper, options.unitriangular, at)).clone();
  }
  return detail::record_op(
      "solve_triangular", x, {a, b}, {a, x},
      [upper = options.upper, left = options.left, unit = options.unitriangular](const Saved& s,
                                                                                 const Tensor& g) -> Grads {
        const Tensor gb = solve_triangular(mT(s[0]), g, {.upper = !upper, .left = left, .unitriangular = unit});
        if (!s.needs(0)) return {Tensor(), gb};
        const Tensor ga = neg(left ? matmul(gb, mT(s[1])) : matmul(mT(s[1]), gb));
        return {triangle_of(ga, upper, unit), gb};
      },
      at, detail::named<"upper">(options.upper), detail::named<"left">(options.left),
      detail::named<"unitriangular">(options.unitriangular));
}

Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, Location at) {
  const Matrices size = detail::require_square("lu_solve", lu, at);
  const Matrices right = detail::require_matrices_like("lu_solve", b, lu, at);
  require_defined("lu_solve", pivots, at);
  if (pivots.dtype() != DType::int32)
    ErrorReport("lu_solve", "pivots must be int32, as lu_factor() gives them", at)
        .operand("pivots", pivots)
        .dtype_error();
  if (pivots.shape() != size.shape(size.n))
    ErrorReport("lu_solve", fmt::format("pivots must have shape {}", to_string(size.shape(size.n))), at)
        .operand("LU", lu)
        .operand("pivots", pivots)
        .shape_error();
  require_rows("lu_solve", lu, b, size.n, right.m, at);
  require_batches("lu_solve", lu, b, size, right, at);
  const Tensor swaps = pivots.contiguous();
  const std::int32_t* p = detail::data<std::int32_t>(swaps);
  for (std::int64_t i = 0; i < swaps.numel(); ++i)
    if (p[i] < 1 || p[i] > size.n)
      ErrorReport("lu_solve", fmt::format("pivot {} is not in 1 to {}", p[i], size.n), at)
          .operand("pivots", pivots)
          .index_error();
  const Tensor rows = matmul(mT(detail::permutation_of(swaps, size, lu.dtype())), b, at);  // then two triangles
  const Tensor y = solve_triangular(lu, rows, {.upper = false, .unitriangular = true}, at);
  return solve_triangular(lu, y, {.upper = true}, at);
}

// ---- inverses ----
namespace {

Tensor inverse_raw(const Tensor& x, const Matrices& size, Outcomes& outcomes) {
  return solve_raw(x, detail::identity_matrices(size, size.n, x.dtype()), outcomes);
}

Tensor record_inverse(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  return detail::record_op(
      op, y, {x}, {y},
      [](const Saved& s, const Tensor& g) -> Grads {
        const Tensor t = mT(s[0]);
        return {neg(matmul(t, matmul(g, t)))};
      },
      at);
}

// 1 / s, 0 where s is as good as 0.
Tensor inverted(const Tensor& s, const Matrices& of, const detail::Tolerance& t) {
  if (s.numel() == 0) return s;
  const Tensor size = abs(s);
  return where(gt(size, detail::least_that_counts(size, of, t)), div(ones_like(s), s), Scalar(0));
}

Tensor pinv_raw(const Tensor& x, const Matrices& size, const PinvOptions& o, const Location& at) {
  const NoGradGuard off;
  const detail::Tolerance t{o.atol, o.rtol};
  if (o.hermitian) {
    const Eigh e = eigh(x, 'L', at);
    return matmul(mul(e.eigenvectors, unsqueeze(inverted(e.eigenvalues, size, t), -2)), mT(e.eigenvectors));
  }
  const SVD d = svd(x, false, at);
  return matmul(mT(d.Vh), mul(unsqueeze(inverted(d.S, size, t), -1), mT(d.U)));
}

// dP = -P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P
Tensor pinv_backward(const Tensor& g, const Tensor& a, const Tensor& p) {
  const Tensor pt = mT(p), gt = mT(g), gp = matmul(gt, p), pg = matmul(p, gt);
  const Tensor first = neg(matmul(pt, matmul(g, pt)));
  const Tensor second = matmul(sub(gp, matmul(a, matmul(p, gp))), pt);
  const Tensor third = matmul(pt, sub(pg, matmul(matmul(pg, p), a)));
  return add(first, add(second, third));
}

}  // namespace

Tensor inv(const Tensor& x, Location at) { return detail::inverse_for("inv", x, at); }

InvEx inv_ex(const Tensor& x, Location at) {
  const Matrices size = detail::require_square("inv_ex", x, at);
  Outcomes outcomes(size.count);
  const Tensor y = inverse_raw(x, size, outcomes);
  return {record_inverse("inv_ex", x, y, at), outcomes.as_tensor(size.lead)};
}

Tensor pinv(const Tensor& x, PinvOptions options, Location at) {
  const Matrices size =
      options.hermitian ? detail::require_square("pinv", x, at) : detail::require_matrices("pinv", x, at);
  detail::require_tolerance("pinv", {options.atol, options.rtol}, at);
  detail::require_finite_matrices("pinv", x, at);
  const Tensor p = pinv_raw(x, size, options, at);
  return detail::record_op(
      "pinv", p, {x}, {x, p}, [](const Saved& s, const Tensor& g) -> Grads { return {pinv_backward(g, s[0], s[1])}; },
      at);
}

// ---- least squares, tensors as matrices ----

LeastSquares lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond, Location at) {
  const char* op = "lstsq";
  const Matrices size = detail::require_matrices(op, a, at);
  require_defined(op, b, at);
  require_same_dtype(op, a, b, at);
  if (b.dim() == a.dim() - 1 && b.dim() >= 1) {
    LeastSquares out = lstsq(a, unsqueeze(b, -1, at), rcond, at);
    out.solution = squeeze(out.solution, -1, at);
    if (out.residuals.dim() > 0 && out.residuals.numel() > 0) out.residuals = squeeze(out.residuals, -1, at);
    return out;
  }
  const Matrices right = detail::require_matrices(op, b, at);
  require_rows(op, a, b, size.m, right.m, at);
  require_batches(op, a, b, size, right, at);
  detail::require_finite_matrices(op, a, at);
  LeastSquares out;
  out.solution = matmul(pinv(a, {.rtol = rcond}, at), b, at);
  {
    const NoGradGuard off;
    out.singular_values = svdvals(a, at);
    const Tensor& s = out.singular_values;
    out.rank = s.numel() == 0 ? zeros(size.lead, {.dtype = DType::int64})
                              : sum(gt(s, detail::least_that_counts(s, size, {.rtol = rcond})), {-1});
  }
  const bool full_rank = size.m > size.n && all(eq(out.rank, Scalar(size.n))).item<bool>();
  out.residuals = full_rank ? sum(square(sub(matmul(a, out.solution, at), b, 1, at), at), {-2}, false, at)
                            : make_tensor(Shape{0}, a.dtype());
  return out;
}

Tensor tensorsolve(const Tensor& a, const Tensor& b, const Shape& dims, Location at) {
  const char* op = "tensorsolve";
  require_floating(op, a, at);
  require_defined(op, b, at);
  require_same_dtype(op, a, b, at);
  Tensor moved = a;
  if (dims.rank() > 0) {
    std::vector<std::int64_t> order;
    std::vector<std::int64_t> last;
    for (int i = 0; i < dims.rank(); ++i) last.push_back(wrap_dim(op, dims[i], a, at));
    for (std::int64_t d = 0; d < a.dim(); ++d)
      if (std::find(last.begin(), last.end(), d) == last.end()) order.push_back(d);
    order.insert(order.end(), last.begin(), last.end());
    moved = permute(a, Shape(order), at);
  }
  const Shape& s = moved.shape();
  std::int64_t unknowns = 1;
  Shape result;
  for (std::int64_t d = b.dim(); d < s.rank(); ++d) {
    result.push_back(s[static_cast<int>(d)]);
    unknowns *= s[static_cast<int>(d)];
  }
  if (b.numel() * unknowns != moved.numel() || b.numel() != unknowns)
    ErrorReport(
        op,
        fmt::format("A must be a square system for B: its {} leading dimensions hold {} equations of {} unknowns",
                    b.dim(), unknowns > 0 ? moved.numel() / unknowns : 0, unknowns),
        at)
        .operand("A", a)
        .operand("B", b)
        .shape_error();
  const Tensor x = solve_for(op, reshape(moved, {b.numel(), unknowns}, at), reshape(b, {b.numel()}, at), true, at);
  return reshape(x, result, at);
}

Tensor tensorinv(const Tensor& a, std::int64_t ind, Location at) {
  const char* op = "tensorinv";
  require_floating(op, a, at);
  if (ind <= 0 || ind > a.dim())
    ErrorReport(op, fmt::format("ind must be from 1 to the rank {}, got {}", a.dim(), ind), at)
        .operand("A", a)
        .value_error();
  Shape shape;
  std::int64_t rows = 1, columns = 1;
  for (std::int64_t d = ind; d < a.dim(); ++d) shape.push_back(a.size(d)), columns *= a.size(d);
  for (std::int64_t d = 0; d < ind; ++d) shape.push_back(a.size(d)), rows *= a.size(d);
  if (rows != columns)
    ErrorReport(
        op, fmt::format("the sizes before dimension {} multiply to {}, those from it on to {}", ind, rows, columns), at)
        .operand("A", a)
        .shape_error();
  return reshape(detail::inverse_for(op, reshape(a, {rows, columns}, at), at), shape, at);
}

std::ostream& operator<<(std::ostream& os, const InvEx& r) {
  return detail::print_parts(os, {{"inverse", r.inverse}, {"info", r.info}});
}
std::ostream& operator<<(std::ostream& os, const SolveEx& r) {
  return detail::print_parts(os, {{"result", r.result}, {"info", r.info}});
}
std::ostream& operator<<(std::ostream& os, const LeastSquares& r) {
  return detail::print_parts(
      os,
      {{"solution", r.solution}, {"residuals", r.residuals}, {"rank", r.rank}, {"singular_values", r.singular_values}});
}
}  // namespace linalg

namespace detail {

Tensor inverse_for(const char* op, const Tensor& x, const Location& at) {
  const Matrices size = require_square(op, x, at);
  Outcomes outcomes(size.count);
  const Tensor y = linalg::inverse_raw(x, size, outcomes);
  if (outcomes.failed()) linalg::singular(op, x, outcomes, size, at);
  return linalg::record_inverse("inv", x, y, at);
}

}  // namespace detail

Tensor inverse(const Tensor& x, Location at) { return detail::inverse_for("inverse", x, at); }
Tensor pinverse(const Tensor& x, double rcond, Location at) { return linalg::pinv(x, {.rtol = rcond}, at); }

Tensor cholesky_solve(const Tensor& b, const Tensor& l, bool upper, Location at) {
  const Matrices size = detail::require_square("cholesky_solve", l, at);
  const Matrices right = detail::require_matrices_like("cholesky_solve", b, l, at);
  linalg::require_rows("cholesky_solve", l, b, size.n, right.m, at);
  linalg::require_batches("cholesky_solve", l, b, size, right, at);
  const Tensor t = transpose(l, -2, -1, at);
  const Tensor y = linalg::solve_triangular(upper ? t : l, b, {.upper = false}, at);
  return linalg::solve_triangular(upper ? l : t, y, {.upper = true}, at);
}

Tensor cholesky_inverse(const Tensor& l, bool upper, Location at) {
  const Matrices size = detail::require_square("cholesky_inverse", l, at);
  return cholesky_solve(detail::identity_matrices(size, size.n, l.dtype()), l, upper, at);
}

}  // namespace xgrad
