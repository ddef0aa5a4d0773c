// Functions of matrices, composed of products, systems and factors.
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/decomposition.hpp>
#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/matrix_function.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/solve.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/matrices.hpp"

namespace xgrad {
namespace linalg {

using detail::Matrices;
using detail::mT;

Tensor matrix_power(const Tensor& x, std::int64_t n, Location at) {
  const Matrices size = detail::require_square("matrix_power", x, at);
  if (n == 0) return add(mul(x, 0, at), detail::identity_matrices(size, size.n, x.dtype()), 1, at);
  Tensor square = n < 0 ? detail::inverse_for("matrix_power", x, at) : x, result;
  for (std::uint64_t e = n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n); e > 0; e >>= 1) {
    if (e & 1) result = result.defined() ? matmul(result, square, at) : square;
    if (e > 1) square = matmul(square, square, at);
  }
  return result.is_same(x) ? x.clone(at) : result;
}

// ---- exponential ----
namespace {

double one_norm(const Tensor& x) { return amax(sum(abs(x), {0})).item<double>(); }

// x^2, x^4 and x^6.
struct EvenPowers {
  Tensor second, fourth, sixth;
};
EvenPowers even_powers(const Tensor& x) {
  const Tensor second = matmul(x, x), fourth = matmul(second, second);
  return {second, fourth, matmul(fourth, second)};
}

// Higham's approximation exp(x) = q(x)^-1 p(x) of degree 13, with p = u + v and q = v - u: odd and even powers. The
// coefficients are divided by the first, or large elements would overflow.
Tensor pade(const Tensor& x, const EvenPowers& even, const Tensor& one) {
  static constexpr double b0 = 64764752532480000;
  static constexpr std::array<double, 14> b{1,
                                            32382376266240000 / b0,
                                            7771770303897600 / b0,
                                            1187353796428800 / b0,
                                            129060195264000 / b0,
                                            10559470521600 / b0,
                                            670442572800 / b0,
                                            33522128640 / b0,
                                            1323241920 / b0,
                                            40840800 / b0,
                                            960960 / b0,
                                            16380 / b0,
                                            182 / b0,
                                            1 / b0};
  const Tensor &x2 = even.second, &x4 = even.fourth, &x6 = even.sixth;
  const auto sum_of = [&](double c6, double c4, double c2) { return add(mul(x6, c6), add(mul(x4, c4), mul(x2, c2))); };
  const Tensor odd = add(matmul(x6, sum_of(b[13], b[11], b[9])), add(sum_of(b[7], b[5], b[3]), mul(one, b[1])));
  const Tensor u = matmul(x, odd);
  const Tensor v = add(matmul(x6, sum_of(b[12], b[10], b[8])), add(sum_of(b[6], b[4], b[2]), mul(one, b[0])));
  return solve_ex(sub(v, u), add(v, u)).result;
}

int halvings_for(double size, double largest) {
  return size > largest ? static_cast<int>(std::ceil(std::log2(size / largest))) : 0;
}

// How much of the error of the approximation the norms of powers do not show: further halvings of x 2^-s, by the norm
// of the next power of |x|.
int halvings_for_error(const Tensor& x, double norm, int s) {
  constexpr double kNextTerm = 1.0 / (10400600.0 * 1.0888869450418352e28);  // 1 / (binomial(26, 13) 27!)
  const Tensor size = mul(abs(x), std::ldexp(1.0, -s));
  Tensor sums = ones({1, x.size(0)}, {.dtype = x.dtype()});
  for (int i = 0; i < 27; ++i) sums = matmul(sums, size);
  const double error = kNextTerm * amax(sums).item<double>() / std::ldexp(norm, -s);
  const double allowed = std::numeric_limits<double>::epsilon() / 2;
  if (!std::isfinite(error)) return std::numeric_limits<int>::max() / 2;
  return error > allowed ? static_cast<int>(std::ceil(std::log2(error / allowed) / 26)) : 0;
}

// The least halvings of x for which degree 13 is exact to rounding. The norms of powers tell, of a matrix that is far
// from normal, much less than its own would (A. Al-Mohy, N. Higham 2009); where they overflow, its own decides.
int halvings_of(const Tensor& x, const EvenPowers& even, double norm) {
  constexpr double kLargest = 5.371920351148152, kLargestOfPowers = 4.25;
  const auto root = [](const Tensor& power, double k) { return std::pow(one_norm(power), 1 / k); };
  const double d6 = root(even.sixth, 6), d8 = root(matmul(even.fourth, even.fourth), 8),
               d10 = root(matmul(even.fourth, even.sixth), 10);
  const double size = std::min(std::max(d6, d8), std::max(d8, d10));
  const int by_norm = halvings_for(norm, kLargest);
  if (!std::isfinite(size) || by_norm == 0) return by_norm;
  const int s = halvings_for(size, kLargestOfPowers);
  return std::min(s + halvings_for_error(x, norm, s), by_norm);
}

// One matrix, in double so that float results are rounded once.
Tensor exp_of_one(const Tensor& x) {
  const double norm = one_norm(x);
  if (!std::isfinite(norm)) return full(x.shape(), std::nan(""), {.dtype = x.dtype()});
  const Tensor one = eye(x.size(0), x.size(0), {.dtype = x.dtype()});
  const EvenPowers even = even_powers(x);
  const int halvings = halvings_of(x, even, norm);
  if (halvings == 0) return pade(x, even, one);
  const Tensor scaled = mul(x, std::ldexp(1.0, -halvings));
  Tensor y = pade(scaled, even_powers(scaled), one);
  for (int i = 0; i < halvings; ++i) y = matmul(y, y);
  return y;
}

Tensor exp_raw(const Tensor& x, const Matrices& size) {
  const NoGradGuard off;
  if (x.numel() == 0) return x.clone();
  const Tensor wide = reshape(x.to(DType::float64), {size.count, size.n, size.n});
  std::vector<Tensor> each;
  for (std::int64_t i = 0; i < size.count; ++i) each.push_back(exp_of_one(select(wide, 0, i)));
  return reshape(stack(each, 0), x.shape()).to(x.dtype()).clone();
}

// The derivative of exp at x^T in the direction g is the upper right block of exp((x^T, g), (0, x^T)) (R. Mathias
// 1996).
Tensor exp_backward(const Tensor& g, const Tensor& x) {
  const std::int64_t n = x.size(-1);
  if (x.numel() == 0) return detail::zeros_raw(x.shape(), x.dtype());
  const Tensor t = mT(x), nothing = detail::zeros_raw(x.shape(), x.dtype());
  const Tensor block = cat({cat({t, g}, -1), cat({nothing, t}, -1)}, -2);
  return narrow(narrow(matrix_exp(block), -2, 0, n), -1, n, n);
}

}  // namespace

Tensor matrix_exp(const Tensor& x, Location at) {
  const Matrices size = detail::require_square("matrix_exp", x, at);
  return detail::record_op(
      "matrix_exp", exp_raw(x, size), {x}, {x},
      [](const Saved& s, const Tensor& g) -> Grads { return {exp_backward(g, s[0])}; }, at);
}

// ---- rank and condition ----

Tensor matrix_rank(const Tensor& x, MatrixRankOptions options, Location at) {
  const Matrices size =
      options.hermitian ? detail::require_square("matrix_rank", x, at) : detail::require_matrices("matrix_rank", x, at);
  detail::require_tolerance("matrix_rank", {options.atol, options.rtol}, at);
  detail::require_finite_matrices("matrix_rank", x, at);
  if (x.numel() == 0) return zeros(size.lead, {.dtype = DType::int64});
  const NoGradGuard off;
  const Tensor s = options.hermitian ? abs(eigvalsh(x, 'L', at)) : svdvals(x, at);
  return sum(gt(s, detail::least_that_counts(s, size, {options.atol, options.rtol})), {-1});
}

namespace {

// Of singular values; the quotient of two that are 0 is NaN.
Tensor spectral_cond(const Tensor& x, bool inverse, const Location& at) {
  const Matrices size = detail::require_matrices("cond", x, at);
  if (std::min(size.m, size.n) == 0)
    ErrorReport("cond", "a matrix without elements has no condition number", at).operand("input", x).shape_error();
  detail::require_finite_matrices("cond", x, at);
  const Tensor s = svdvals(x, at);
  const Tensor largest = select(s, -1, 0, at), smallest = select(s, -1, s.size(-1) - 1, at);
  return inverse ? div(smallest, largest, at) : div(largest, smallest, at);
}

// Of a matrix and its inverse; a singular one has an infinite condition number.
template <class P>
Tensor cond_by_inverse(const Tensor& x, const P& p, const Location& at) {
  detail::require_square("cond", x, at);
  const InvEx y = inv_ex(x, at);
  const Tensor product =
      mul(matrix_norm(x, p, {-2, -1}, false, at), matrix_norm(y.inverse, p, {-2, -1}, false, at), at);
  return where(ne(y.info, Scalar(0)), Scalar(std::numeric_limits<double>::infinity()), product, at);
}

}  // namespace

Tensor cond(const Tensor& x, Location at) { return spectral_cond(x, false, at); }

Tensor cond(const Tensor& x, double p, Location at) {
  if (std::abs(p) == 2) return spectral_cond(x, p < 0, at);
  return cond_by_inverse(x, p, at);
}

Tensor cond(const Tensor& x, const std::string& p, Location at) { return cond_by_inverse(x, p, at); }

}  // namespace linalg

// ---- covariance ----
namespace {

void require_observations(const char* op, const Tensor& x, const Location& at) {
  require_floating(op, x, at);
  if (x.dim() > 2)
    ErrorReport(op, fmt::format("needs rank 2 or less, got {}", x.dim()), at).operand("input", x).shape_error();
}

void require_weights(const char* what, const Tensor& w, const Tensor& x, bool floating, const Location& at) {
  if (is_floating(w.dtype()) != floating)
    ErrorReport("cov", fmt::format("{} must be of {} type", what, floating ? "a floating" : "an integer"), at)
        .operand(what, w)
        .dtype_error();
  if (w.dim() != 1 || w.numel() != x.size(-1))
    ErrorReport("cov", fmt::format("{} must have one element for each of the {} observations", what, x.size(-1)), at)
        .operand("input", x)
        .operand(what, w)
        .shape_error();
  const NoGradGuard off;
  if (any(lt(w, Scalar(0))).item<bool>())
    ErrorReport("cov", fmt::format("{} must not be negative", what), at).operand(what, w).value_error();
}

}  // namespace

Tensor cov(const Tensor& x, const CovOptions& options, Location at) {
  require_observations("cov", x, at);
  const Tensor rows = x.dim() == 2 ? x : reshape(x, {1, x.numel()}, at);
  Tensor w;
  if (options.fweights.defined()) {
    require_weights("fweights", options.fweights, rows, false, at);
    w = options.fweights.to(x.dtype(), at);
  }
  if (options.aweights.defined()) {
    require_weights("aweights", options.aweights, rows, true, at);
    const Tensor a = options.aweights.to(x.dtype(), at);
    w = w.defined() ? mul(w, a, at) : a;
  }
  const Tensor total = w.defined() ? sum(w, at) : tensor(static_cast<double>(rows.size(1)), {x.dtype()});
  const Tensor weighted = w.defined() ? mul(rows, w, at) : rows;
  const Tensor centred = sub(rows, div(sum(weighted, {1}, true, at), total, at), 1, at);
  const auto k = static_cast<double>(options.correction);
  Tensor divisor = sub(total, k, at);
  if (options.aweights.defined() && options.correction != 0)
    divisor = sub(total, mul(div(sum(mul(w, options.aweights.to(x.dtype(), at), at), at), total, at), k, at), 1, at);
  const Tensor products = matmul(w.defined() ? mul(centred, w, at) : centred, transpose(centred, 0, 1, at), at);
  const Tensor y = div(products, clamp_min(divisor, 0, at), at);
  return rows.size(0) == 1 ? reshape(y, {}, at) : y;
}

Tensor corrcoef(const Tensor& x, Location at) {
  require_observations("corrcoef", x, at);
  const Tensor c = cov(x, {}, at);
  if (c.dim() == 0) return div(c, c, at);
  const Tensor deviation = sqrt(diagonal(c, 0, 0, 1, at), at);
  return clamp(div(div(c, unsqueeze(deviation, 1, at), at), unsqueeze(deviation, 0, at), at), -1, 1, at);
}

Tensor trace(const Tensor& x, Location at) {
  require_rank("trace", x, 2, at);
  return sum(diagonal(x, 0, 0, 1, at), at);
}

}  // namespace xgrad
