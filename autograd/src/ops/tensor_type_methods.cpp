// Methods of <xgrad/tensor_methods.hpp> that take or keep a type, and those under PyTorch's other names.
#include <xgrad/ops.hpp>
#include <xgrad/tensor_methods.hpp>

#include "ops/tensor_self.hpp"

namespace xgrad {

// ---- reductions in another type ----
Tensor TensorMethods::softmax(Dim dim, DType dtype, Location at) const {
  return xgrad::softmax(self(*this), dim, dtype, at);
}
Tensor TensorMethods::log_softmax(Dim dim, DType dtype, Location at) const {
  return xgrad::log_softmax(self(*this), dim, dtype, at);
}
Tensor TensorMethods::sum(const Dims& dims, bool keepdim, DType dtype, Location at) const {
  return xgrad::sum(self(*this), dims, keepdim, dtype, at);
}
Tensor TensorMethods::mean(const Dims& dims, bool keepdim, DType dtype, Location at) const {
  return xgrad::mean(self(*this), dims, keepdim, dtype, at);
}
Tensor TensorMethods::prod(Dim dim, bool keepdim, DType dtype, Location at) const {
  return xgrad::prod(self(*this), dim, keepdim, dtype, at);
}
template <std::same_as<DType> D>
Tensor TensorMethods::sum(D dtype, Location at) const {
  return xgrad::sum(self(*this), dtype, at);
}
template <std::same_as<DType> D>
Tensor TensorMethods::mean(D dtype, Location at) const {
  return xgrad::mean(self(*this), dtype, at);
}
template <std::same_as<DType> D>
Tensor TensorMethods::prod(D dtype, Location at) const {
  return xgrad::prod(self(*this), dtype, at);
}
template XGRAD_API Tensor TensorMethods::sum(DType, Location) const;
template XGRAD_API Tensor TensorMethods::mean(DType, Location) const;
template XGRAD_API Tensor TensorMethods::prod(DType, Location) const;
Tensor TensorMethods::cumsum(Dim dim, DType dtype, Location at) const {
  return xgrad::cumsum(self(*this), dim, dtype, at);
}
Tensor TensorMethods::cumprod(Dim dim, DType dtype, Location at) const {
  return xgrad::cumprod(self(*this), dim, dtype, at);
}

// ---- choices ----
Tensor TensorMethods::max(const Tensor& y, Location at) const { return xgrad::maximum(self(*this), y, at); }
Tensor TensorMethods::min(const Tensor& y, Location at) const { return xgrad::minimum(self(*this), y, at); }
Tensor TensorMethods::index_by(const Tensor& mask, const Location& at) const {
  return xgrad::index(self(*this), {mask}, at);
}
bool TensorMethods::equal(const Tensor& y, Location at) const { return xgrad::equal(self(*this), y, at); }
Tensor TensorMethods::polygamma(Size n, Location at) const { return xgrad::polygamma(n, self(*this), at); }
Tensor TensorMethods::multinomial(Size num_samples, bool replacement, Location at) const {
  return xgrad::multinomial(self(*this), num_samples, replacement, std::nullopt, at);
}

// ---- tensors of the same type ----
Tensor TensorMethods::new_empty(const Shape& shape, std::optional<DType> dtype, Location at) const {
  return xgrad::empty(shape, TensorOptions{dtype ? *dtype : self(*this).dtype(at)}, at);
}
Tensor TensorMethods::new_zeros(const Shape& shape, std::optional<DType> dtype, Location at) const {
  return xgrad::zeros(shape, TensorOptions{dtype ? *dtype : self(*this).dtype(at)}, at);
}
Tensor TensorMethods::new_ones(const Shape& shape, std::optional<DType> dtype, Location at) const {
  return xgrad::ones(shape, TensorOptions{dtype ? *dtype : self(*this).dtype(at)}, at);
}
Tensor TensorMethods::new_full(const Shape& shape, Scalar value, std::optional<DType> dtype, Location at) const {
  return xgrad::full(shape, value, TensorOptions{dtype ? *dtype : self(*this).dtype(at)}, at);
}
Tensor TensorMethods::type_as(const Tensor& other, Location at) const { return self(*this).to(other.dtype(at), at); }

// ---- other names ----
Tensor TensorMethods::absolute(Location at) const { return xgrad::abs(self(*this), at); }
Tensor TensorMethods::negative(Location at) const { return xgrad::neg(self(*this), at); }
Tensor TensorMethods::arcsin(Location at) const { return xgrad::asin(self(*this), at); }
Tensor TensorMethods::arccos(Location at) const { return xgrad::acos(self(*this), at); }
Tensor TensorMethods::arctan(Location at) const { return xgrad::atan(self(*this), at); }
Tensor TensorMethods::arcsinh(Location at) const { return xgrad::asinh(self(*this), at); }
Tensor TensorMethods::arccosh(Location at) const { return xgrad::acosh(self(*this), at); }
Tensor TensorMethods::arctanh(Location at) const { return xgrad::atanh(self(*this), at); }
Tensor TensorMethods::arctan2(const Tensor& x, Location at) const { return xgrad::atan2(self(*this), x, at); }
Tensor TensorMethods::clip(Scalar min, Scalar max, Location at) const {
  return xgrad::clamp(self(*this), min, max, at);
}
Tensor TensorMethods::clip(const Tensor& min, const Tensor& max, Location at) const {
  return xgrad::clamp(self(*this), min, max, at);
}
Tensor TensorMethods::multiply(const Tensor& y, Location at) const { return xgrad::mul(self(*this), y, at); }
Tensor TensorMethods::multiply(Scalar y, Location at) const { return xgrad::mul(self(*this), y, at); }
Tensor TensorMethods::divide(const Tensor& y, Location at) const { return xgrad::div(self(*this), y, at); }
Tensor TensorMethods::divide(Scalar y, Location at) const { return xgrad::div(self(*this), y, at); }
Tensor TensorMethods::true_divide(const Tensor& y, Location at) const { return xgrad::div(self(*this), y, at); }
Tensor TensorMethods::true_divide(Scalar y, Location at) const { return xgrad::div(self(*this), y, at); }
Tensor TensorMethods::subtract(const Tensor& y, Location at) const { return xgrad::sub(self(*this), y, 1, at); }
Tensor TensorMethods::subtract(Scalar y, Location at) const { return xgrad::sub(self(*this), y, at); }
Tensor TensorMethods::greater(const Tensor& y, Location at) const { return xgrad::gt(self(*this), y, at); }
Tensor TensorMethods::greater(Scalar y, Location at) const { return xgrad::gt(self(*this), y, at); }
Tensor TensorMethods::greater_equal(const Tensor& y, Location at) const { return xgrad::ge(self(*this), y, at); }
Tensor TensorMethods::greater_equal(Scalar y, Location at) const { return xgrad::ge(self(*this), y, at); }
Tensor TensorMethods::less(const Tensor& y, Location at) const { return xgrad::lt(self(*this), y, at); }
Tensor TensorMethods::less(Scalar y, Location at) const { return xgrad::lt(self(*this), y, at); }
Tensor TensorMethods::less_equal(const Tensor& y, Location at) const { return xgrad::le(self(*this), y, at); }
Tensor TensorMethods::less_equal(Scalar y, Location at) const { return xgrad::le(self(*this), y, at); }
Tensor TensorMethods::not_equal(const Tensor& y, Location at) const { return xgrad::ne(self(*this), y, at); }
Tensor TensorMethods::not_equal(Scalar y, Location at) const { return xgrad::ne(self(*this), y, at); }

}  // namespace xgrad
