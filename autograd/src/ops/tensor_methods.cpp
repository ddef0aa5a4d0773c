// <xgrad/tensor_methods.hpp>: each method calls the function of its name.
#include <xgrad/ops.hpp>
#include <xgrad/tensor_methods.hpp>

#include "ops/tensor_self.hpp"

namespace xgrad {

Tensor TensorMethods::abs(Location at) const { return xgrad::abs(self(*this), at); }
Tensor TensorMethods::neg(Location at) const { return xgrad::neg(self(*this), at); }
Tensor TensorMethods::sign(Location at) const { return xgrad::sign(self(*this), at); }
Tensor TensorMethods::sgn(Location at) const { return xgrad::sgn(self(*this), at); }
Tensor TensorMethods::positive(Location at) const { return xgrad::positive(self(*this), at); }
Tensor TensorMethods::square(Location at) const { return xgrad::square(self(*this), at); }
Tensor TensorMethods::sqrt(Location at) const { return xgrad::sqrt(self(*this), at); }
Tensor TensorMethods::rsqrt(Location at) const { return xgrad::rsqrt(self(*this), at); }
Tensor TensorMethods::reciprocal(Location at) const { return xgrad::reciprocal(self(*this), at); }
Tensor TensorMethods::exp(Location at) const { return xgrad::exp(self(*this), at); }
Tensor TensorMethods::exp2(Location at) const { return xgrad::exp2(self(*this), at); }
Tensor TensorMethods::expm1(Location at) const { return xgrad::expm1(self(*this), at); }
Tensor TensorMethods::log(Location at) const { return xgrad::log(self(*this), at); }
Tensor TensorMethods::log2(Location at) const { return xgrad::log2(self(*this), at); }
Tensor TensorMethods::log10(Location at) const { return xgrad::log10(self(*this), at); }
Tensor TensorMethods::log1p(Location at) const { return xgrad::log1p(self(*this), at); }
Tensor TensorMethods::pow(const Tensor& y, Location at) const { return xgrad::pow(self(*this), y, at); }
Tensor TensorMethods::pow(Scalar y, Location at) const { return xgrad::pow(self(*this), y, at); }
Tensor TensorMethods::float_power(const Tensor& y, Location at) const { return xgrad::float_power(self(*this), y, at); }
Tensor TensorMethods::float_power(Scalar y, Location at) const { return xgrad::float_power(self(*this), y, at); }
Tensor TensorMethods::sin(Location at) const { return xgrad::sin(self(*this), at); }
Tensor TensorMethods::cos(Location at) const { return xgrad::cos(self(*this), at); }
Tensor TensorMethods::tan(Location at) const { return xgrad::tan(self(*this), at); }
Tensor TensorMethods::asin(Location at) const { return xgrad::asin(self(*this), at); }
Tensor TensorMethods::acos(Location at) const { return xgrad::acos(self(*this), at); }
Tensor TensorMethods::atan(Location at) const { return xgrad::atan(self(*this), at); }
Tensor TensorMethods::atan2(const Tensor& x, Location at) const { return xgrad::atan2(self(*this), x, at); }
Tensor TensorMethods::sinh(Location at) const { return xgrad::sinh(self(*this), at); }
Tensor TensorMethods::cosh(Location at) const { return xgrad::cosh(self(*this), at); }
Tensor TensorMethods::asinh(Location at) const { return xgrad::asinh(self(*this), at); }
Tensor TensorMethods::acosh(Location at) const { return xgrad::acosh(self(*this), at); }
Tensor TensorMethods::atanh(Location at) const { return xgrad::atanh(self(*this), at); }
Tensor TensorMethods::hypot(const Tensor& y, Location at) const { return xgrad::hypot(self(*this), y, at); }
Tensor TensorMethods::sinc(Location at) const { return xgrad::sinc(self(*this), at); }
Tensor TensorMethods::deg2rad(Location at) const { return xgrad::deg2rad(self(*this), at); }
Tensor TensorMethods::rad2deg(Location at) const { return xgrad::rad2deg(self(*this), at); }
Tensor TensorMethods::erf(Location at) const { return xgrad::erf(self(*this), at); }
Tensor TensorMethods::erfc(Location at) const { return xgrad::erfc(self(*this), at); }
Tensor TensorMethods::erfinv(Location at) const { return xgrad::erfinv(self(*this), at); }
Tensor TensorMethods::lgamma(Location at) const { return xgrad::lgamma(self(*this), at); }
Tensor TensorMethods::digamma(Location at) const { return xgrad::digamma(self(*this), at); }
Tensor TensorMethods::igamma(const Tensor& y, Location at) const { return xgrad::igamma(self(*this), y, at); }
Tensor TensorMethods::igammac(const Tensor& y, Location at) const { return xgrad::igammac(self(*this), y, at); }
Tensor TensorMethods::i0(Location at) const { return xgrad::i0(self(*this), at); }
Tensor TensorMethods::logit(std::optional<double> eps, Location at) const { return xgrad::logit(self(*this), eps, at); }
Tensor TensorMethods::xlogy(const Tensor& y, Location at) const { return xgrad::xlogy(self(*this), y, at); }
Tensor TensorMethods::xlogy(Scalar y, Location at) const { return xgrad::xlogy(self(*this), y, at); }
Tensor TensorMethods::floor(Location at) const { return xgrad::floor(self(*this), at); }
Tensor TensorMethods::ceil(Location at) const { return xgrad::ceil(self(*this), at); }
Tensor TensorMethods::round(Location at) const { return xgrad::round(self(*this), at); }
Tensor TensorMethods::round(Size decimals, Location at) const { return xgrad::round(self(*this), decimals, at); }
Tensor TensorMethods::trunc(Location at) const { return xgrad::trunc(self(*this), at); }
Tensor TensorMethods::fix(Location at) const { return xgrad::fix(self(*this), at); }
Tensor TensorMethods::frac(Location at) const { return xgrad::frac(self(*this), at); }
Tensor TensorMethods::floor_divide(const Tensor& y, Location at) const {
  return xgrad::floor_divide(self(*this), y, at);
}
Tensor TensorMethods::floor_divide(Scalar y, Location at) const { return xgrad::floor_divide(self(*this), y, at); }
Tensor TensorMethods::remainder(const Tensor& y, Location at) const { return xgrad::remainder(self(*this), y, at); }
Tensor TensorMethods::remainder(Scalar y, Location at) const { return xgrad::remainder(self(*this), y, at); }
Tensor TensorMethods::fmod(const Tensor& y, Location at) const { return xgrad::fmod(self(*this), y, at); }
Tensor TensorMethods::fmod(Scalar y, Location at) const { return xgrad::fmod(self(*this), y, at); }
MantissaExponent TensorMethods::frexp(Location at) const { return xgrad::frexp(self(*this), at); }
Tensor TensorMethods::ldexp(const Tensor& y, Location at) const { return xgrad::ldexp(self(*this), y, at); }
Tensor TensorMethods::nextafter(const Tensor& y, Location at) const { return xgrad::nextafter(self(*this), y, at); }
Tensor TensorMethods::copysign(const Tensor& y, Location at) const { return xgrad::copysign(self(*this), y, at); }
Tensor TensorMethods::copysign(Scalar y, Location at) const { return xgrad::copysign(self(*this), y, at); }
Tensor TensorMethods::nan_to_num(double nan, std::optional<double> posinf, std::optional<double> neginf,
                                 Location at) const {
  return xgrad::nan_to_num(self(*this), nan, posinf, neginf, at);
}
Tensor TensorMethods::add(const Tensor& y, Scalar alpha, Location at) const {
  return xgrad::add(self(*this), y, alpha, at);
}
Tensor TensorMethods::add(Scalar y, Location at) const { return xgrad::add(self(*this), y, at); }
Tensor TensorMethods::sub(const Tensor& y, Scalar alpha, Location at) const {
  return xgrad::sub(self(*this), y, alpha, at);
}
Tensor TensorMethods::sub(Scalar y, Location at) const { return xgrad::sub(self(*this), y, at); }
Tensor TensorMethods::mul(const Tensor& y, Location at) const { return xgrad::mul(self(*this), y, at); }
Tensor TensorMethods::mul(Scalar y, Location at) const { return xgrad::mul(self(*this), y, at); }
Tensor TensorMethods::div(const Tensor& y, Location at) const { return xgrad::div(self(*this), y, at); }
Tensor TensorMethods::div(Scalar y, Location at) const { return xgrad::div(self(*this), y, at); }
Tensor TensorMethods::div(const Tensor& y, Rounding rounding, Location at) const {
  return xgrad::div(self(*this), y, rounding, at);
}
Tensor TensorMethods::div(Scalar y, Rounding rounding, Location at) const {
  return xgrad::div(self(*this), y, rounding, at);
}
Tensor TensorMethods::lerp(const Tensor& y, const Tensor& weight, Location at) const {
  return xgrad::lerp(self(*this), y, weight, at);
}
Tensor TensorMethods::lerp(const Tensor& y, Scalar weight, Location at) const {
  return xgrad::lerp(self(*this), y, weight, at);
}
Tensor TensorMethods::addcmul(const Tensor& a, const Tensor& b, Scalar value, Location at) const {
  return xgrad::addcmul(self(*this), a, b, value, at);
}
Tensor TensorMethods::addcdiv(const Tensor& a, const Tensor& b, Scalar value, Location at) const {
  return xgrad::addcdiv(self(*this), a, b, value, at);
}
Tensor TensorMethods::logaddexp(const Tensor& y, Location at) const { return xgrad::logaddexp(self(*this), y, at); }
Tensor TensorMethods::logaddexp2(const Tensor& y, Location at) const { return xgrad::logaddexp2(self(*this), y, at); }
Tensor TensorMethods::heaviside(const Tensor& values, Location at) const {
  return xgrad::heaviside(self(*this), values, at);
}
Tensor TensorMethods::bitwise_and(const Tensor& y, Location at) const { return xgrad::bitwise_and(self(*this), y, at); }
Tensor TensorMethods::bitwise_and(Scalar y, Location at) const { return xgrad::bitwise_and(self(*this), y, at); }
Tensor TensorMethods::bitwise_or(const Tensor& y, Location at) const { return xgrad::bitwise_or(self(*this), y, at); }
Tensor TensorMethods::bitwise_or(Scalar y, Location at) const { return xgrad::bitwise_or(self(*this), y, at); }
Tensor TensorMethods::bitwise_xor(const Tensor& y, Location at) const { return xgrad::bitwise_xor(self(*this), y, at); }
Tensor TensorMethods::bitwise_xor(Scalar y, Location at) const { return xgrad::bitwise_xor(self(*this), y, at); }
Tensor TensorMethods::bitwise_not(Location at) const { return xgrad::bitwise_not(self(*this), at); }
Tensor TensorMethods::bitwise_left_shift(const Tensor& y, Location at) const {
  return xgrad::bitwise_left_shift(self(*this), y, at);
}
Tensor TensorMethods::bitwise_left_shift(Scalar y, Location at) const {
  return xgrad::bitwise_left_shift(self(*this), y, at);
}
Tensor TensorMethods::bitwise_right_shift(const Tensor& y, Location at) const {
  return xgrad::bitwise_right_shift(self(*this), y, at);
}
Tensor TensorMethods::bitwise_right_shift(Scalar y, Location at) const {
  return xgrad::bitwise_right_shift(self(*this), y, at);
}
Tensor TensorMethods::gcd(const Tensor& y, Location at) const { return xgrad::gcd(self(*this), y, at); }
Tensor TensorMethods::lcm(const Tensor& y, Location at) const { return xgrad::lcm(self(*this), y, at); }
Tensor TensorMethods::eq(const Tensor& y, Location at) const { return xgrad::eq(self(*this), y, at); }
Tensor TensorMethods::eq(Scalar y, Location at) const { return xgrad::eq(self(*this), y, at); }
Tensor TensorMethods::ne(const Tensor& y, Location at) const { return xgrad::ne(self(*this), y, at); }
Tensor TensorMethods::ne(Scalar y, Location at) const { return xgrad::ne(self(*this), y, at); }
Tensor TensorMethods::lt(const Tensor& y, Location at) const { return xgrad::lt(self(*this), y, at); }
Tensor TensorMethods::lt(Scalar y, Location at) const { return xgrad::lt(self(*this), y, at); }
Tensor TensorMethods::le(const Tensor& y, Location at) const { return xgrad::le(self(*this), y, at); }
Tensor TensorMethods::le(Scalar y, Location at) const { return xgrad::le(self(*this), y, at); }
Tensor TensorMethods::gt(const Tensor& y, Location at) const { return xgrad::gt(self(*this), y, at); }
Tensor TensorMethods::gt(Scalar y, Location at) const { return xgrad::gt(self(*this), y, at); }
Tensor TensorMethods::ge(const Tensor& y, Location at) const { return xgrad::ge(self(*this), y, at); }
Tensor TensorMethods::ge(Scalar y, Location at) const { return xgrad::ge(self(*this), y, at); }
Tensor TensorMethods::isclose(const Tensor& y, double rtol, double atol, bool equal_nan, Location at) const {
  return xgrad::isclose(self(*this), y, rtol, atol, equal_nan, at);
}
bool TensorMethods::allclose(const Tensor& y, double rtol, double atol, bool equal_nan, Location at) const {
  return xgrad::allclose(self(*this), y, rtol, atol, equal_nan, at);
}
Tensor TensorMethods::isnan(Location at) const { return xgrad::isnan(self(*this), at); }
Tensor TensorMethods::isinf(Location at) const { return xgrad::isinf(self(*this), at); }
Tensor TensorMethods::isfinite(Location at) const { return xgrad::isfinite(self(*this), at); }
Tensor TensorMethods::isposinf(Location at) const { return xgrad::isposinf(self(*this), at); }
Tensor TensorMethods::isneginf(Location at) const { return xgrad::isneginf(self(*this), at); }
Tensor TensorMethods::signbit(Location at) const { return xgrad::signbit(self(*this), at); }
Tensor TensorMethods::logical_and(const Tensor& y, Location at) const { return xgrad::logical_and(self(*this), y, at); }
Tensor TensorMethods::logical_or(const Tensor& y, Location at) const { return xgrad::logical_or(self(*this), y, at); }
Tensor TensorMethods::logical_xor(const Tensor& y, Location at) const { return xgrad::logical_xor(self(*this), y, at); }
Tensor TensorMethods::logical_not(Location at) const { return xgrad::logical_not(self(*this), at); }
Tensor TensorMethods::maximum(const Tensor& y, Location at) const { return xgrad::maximum(self(*this), y, at); }
Tensor TensorMethods::minimum(const Tensor& y, Location at) const { return xgrad::minimum(self(*this), y, at); }
Tensor TensorMethods::fmax(const Tensor& y, Location at) const { return xgrad::fmax(self(*this), y, at); }
Tensor TensorMethods::fmin(const Tensor& y, Location at) const { return xgrad::fmin(self(*this), y, at); }
Tensor TensorMethods::clamp(Scalar min, Scalar max, Location at) const {
  return xgrad::clamp(self(*this), min, max, at);
}
Tensor TensorMethods::clamp(const Tensor& min, const Tensor& max, Location at) const {
  return xgrad::clamp(self(*this), min, max, at);
}
Tensor TensorMethods::clamp(Scalar min, Location at) const { return xgrad::clamp_min(self(*this), min, at); }
Tensor TensorMethods::clamp(const Tensor& min, Location at) const { return xgrad::clamp_min(self(*this), min, at); }
Tensor TensorMethods::clamp_min(Scalar min, Location at) const { return xgrad::clamp_min(self(*this), min, at); }
Tensor TensorMethods::clamp_min(const Tensor& min, Location at) const { return xgrad::clamp_min(self(*this), min, at); }
Tensor TensorMethods::clamp_max(Scalar max, Location at) const { return xgrad::clamp_max(self(*this), max, at); }
Tensor TensorMethods::clamp_max(const Tensor& max, Location at) const { return xgrad::clamp_max(self(*this), max, at); }
Tensor TensorMethods::relu(Location at) const { return xgrad::relu(self(*this), at); }
Tensor TensorMethods::sigmoid(Location at) const { return xgrad::sigmoid(self(*this), at); }
Tensor TensorMethods::tanh(Location at) const { return xgrad::tanh(self(*this), at); }
Tensor TensorMethods::prelu(const Tensor& weight, Location at) const { return xgrad::prelu(self(*this), weight, at); }
Tensor TensorMethods::hardshrink(double lambd, Location at) const { return xgrad::hardshrink(self(*this), lambd, at); }
Tensor TensorMethods::softmax(Dim dim, Location at) const { return xgrad::softmax(self(*this), dim, at); }
Tensor TensorMethods::log_softmax(Dim dim, Location at) const { return xgrad::log_softmax(self(*this), dim, at); }
Tensor TensorMethods::prod(Location at) const { return xgrad::prod(self(*this), at); }
Tensor TensorMethods::prod(Dim dim, bool keepdim, Location at) const {
  return xgrad::prod(self(*this), dim, keepdim, at);
}
Tensor TensorMethods::any(Location at) const { return xgrad::any(self(*this), at); }
Tensor TensorMethods::any(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::any(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::all(Location at) const { return xgrad::all(self(*this), at); }
Tensor TensorMethods::all(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::all(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::var(Location at) const { return xgrad::var(self(*this), at); }
Tensor TensorMethods::var(const Dims& dims, double correction, bool keepdim, Location at) const {
  return xgrad::var(self(*this), dims, correction, keepdim, at);
}
Tensor TensorMethods::std(Location at) const { return xgrad::std(self(*this), at); }
Tensor TensorMethods::std(const Dims& dims, double correction, bool keepdim, Location at) const {
  return xgrad::std(self(*this), dims, correction, keepdim, at);
}
VarMean TensorMethods::var_mean(const Dims& dims, double correction, bool keepdim, Location at) const {
  return xgrad::var_mean(self(*this), dims, correction, keepdim, at);
}
StdMean TensorMethods::std_mean(const Dims& dims, double correction, bool keepdim, Location at) const {
  return xgrad::std_mean(self(*this), dims, correction, keepdim, at);
}
Tensor TensorMethods::logsumexp(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::logsumexp(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::nansum(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::nansum(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::nanmean(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::nanmean(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::count_nonzero(const Dims& dims, Location at) const {
  return xgrad::count_nonzero(self(*this), dims, at);
}
Tensor TensorMethods::max(Location at) const { return xgrad::max(self(*this), at); }
ValuesIndices TensorMethods::max(Dim dim, bool keepdim, Location at) const {
  return xgrad::max(self(*this), dim, keepdim, at);
}
Tensor TensorMethods::min(Location at) const { return xgrad::min(self(*this), at); }
ValuesIndices TensorMethods::min(Dim dim, bool keepdim, Location at) const {
  return xgrad::min(self(*this), dim, keepdim, at);
}
Tensor TensorMethods::amax(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::amax(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::amin(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::amin(self(*this), dims, keepdim, at);
}
MinMax TensorMethods::aminmax(const Dims& dims, bool keepdim, Location at) const {
  return xgrad::aminmax(self(*this), dims, keepdim, at);
}
Tensor TensorMethods::argmin(Location at) const { return xgrad::argmin(self(*this), at); }
Tensor TensorMethods::argmin(Dim dim, bool keepdim, Location at) const {
  return xgrad::argmin(self(*this), dim, keepdim, at);
}
Tensor TensorMethods::norm(Location at) const { return xgrad::norm(self(*this), 2, {}, false, at); }
Tensor TensorMethods::norm(const Shape& dims, bool keepdim, Location at) const {
  return xgrad::norm(self(*this), 2, dims, keepdim, at);
}
template <Arithmetic P>
Tensor TensorMethods::norm(P p, const Dims& dims, bool keepdim, Location at) const {
  return xgrad::norm(self(*this), static_cast<double>(p), dims, keepdim, at);
}
template XGRAD_API Tensor TensorMethods::norm(int, const Dims&, bool, Location) const;
template XGRAD_API Tensor TensorMethods::norm(std::int64_t, const Dims&, bool, Location) const;
template XGRAD_API Tensor TensorMethods::norm(float, const Dims&, bool, Location) const;
template XGRAD_API Tensor TensorMethods::norm(double, const Dims&, bool, Location) const;
Tensor TensorMethods::norm(const char* p, const Dims& dims, bool keepdim, Location at) const {
  return xgrad::norm(self(*this), p, dims, keepdim, at);
}
Tensor TensorMethods::dist(const Tensor& y, double p, Location at) const { return xgrad::dist(self(*this), y, p, at); }
Tensor TensorMethods::renorm(double p, Dim dim, double max_norm, Location at) const {
  return xgrad::renorm(self(*this), p, dim, max_norm, at);
}
Tensor TensorMethods::median(Location at) const { return xgrad::median(self(*this), at); }
ValuesIndices TensorMethods::median(Dim dim, bool keepdim, Location at) const {
  return xgrad::median(self(*this), dim, keepdim, at);
}
Tensor TensorMethods::nanmedian(Location at) const { return xgrad::nanmedian(self(*this), at); }
ValuesIndices TensorMethods::nanmedian(Dim dim, bool keepdim, Location at) const {
  return xgrad::nanmedian(self(*this), dim, keepdim, at);
}
ValuesIndices TensorMethods::mode(Dim dim, bool keepdim, Location at) const {
  return xgrad::mode(self(*this), dim, keepdim, at);
}
Tensor TensorMethods::quantile(double q, std::optional<std::int64_t> dim, bool keepdim,
                               const std::string& interpolation, Location at) const {
  return xgrad::quantile(self(*this), q, dim, keepdim, interpolation, at);
}
Tensor TensorMethods::quantile(const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                               const std::string& interpolation, Location at) const {
  return xgrad::quantile(self(*this), q, dim, keepdim, interpolation, at);
}
Tensor TensorMethods::nanquantile(double q, std::optional<std::int64_t> dim, bool keepdim,
                                  const std::string& interpolation, Location at) const {
  return xgrad::nanquantile(self(*this), q, dim, keepdim, interpolation, at);
}
Tensor TensorMethods::nanquantile(const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                                  const std::string& interpolation, Location at) const {
  return xgrad::nanquantile(self(*this), q, dim, keepdim, interpolation, at);
}
Tensor TensorMethods::cumsum(Dim dim, Location at) const { return xgrad::cumsum(self(*this), dim, at); }
Tensor TensorMethods::cumprod(Dim dim, Location at) const { return xgrad::cumprod(self(*this), dim, at); }
ValuesIndices TensorMethods::cummax(Dim dim, Location at) const { return xgrad::cummax(self(*this), dim, at); }
ValuesIndices TensorMethods::cummin(Dim dim, Location at) const { return xgrad::cummin(self(*this), dim, at); }
Tensor TensorMethods::logcumsumexp(Dim dim, Location at) const { return xgrad::logcumsumexp(self(*this), dim, at); }
Tensor TensorMethods::diff(Size n, Dim dim, Location at) const { return xgrad::diff(self(*this), n, dim, {}, {}, at); }
Tensor TensorMethods::diff(Size n, Dim dim, const Tensor& prepend, const Tensor& append, Location at) const {
  return xgrad::diff(self(*this), n, dim, prepend, append, at);
}
ValuesIndices TensorMethods::sort(Dim dim, bool descending, Location at) const {
  return xgrad::sort(self(*this), dim, descending, at);
}
Tensor TensorMethods::argsort(Dim dim, bool descending, Location at) const {
  return xgrad::argsort(self(*this), dim, descending, at);
}
ValuesIndices TensorMethods::sort(SortOptions o, Location at) const { return xgrad::sort(self(*this), o, at); }
Tensor TensorMethods::argsort(SortOptions o, Location at) const { return xgrad::argsort(self(*this), o, at); }
ValuesIndices TensorMethods::topk(Size k, Dim dim, bool largest, bool sorted, Location at) const {
  return xgrad::topk(self(*this), k, dim, largest, sorted, at);
}
ValuesIndices TensorMethods::kthvalue(Size k, Dim dim, bool keepdim, Location at) const {
  return xgrad::kthvalue(self(*this), k, dim, keepdim, at);
}
Tensor TensorMethods::msort(Location at) const { return xgrad::msort(self(*this), at); }
UniqueResult TensorMethods::unique(Location at) const { return xgrad::unique(self(*this), at); }
UniqueResult TensorMethods::unique(Dim dim, Location at) const { return xgrad::unique(self(*this), dim, at); }
UniqueResult TensorMethods::unique_consecutive(Location at) const { return xgrad::unique_consecutive(self(*this), at); }
UniqueResult TensorMethods::unique_consecutive(Dim dim, Location at) const {
  return xgrad::unique_consecutive(self(*this), dim, at);
}
Tensor TensorMethods::bincount(Location at) const { return xgrad::bincount(self(*this), {}, 0, at); }
Tensor TensorMethods::bincount(const Tensor& weights, Size minlength, Location at) const {
  return xgrad::bincount(self(*this), weights, minlength, at);
}
Tensor TensorMethods::histc(Size bins, double min, double max, Location at) const {
  return xgrad::histc(self(*this), bins, min, max, at);
}
Tensor TensorMethods::unflatten(Dim dim, const Shape& sizes, Location at) const {
  return xgrad::unflatten(self(*this), dim, sizes, at);
}
Tensor TensorMethods::ravel(Location at) const { return xgrad::ravel(self(*this), at); }
Tensor TensorMethods::movedim(const Dims& source, const Dims& destination, Location at) const {
  return xgrad::movedim(self(*this), source, destination, at);
}
Tensor TensorMethods::moveaxis(const Dims& source, const Dims& destination, Location at) const {
  return xgrad::moveaxis(self(*this), source, destination, at);
}
Tensor TensorMethods::swapaxes(Dim axis0, Dim axis1, Location at) const {
  return xgrad::swapaxes(self(*this), axis0, axis1, at);
}
Tensor TensorMethods::swapdims(Dim dim0, Dim dim1, Location at) const {
  return xgrad::swapdims(self(*this), dim0, dim1, at);
}
Tensor TensorMethods::broadcast_to(const Shape& shape, Location at) const {
  return xgrad::broadcast_to(self(*this), shape, at);
}
Tensor TensorMethods::unfold(Dim dim, Size size, Size step, Location at) const {
  return xgrad::unfold(self(*this), dim, size, step, at);
}
Tensor TensorMethods::sum_to_size(const Shape& shape, Location at) const {
  return xgrad::sum_to_size(self(*this), shape, at);
}
Tensor TensorMethods::repeat(const Shape& repeats, Location at) const {
  return xgrad::repeat(self(*this), repeats, at);
}
Tensor TensorMethods::tile(const Shape& repeats, Location at) const { return xgrad::tile(self(*this), repeats, at); }
Tensor TensorMethods::repeat_interleave(Size repeats, std::optional<std::int64_t> dim, Location at) const {
  return xgrad::repeat_interleave(self(*this), repeats, dim, at);
}
Tensor TensorMethods::repeat_interleave(const Tensor& repeats, std::optional<std::int64_t> dim, Location at) const {
  return xgrad::repeat_interleave(self(*this), repeats, dim, at);
}
Tensor TensorMethods::flip(const Dims& dims, Location at) const { return xgrad::flip(self(*this), dims, at); }
Tensor TensorMethods::fliplr(Location at) const { return xgrad::fliplr(self(*this), at); }
Tensor TensorMethods::flipud(Location at) const { return xgrad::flipud(self(*this), at); }
Tensor TensorMethods::roll(const Dims& shifts, const Dims& dims, Location at) const {
  return xgrad::roll(self(*this), shifts, dims, at);
}
Tensor TensorMethods::rot90(Size k, const Dims& dims, Location at) const {
  return xgrad::rot90(self(*this), k, dims, at);
}
Tensor TensorMethods::diagonal(Size offset, Dim dim1, Dim dim2, Location at) const {
  return xgrad::diagonal(self(*this), offset, dim1, dim2, at);
}
Tensor TensorMethods::diag(Size offset, Location at) const { return xgrad::diag(self(*this), offset, at); }
Tensor TensorMethods::diag_embed(Size offset, Dim dim1, Dim dim2, Location at) const {
  return xgrad::diag_embed(self(*this), offset, dim1, dim2, at);
}
Tensor TensorMethods::diagflat(Size offset, Location at) const { return xgrad::diagflat(self(*this), offset, at); }
Tensor TensorMethods::diagonal_scatter(const Tensor& src, Size offset, Dim dim1, Dim dim2, Location at) const {
  return xgrad::diagonal_scatter(self(*this), src, offset, dim1, dim2, at);
}
Tensor TensorMethods::tril(Size offset, Location at) const { return xgrad::tril(self(*this), offset, at); }
Tensor TensorMethods::triu(Size offset, Location at) const { return xgrad::triu(self(*this), offset, at); }
Tensor TensorMethods::select_scatter(const Tensor& src, Dim dim, Size index, Location at) const {
  return xgrad::select_scatter(self(*this), src, dim, index, at);
}
Tensor TensorMethods::slice_scatter(const Tensor& src, Dim dim, Size start, Size stop, Size step, Location at) const {
  return xgrad::slice_scatter(self(*this), src, dim, start, stop, step, at);
}
std::vector<Tensor> TensorMethods::split(Size size, Dim dim, Location at) const {
  return xgrad::split(self(*this), size, dim, at);
}
std::vector<Tensor> TensorMethods::split(const std::vector<std::int64_t>& sizes, Dim dim, Location at) const {
  return xgrad::split(self(*this), sizes, dim, at);
}
std::vector<Tensor> TensorMethods::chunk(Size chunks, Dim dim, Location at) const {
  return xgrad::chunk(self(*this), chunks, dim, at);
}
std::vector<Tensor> TensorMethods::unbind(Dim dim, Location at) const { return xgrad::unbind(self(*this), dim, at); }
std::vector<Tensor> TensorMethods::tensor_split(Size sections, Dim dim, Location at) const {
  return xgrad::tensor_split(self(*this), sections, dim, at);
}
std::vector<Tensor> TensorMethods::tensor_split(const std::vector<std::int64_t>& indices, Dim dim, Location at) const {
  return xgrad::tensor_split(self(*this), indices, dim, at);
}
std::vector<Tensor> TensorMethods::hsplit(Size sections, Location at) const {
  return xgrad::hsplit(self(*this), sections, at);
}
std::vector<Tensor> TensorMethods::hsplit(const std::vector<std::int64_t>& indices, Location at) const {
  return xgrad::hsplit(self(*this), indices, at);
}
std::vector<Tensor> TensorMethods::vsplit(Size sections, Location at) const {
  return xgrad::vsplit(self(*this), sections, at);
}
std::vector<Tensor> TensorMethods::vsplit(const std::vector<std::int64_t>& indices, Location at) const {
  return xgrad::vsplit(self(*this), indices, at);
}
std::vector<Tensor> TensorMethods::dsplit(Size sections, Location at) const {
  return xgrad::dsplit(self(*this), sections, at);
}
std::vector<Tensor> TensorMethods::dsplit(const std::vector<std::int64_t>& indices, Location at) const {
  return xgrad::dsplit(self(*this), indices, at);
}
Tensor TensorMethods::index(const std::vector<Index>& indices, Location at) const {
  return xgrad::index(self(*this), indices, at);
}
Tensor TensorMethods::index_put(const std::vector<Index>& indices, const Tensor& values, bool accumulate,
                                Location at) const {
  return xgrad::index_put(self(*this), indices, values, accumulate, at);
}
Tensor TensorMethods::index_put(const std::vector<Index>& indices, Scalar value, bool accumulate, Location at) const {
  return xgrad::index_put(self(*this), indices, value, accumulate, at);
}
Tensor TensorMethods::index_select(Dim dim, const Tensor& index, Location at) const {
  return xgrad::index_select(self(*this), dim, index, at);
}
Tensor TensorMethods::index_add(Dim dim, const Tensor& index, const Tensor& source, Scalar alpha, Location at) const {
  return xgrad::index_add(self(*this), dim, index, source, alpha, at);
}
Tensor TensorMethods::index_copy(Dim dim, const Tensor& index, const Tensor& source, Location at) const {
  return xgrad::index_copy(self(*this), dim, index, source, at);
}
Tensor TensorMethods::index_fill(Dim dim, const Tensor& index, Scalar value, Location at) const {
  return xgrad::index_fill(self(*this), dim, index, value, at);
}
Tensor TensorMethods::index_fill(Dim dim, const Tensor& index, const Tensor& value, Location at) const {
  return xgrad::index_fill(self(*this), dim, index, value, at);
}
Tensor TensorMethods::index_reduce(Dim dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                                   bool include_self, Location at) const {
  return xgrad::index_reduce(self(*this), dim, index, source, reduce, include_self, at);
}
Tensor TensorMethods::take(const Tensor& index, Location at) const { return xgrad::take(self(*this), index, at); }
Tensor TensorMethods::take_along_dim(const Tensor& index, std::optional<std::int64_t> dim, Location at) const {
  return xgrad::take_along_dim(self(*this), index, dim, at);
}
Tensor TensorMethods::put(const Tensor& index, const Tensor& source, bool accumulate, Location at) const {
  return xgrad::put(self(*this), index, source, accumulate, at);
}
Tensor TensorMethods::gather(Dim dim, const Tensor& index, Location at) const {
  return xgrad::gather(self(*this), dim, index, at);
}
Tensor TensorMethods::scatter(Dim dim, const Tensor& index, const Tensor& src, Location at) const {
  return xgrad::scatter(self(*this), dim, index, src, at);
}
Tensor TensorMethods::scatter(Dim dim, const Tensor& index, Scalar value, Location at) const {
  return xgrad::scatter(self(*this), dim, index, value, at);
}
Tensor TensorMethods::scatter_add(Dim dim, const Tensor& index, const Tensor& src, Location at) const {
  return xgrad::scatter_add(self(*this), dim, index, src, at);
}
Tensor TensorMethods::scatter_reduce(Dim dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                                     bool include_self, Location at) const {
  return xgrad::scatter_reduce(self(*this), dim, index, src, reduce, include_self, at);
}
Tensor TensorMethods::masked_select(const Tensor& mask, Location at) const {
  return xgrad::masked_select(self(*this), mask, at);
}
Tensor TensorMethods::masked_fill(const Tensor& mask, Scalar value, Location at) const {
  return xgrad::masked_fill(self(*this), mask, value, at);
}
Tensor TensorMethods::masked_fill(const Tensor& mask, const Tensor& value, Location at) const {
  return xgrad::masked_fill(self(*this), mask, value, at);
}
Tensor TensorMethods::masked_scatter(const Tensor& mask, const Tensor& source, Location at) const {
  return xgrad::masked_scatter(self(*this), mask, source, at);
}
Tensor TensorMethods::nonzero(Location at) const { return xgrad::nonzero(self(*this), at); }
Tensor TensorMethods::argwhere(Location at) const { return xgrad::argwhere(self(*this), at); }
Tensor TensorMethods::matmul(const Tensor& y, Location at) const { return xgrad::matmul(self(*this), y, at); }
Tensor TensorMethods::mm(const Tensor& y, Location at) const { return xgrad::mm(self(*this), y, at); }
Tensor TensorMethods::mv(const Tensor& y, Location at) const { return xgrad::mv(self(*this), y, at); }
Tensor TensorMethods::bmm(const Tensor& y, Location at) const { return xgrad::bmm(self(*this), y, at); }
Tensor TensorMethods::dot(const Tensor& y, Location at) const { return xgrad::dot(self(*this), y, at); }
Tensor TensorMethods::outer(const Tensor& y, Location at) const { return xgrad::outer(self(*this), y, at); }
Tensor TensorMethods::inner(const Tensor& y, Location at) const { return xgrad::inner(self(*this), y, at); }
Tensor TensorMethods::kron(const Tensor& y, Location at) const { return xgrad::kron(self(*this), y, at); }
Tensor TensorMethods::cross(const Tensor& y, Dim dim, Location at) const {
  return xgrad::cross(self(*this), y, dim, at);
}
Tensor TensorMethods::addmm(const Tensor& m1, const Tensor& m2, Scalar beta, Scalar alpha, Location at) const {
  return xgrad::addmm(self(*this), m1, m2, beta, alpha, at);
}
Tensor TensorMethods::addmv(const Tensor& m, const Tensor& v, Scalar beta, Scalar alpha, Location at) const {
  return xgrad::addmv(self(*this), m, v, beta, alpha, at);
}
Tensor TensorMethods::addr(const Tensor& v1, const Tensor& v2, Scalar beta, Scalar alpha, Location at) const {
  return xgrad::addr(self(*this), v1, v2, beta, alpha, at);
}
Tensor TensorMethods::baddbmm(const Tensor& b1, const Tensor& b2, Scalar beta, Scalar alpha, Location at) const {
  return xgrad::baddbmm(self(*this), b1, b2, beta, alpha, at);
}
Tensor TensorMethods::addbmm(const Tensor& b1, const Tensor& b2, Scalar beta, Scalar alpha, Location at) const {
  return xgrad::addbmm(self(*this), b1, b2, beta, alpha, at);
}
Tensor TensorMethods::where(const Tensor& condition, const Tensor& other, Location at) const {
  return xgrad::where(condition, self(*this), other, at);
}
Tensor TensorMethods::where(const Tensor& condition, Scalar other, Location at) const {
  return xgrad::where(condition, self(*this), other, at);
}
Tensor TensorMethods::expand_as(const Tensor& other, Location at) const {
  return xgrad::expand(self(*this), other.shape(at), at);
}
Tensor TensorMethods::view_as(const Tensor& other, Location at) const {
  return xgrad::view(self(*this), other.shape(at), at);
}
Tensor TensorMethods::reshape_as(const Tensor& other, Location at) const {
  return xgrad::reshape(self(*this), other.shape(at), at);
}

}  // namespace xgrad
