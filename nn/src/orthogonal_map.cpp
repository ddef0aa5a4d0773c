#include "orthogonal_map.hpp"

#include <cmath>

#include <xgrad/ops.hpp>

namespace xgrad::nn {
namespace {

Tensor turned(const Tensor& x, const Location& at) { return transpose(x, -2, -1, at); }

Shape with_last_two(const Tensor& x, std::int64_t rows, std::int64_t columns) {
  Shape s;
  for (int d = 0; d + 2 < x.dim(); ++d) s.push_back(x.size(d));
  s.push_back(rows);
  s.push_back(columns);
  return s;
}

// H_1 ... H_k, the first k columns: H_i = I - tau_i v_i v_i^T, v_i the i-th column of a with a 1 on the diagonal.
Tensor product_of_reflections(const Tensor& a, const Location& at) {
  const std::int64_t n = a.size(-2), k = a.size(-1);
  const TensorOptions like{.dtype = a.dtype()};
  const Tensor identity = eye(n, k, like, at);
  Tensor q = expand(identity, a.shape(), at);
  for (std::int64_t i = k - 1; i >= 0; --i) {
    const Tensor v = add(narrow(a, -1, i, 1, at), narrow(identity, -1, i, 1, at), 1, at);
    const Tensor tau = rdiv(sum(square(v, at), {-2}, true, at), 2.0, at);
    q = sub(q, mul(tau, matmul(v, matmul(turned(v, at), q, at), at), at), 1, at);
  }
  return q;
}

// exp(A), or its Cayley transform, of A = L - L^T, where L is the lower triangle of x with zeros for missing columns.
Tensor rotation(const Tensor& x, utils::OrthogonalMap map, const Location& at) {
  const std::int64_t n = x.size(-2), k = x.size(-1);
  const TensorOptions like{.dtype = x.dtype()};
  Tensor l = tril(x, 0, at);
  if (n != k) l = cat({l, zeros(with_last_two(x, n, n - k), like)}, -1, at);
  const Tensor a = sub(l, turned(l, at), 1, at);
  if (map == utils::OrthogonalMap::matrix_exp) return narrow(linalg::matrix_exp(a, at), -1, 0, k, at);
  const Tensor identity = expand(eye(n, n, like, at), a.shape(), at);
  return narrow(linalg::solve(sub(identity, a, 0.5, at), add(identity, a, 0.5, at), true, at), -1, 0, k, at);
}

// One matrix (n, k), n >= k, row by row: reflections that make it triangular (Golub & Van Loan, 5.2).
void reflect(double* x, std::size_t n, std::size_t k) {
  for (std::size_t i = 0; i < k; ++i) {
    double below = 0;
    for (std::size_t r = i + 1; r < n; ++r) below += x[r * k + i] * x[r * k + i];
    double& top = x[i * k + i];
    if (below == 0) {  // nothing to reflect, where orthogonal_from() turns the sign
      top = top < 0 ? 1 : -1;
      continue;
    }
    const double length = std::copysign(std::sqrt(top * top + below), top);
    const double head = top + length, tau = head / length;
    for (std::size_t r = i + 1; r < n; ++r) x[r * k + i] /= head;
    for (std::size_t c = i + 1; c < k; ++c) {
      double along = x[i * k + c];
      for (std::size_t r = i + 1; r < n; ++r) along += x[r * k + i] * x[r * k + c];
      x[i * k + c] -= tau * along;
      for (std::size_t r = i + 1; r < n; ++r) x[r * k + c] -= tau * along * x[r * k + i];
    }
    top = length > 0 ? -1 : 1;  // the sign of the diagonal of R
  }
}

}  // namespace

Tensor orthogonal_from(const Tensor& given, utils::OrthogonalMap map, const Tensor& base, const Location& at) {
  const bool wide = given.size(-2) < given.size(-1);
  const Tensor x = wide ? turned(given, at) : given;
  Tensor q;
  if (map == utils::OrthogonalMap::householder) {
    const Tensor signs = unsqueeze(sign(diagonal(x.detach(), 0, -2, -1, at), at), -2, at);
    q = mul(product_of_reflections(tril(x, -1, at), at), signs, at);
  } else {
    q = rotation(x, map, at);
  }
  if (base.defined()) q = matmul(base, q, at);
  return wide ? turned(q, at) : q;
}

Tensor orthogonal_base(const Tensor& weight, const Location& at) {
  Tensor x = weight.size(-2) < weight.size(-1) ? turned(weight, at) : weight;
  const std::int64_t n = x.size(-2), k = x.size(-1);
  if (n != k) x = cat({x, randn(with_last_two(x, n, n - k), {.dtype = x.dtype()})}, -1, at);
  const linalg::QR f = linalg::qr(x, QrMode::reduced, at);
  const Tensor signs = sign(diagonal(f.R, 0, -2, -1, at), at);
  return mul(f.Q, unsqueeze(signs, -2, at), at).contiguous();  // a matrix that is orthogonal stays
}

Tensor minus_identity_like(const Tensor& weight) {
  return neg(expand(eye(weight.size(-2), weight.size(-1), {.dtype = weight.dtype()}), weight.shape())).contiguous();
}

Tensor reflections_of(const Tensor& weight) {
  const Location at = Location::current();
  const bool wide = weight.size(-2) < weight.size(-1);
  const Tensor x = wide ? turned(weight, at) : weight;
  const auto n = static_cast<std::size_t>(x.size(-2)), k = static_cast<std::size_t>(x.size(-1));
  std::vector<double> values = x.contiguous().to_vector<double>();
  for (std::size_t begin = 0; begin + n * k <= values.size() && n * k > 0; begin += n * k)
    reflect(values.data() + begin, n, k);
  const Tensor made = from_vector(values, x.shape()).to(weight.dtype());
  return wide ? turned(made, at).contiguous() : made;
}

}  // namespace xgrad::nn
