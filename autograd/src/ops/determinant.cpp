// Determinants on the tape.
#include <cmath>
#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/decomposition.hpp>
#include <xgrad/ops/determinant.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/matrix_function.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/solve.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/matrices.hpp"
#include "ops/print_parts.hpp"

namespace xgrad {
namespace linalg {

using detail::Matrices;
using detail::mT;

namespace {

// The diagonal of U and the sign of the permutation, of each matrix: each(matrix, diagonal u(i), sign).
template <class F>
void for_factors(const Tensor& x, const Matrices& size, F each) {
  const NoGradGuard off;
  const LUFactor factors = lu_factor(x);
  detail::dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* lu = detail::data<T>(factors.LU);
    const std::int32_t* pivots = detail::data<std::int32_t>(factors.pivots);
    for (std::int64_t b = 0; b < size.count; ++b) {
      double sign = 1;
      for (std::int64_t i = 0; i < size.n; ++i)
        if (pivots[b * size.n + i] != i + 1) sign = -sign;
      each(
          b, [=](std::int64_t i) { return lu[(b * size.n + i) * size.n + i]; }, sign);
    }
  });
}

// Whether x^-1 det(x) would be a product of rounding errors, by the diagonal of U.
template <class F>
bool is_nearly_singular(F u, std::int64_t n, DType type) {
  double least = std::numeric_limits<double>::infinity(), most = 0, product = 1;
  for (std::int64_t i = 0; i < n; ++i) {
    least = std::min<double>(least, std::abs(u(i)));
    most = std::max<double>(most, std::abs(u(i)));
    product *= static_cast<double>(u(i));
  }
  const double stored = type == DType::float64 ? product : static_cast<double>(static_cast<float>(product));
  const double eps = detail::epsilon(type) * 100 * static_cast<double>(n);
  return n > 0 && (!(least > most * eps) || stored == 0 || !std::isfinite(stored));
}

// Of one of the matrices.
bool nearly_singular(const Tensor& x, const Matrices& size) {
  bool found = false;
  for_factors(x, size, [&](std::int64_t, auto u, double) { found |= is_nearly_singular(u, size.n, x.dtype()); });
  return found;
}

// The products of all elements of (..., k) but one.
Tensor products_of_others(const Tensor& s) {
  const std::int64_t k = s.size(-1);
  std::vector<Tensor> each;
  for (std::int64_t i = 0; i < k; ++i) {
    std::vector<Tensor> others;
    if (i > 0) others.push_back(narrow(s, -1, 0, i));
    if (i + 1 < k) others.push_back(narrow(s, -1, i + 1, k - i - 1));
    each.push_back(others.empty() ? prod(narrow(s, -1, 0, 0), -1) : prod(cat(others, -1), -1));
  }
  return stack(each, -1);
}

// The determinant and the cofactors of one matrix, by products alone, so that they have derivatives of every order at
// any matrix (Faddeev and Le Verrier). Accurate for the small and nearly zero matrices it is given here.
struct Polynomial {
  Tensor det, cofactors;
};
Polynomial by_products(const Tensor& c) {
  const std::int64_t n = c.size(-1);
  const Tensor one = eye(n, n, {.dtype = c.dtype()});
  Tensor m = one;
  for (std::int64_t k = 1; k < n; ++k) {
    const Tensor product = matmul(c, m);
    m = sub(product, mul(one, div(trace(product), static_cast<double>(k))));
  }
  const Tensor adjugate = n % 2 ? m : neg(m);
  return {div(trace(matmul(c, adjugate)), static_cast<double>(n)), mT(adjugate)};
}

// The cofactors of one singular matrix x = U S V^T, as functions of x with derivatives of every order. U and V are
// constants: of y = U^T x V the rows and columns of small singular values are a block d, and
// det y = det(a) det(c) with its Schur complement c = d - e a^-1 b.
Tensor cofactors_of_one(const Tensor& x) {
  Tensor u, v;
  double orientation = 0;
  std::int64_t large = 0;
  {
    const NoGradGuard off;
    const SVD factors = svd(x.detach(), false);  // which have no tangents either
    u = factors.U;
    v = mT(factors.Vh);
    orientation = mul(det(u), det(v)).item<double>() > 0 ? 1 : -1;
    const std::vector<double> s = factors.S.to_vector<double>();
    const double least = s[0] * detail::epsilon(x.dtype()) * 100 * static_cast<double>(s.size());
    while (large + 1 < static_cast<std::int64_t>(s.size()) && s[static_cast<std::size_t>(large)] > least) ++large;
  }
  const std::int64_t small = x.size(-1) - large;
  const Tensor y = matmul(matmul(mT(u), x), v);
  const auto block = [&](bool lower, bool right) {
    return narrow(narrow(y, 0, lower ? large : 0, lower ? small : large), 1, right ? large : 0, right ? small : large);
  };
  Tensor of_y;
  if (large == 0) {
    of_y = by_products(y).cofactors;
  } else {
    const Tensor a = block(false, false), inverse = inv_ex(a).inverse;
    const Tensor left = matmul(block(true, false), inverse), right = matmul(inverse, block(false, true));
    const Polynomial c = by_products(sub(block(true, true), matmul(left, block(false, true))));
    const Tensor d = c.cofactors, upper = neg(matmul(mT(left), d)), lower = neg(matmul(d, mT(right)));
    const Tensor first = sub(mul(mT(inverse), c.det), matmul(upper, mT(right)));
    of_y = mul(cat({cat({first, upper}, 1), cat({lower, d}, 1)}, 0), det(a));
  }
  return mul(matmul(matmul(u, of_y), mT(v)), orientation);
}

// d det / dx where det(x) x^-T is 0 times infinity: det(U) det(V) U diag(products of the other singular values) V^T
// from x = U S V^T. The derivative of that is infinite where two singular values are equal, as zeros are: where this is
// recorded, cofactors_of_one.
Tensor cofactors(const Tensor& x) {
  const Matrices size = detail::require_square("det", x, Location());
  if (grad_enabled()) {
    const Tensor all = reshape(x, {size.count, size.n, size.n});
    std::vector<Tensor> each;
    for (std::int64_t i = 0; i < size.count; ++i) {
      const Tensor one = select(all, 0, i);
      each.push_back(nearly_singular(one, {{}, 1, size.n, size.n}) ? cofactors_of_one(one)
                                                                   : mul(det(one), mT(inv_ex(one).inverse)));
    }
    return reshape(stack(each, 0), x.shape());
  }
  const SVD d = svd(x, false);
  const Tensor orientation = mul(det(d.U), det(d.Vh));
  const Tensor scaled =
      mul(mul(d.U, unsqueeze(products_of_others(d.S), -2)), unsqueeze(unsqueeze(orientation, -1), -1));
  return matmul(scaled, d.Vh);
}

}  // namespace

Tensor det(const Tensor& x, Location at) {
  const Matrices size = detail::require_square("det", x, at);
  const Tensor y = detail::make_tensor(size.lead, x.dtype());
  bool singular = false;
  detail::dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = detail::data<T>(y);
    for_factors(x, size, [&](std::int64_t b, auto u, double sign) {
      double product = sign;
      for (std::int64_t i = 0; i < size.n; ++i) product *= static_cast<double>(u(i));
      to[b] = static_cast<T>(product);
      singular |= is_nearly_singular(u, size.n, x.dtype());
    });
  });
  return detail::record_op(
      "det", y, {x}, {x, grad_enabled() ? y.clone() : Tensor()},
      [singular](const Saved& s, const Tensor& g) -> Grads {
        const auto over_matrices = [](const Tensor& t) { return unsqueeze(unsqueeze(t, -1), -1); };
        if (singular) return {mul(over_matrices(g), cofactors(s[0]))};
        const Tensor value = grad_enabled() ? det(s[0]) : s[1];
        return {mul(over_matrices(mul(g, value)), mT(inv_ex(s[0]).inverse))};
      },
      at);
}

SlogDet slogdet(const Tensor& x, Location at) {
  const Matrices size = detail::require_square("slogdet", x, at);
  const Tensor sign = detail::make_tensor(size.lead, x.dtype()), log = detail::make_tensor(size.lead, x.dtype());
  detail::dispatch_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T *signs = detail::data<T>(sign), *logs = detail::data<T>(log);
    for_factors(x, size, [&](std::int64_t b, auto u, double of_rows) {
      double s = of_rows, sum = 0;
      for (std::int64_t i = 0; i < size.n; ++i) {
        const auto v = static_cast<double>(u(i));
        s *= std::isnan(v) ? v : static_cast<double>((v > 0) - (v < 0));
        sum += std::log(std::abs(v));
      }
      signs[b] = static_cast<T>(s);
      logs[b] = static_cast<T>(sum);
    });
  });
  const auto out = detail::record_op(
      "slogdet", std::vector<Tensor>{sign, log}, {x}, {x},
      [](const Saved& s, std::span<const Tensor> g) -> Grads {
        if (!g[1].defined()) return {detail::zeros_raw(s[0].shape(), s[0].dtype())};
        return {mul(unsqueeze(unsqueeze(g[1], -1), -1), mT(inv_ex(s[0]).inverse))};
      },
      at);
  return {out[0], out[1]};
}

std::ostream& operator<<(std::ostream& os, const SlogDet& r) {
  return detail::print_parts(os, {{"sign", r.sign}, {"logabsdet", r.logabsdet}});
}
}  // namespace linalg

Tensor logdet(const Tensor& x, Location at) {
  detail::require_square("logdet", x, at);
  const linalg::SlogDet parts = linalg::slogdet(x, at);
  return where(lt(parts.sign, Scalar(0), at), Scalar(std::nan("")), parts.logabsdet, at);
}

}  // namespace xgrad
