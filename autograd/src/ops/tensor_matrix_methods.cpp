// Methods of <xgrad/tensor_methods.hpp> that take the tensor for a matrix.
#include <xgrad/ops.hpp>
#include <xgrad/tensor_methods.hpp>

#include "ops/tensor_self.hpp"

namespace xgrad {

Tensor TensorMethods::trace(Location at) const { return xgrad::trace(self(*this), at); }
Tensor TensorMethods::logdet(Location at) const { return xgrad::logdet(self(*this), at); }
Tensor TensorMethods::inverse(Location at) const { return xgrad::inverse(self(*this), at); }
Tensor TensorMethods::pinverse(double rcond, Location at) const { return xgrad::pinverse(self(*this), rcond, at); }
Tensor TensorMethods::cholesky_solve(const Tensor& L, bool upper, Location at) const {
  return xgrad::cholesky_solve(self(*this), L, upper, at);
}
Tensor TensorMethods::cholesky_inverse(bool upper, Location at) const {
  return xgrad::cholesky_inverse(self(*this), upper, at);
}
Tensor TensorMethods::cov(Location at) const { return xgrad::cov(self(*this), {}, at); }
Tensor TensorMethods::cov(const CovOptions& options, Location at) const { return xgrad::cov(self(*this), options, at); }
Tensor TensorMethods::corrcoef(Location at) const { return xgrad::corrcoef(self(*this), at); }
Tensor TensorMethods::det(Location at) const { return xgrad::det(self(*this), at); }
Tensor TensorMethods::matrix_exp(Location at) const { return xgrad::matrix_exp(self(*this), at); }
Tensor TensorMethods::matrix_power(Size n, Location at) const { return xgrad::matrix_power(self(*this), n, at); }
linalg::SlogDet TensorMethods::slogdet(Location at) const { return xgrad::slogdet(self(*this), at); }
linalg::QR TensorMethods::qr(Location at) const { return linalg::qr(self(*this), QrMode::reduced, at); }
Tensor TensorMethods::cholesky(bool upper, Location at) const { return linalg::cholesky(self(*this), upper, at); }

}  // namespace xgrad
