// <xgrad/tensor_in_place_methods.hpp>: each method puts what the function of its name gives in the place of its tensor.
#include <xgrad/ops.hpp>
#include <xgrad/tensor_in_place_methods.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "ops/replace_in_place.hpp"

namespace xgrad {
namespace {

Tensor& self(TensorInPlaceMethods& methods) { return static_cast<Tensor&>(methods); }

// An operand as it was, also when it shares the memory that is about to be overwritten.
Tensor apart(const Tensor& operand, TensorInPlaceMethods& methods, const Location& at) {
  return detail::apart_from(operand, self(methods), at);
}

// Where all indices are equal; wrap: in a matrix with more rows than columns the diagonal begins again after it ended.
Tensor diagonal_mask(const Tensor& x, bool wrap, const Location& at) {
  const Shape& s = detail::impl(x).shape;
  bool fits = s.rank() >= 2;
  for (int d = 1; fits && s.rank() > 2 && d < s.rank(); ++d) fits = s[d] == s[0];
  if (!fits)
    ErrorReport("fill_diagonal_", "needs a matrix, or more dimensions of one size", at)
        .operand("self", x)
        .shape_error();
  Tensor mask = detail::zeros_raw(s, DType::boolean);
  std::int64_t step = 0, end = detail::impl(x).numel;
  for (const std::int64_t stride : s.contiguous_strides()) step += stride;
  if (s.rank() == 2 && !wrap) end = std::min(end, s[1] * s[1]);
  for (std::int64_t i = 0; i < end; i += step) detail::data<bool>(mask)[i] = true;
  return mask;
}

}  // namespace

// A method and its form for temporaries: parameters, their names, the new value of x.
#define XGRAD_IN_PLACE(name, parameters, names, value)                   \
  Tensor& TensorInPlaceMethods::name parameters& {                       \
    return detail::replace_in_place(                                     \
        #name, self(*this), [&](const Tensor& x) { return value; }, at); \
  }                                                                      \
  Tensor TensorInPlaceMethods::name parameters&& { return name names; }

XGRAD_IN_PLACE(abs_, (Location at), (at), xgrad::abs(x, at))
XGRAD_IN_PLACE(neg_, (Location at), (at), xgrad::neg(x, at))
XGRAD_IN_PLACE(sign_, (Location at), (at), xgrad::sign(x, at))
XGRAD_IN_PLACE(sgn_, (Location at), (at), xgrad::sgn(x, at))
XGRAD_IN_PLACE(square_, (Location at), (at), xgrad::square(x, at))
XGRAD_IN_PLACE(sqrt_, (Location at), (at), xgrad::sqrt(x, at))
XGRAD_IN_PLACE(rsqrt_, (Location at), (at), xgrad::rsqrt(x, at))
XGRAD_IN_PLACE(reciprocal_, (Location at), (at), xgrad::reciprocal(x, at))
XGRAD_IN_PLACE(exp_, (Location at), (at), xgrad::exp(x, at))
XGRAD_IN_PLACE(exp2_, (Location at), (at), xgrad::exp2(x, at))
XGRAD_IN_PLACE(expm1_, (Location at), (at), xgrad::expm1(x, at))
XGRAD_IN_PLACE(log_, (Location at), (at), xgrad::log(x, at))
XGRAD_IN_PLACE(log2_, (Location at), (at), xgrad::log2(x, at))
XGRAD_IN_PLACE(log10_, (Location at), (at), xgrad::log10(x, at))
XGRAD_IN_PLACE(log1p_, (Location at), (at), xgrad::log1p(x, at))
XGRAD_IN_PLACE(sin_, (Location at), (at), xgrad::sin(x, at))
XGRAD_IN_PLACE(cos_, (Location at), (at), xgrad::cos(x, at))
XGRAD_IN_PLACE(tan_, (Location at), (at), xgrad::tan(x, at))
XGRAD_IN_PLACE(asin_, (Location at), (at), xgrad::asin(x, at))
XGRAD_IN_PLACE(acos_, (Location at), (at), xgrad::acos(x, at))
XGRAD_IN_PLACE(atan_, (Location at), (at), xgrad::atan(x, at))
XGRAD_IN_PLACE(sinh_, (Location at), (at), xgrad::sinh(x, at))
XGRAD_IN_PLACE(cosh_, (Location at), (at), xgrad::cosh(x, at))
XGRAD_IN_PLACE(asinh_, (Location at), (at), xgrad::asinh(x, at))
XGRAD_IN_PLACE(acosh_, (Location at), (at), xgrad::acosh(x, at))
XGRAD_IN_PLACE(atanh_, (Location at), (at), xgrad::atanh(x, at))
XGRAD_IN_PLACE(sinc_, (Location at), (at), xgrad::sinc(x, at))
XGRAD_IN_PLACE(deg2rad_, (Location at), (at), xgrad::deg2rad(x, at))
XGRAD_IN_PLACE(rad2deg_, (Location at), (at), xgrad::rad2deg(x, at))
XGRAD_IN_PLACE(erf_, (Location at), (at), xgrad::erf(x, at))
XGRAD_IN_PLACE(erfc_, (Location at), (at), xgrad::erfc(x, at))
XGRAD_IN_PLACE(erfinv_, (Location at), (at), xgrad::erfinv(x, at))
XGRAD_IN_PLACE(lgamma_, (Location at), (at), xgrad::lgamma(x, at))
XGRAD_IN_PLACE(digamma_, (Location at), (at), xgrad::digamma(x, at))
XGRAD_IN_PLACE(i0_, (Location at), (at), xgrad::i0(x, at))
XGRAD_IN_PLACE(logit_, (std::optional<double> eps, Location at), (eps, at), xgrad::logit(x, eps, at))
XGRAD_IN_PLACE(floor_, (Location at), (at), xgrad::floor(x, at))
XGRAD_IN_PLACE(ceil_, (Location at), (at), xgrad::ceil(x, at))
XGRAD_IN_PLACE(round_, (Location at), (at), xgrad::round(x, at))
XGRAD_IN_PLACE(round_, (Size decimals, Location at), (decimals, at), xgrad::round(x, decimals, at))
XGRAD_IN_PLACE(trunc_, (Location at), (at), xgrad::trunc(x, at))
XGRAD_IN_PLACE(fix_, (Location at), (at), xgrad::fix(x, at))
XGRAD_IN_PLACE(frac_, (Location at), (at), xgrad::frac(x, at))
XGRAD_IN_PLACE(nan_to_num_, (double nan, std::optional<double> posinf, std::optional<double> neginf, Location at),
               (nan, posinf, neginf, at), xgrad::nan_to_num(x, nan, posinf, neginf, at))
XGRAD_IN_PLACE(bitwise_not_, (Location at), (at), xgrad::bitwise_not(x, at))
XGRAD_IN_PLACE(logical_not_, (Location at), (at), xgrad::logical_not(x, at))
XGRAD_IN_PLACE(relu_, (Location at), (at), xgrad::relu(x, at))
XGRAD_IN_PLACE(sigmoid_, (Location at), (at), xgrad::sigmoid(x, at))
XGRAD_IN_PLACE(tanh_, (Location at), (at), xgrad::tanh(x, at))
XGRAD_IN_PLACE(tril_, (Size offset, Location at), (offset, at), xgrad::tril(x, offset, at))
XGRAD_IN_PLACE(triu_, (Size offset, Location at), (offset, at), xgrad::triu(x, offset, at))
XGRAD_IN_PLACE(pow_, (const Tensor& y, Location at), (y, at), xgrad::pow(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(pow_, (Scalar y, Location at), (y, at), xgrad::pow(x, y, at))
XGRAD_IN_PLACE(float_power_, (const Tensor& y, Location at), (y, at), xgrad::float_power(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(float_power_, (Scalar y, Location at), (y, at), xgrad::float_power(x, y, at))
XGRAD_IN_PLACE(atan2_, (const Tensor& other, Location at), (other, at), xgrad::atan2(x, apart(other, *this, at), at))
XGRAD_IN_PLACE(hypot_, (const Tensor& y, Location at), (y, at), xgrad::hypot(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(remainder_, (const Tensor& y, Location at), (y, at), xgrad::remainder(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(remainder_, (Scalar y, Location at), (y, at), xgrad::remainder(x, y, at))
XGRAD_IN_PLACE(fmod_, (const Tensor& y, Location at), (y, at), xgrad::fmod(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(fmod_, (Scalar y, Location at), (y, at), xgrad::fmod(x, y, at))
XGRAD_IN_PLACE(floor_divide_, (const Tensor& y, Location at), (y, at), xgrad::floor_divide(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(floor_divide_, (Scalar y, Location at), (y, at), xgrad::floor_divide(x, y, at))
XGRAD_IN_PLACE(copysign_, (const Tensor& y, Location at), (y, at), xgrad::copysign(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(copysign_, (Scalar y, Location at), (y, at), xgrad::copysign(x, y, at))
XGRAD_IN_PLACE(xlogy_, (const Tensor& y, Location at), (y, at), xgrad::xlogy(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(xlogy_, (Scalar y, Location at), (y, at), xgrad::xlogy(x, y, at))
XGRAD_IN_PLACE(lerp_, (const Tensor& y, const Tensor& weight, Location at), (y, weight, at),
               xgrad::lerp(x, apart(y, *this, at), apart(weight, *this, at), at))
XGRAD_IN_PLACE(lerp_, (const Tensor& y, Scalar weight, Location at), (y, weight, at),
               xgrad::lerp(x, apart(y, *this, at), weight, at))
XGRAD_IN_PLACE(addcmul_, (const Tensor& a, const Tensor& b, Scalar value, Location at), (a, b, value, at),
               xgrad::addcmul(x, apart(a, *this, at), apart(b, *this, at), value, at))
XGRAD_IN_PLACE(addcdiv_, (const Tensor& a, const Tensor& b, Scalar value, Location at), (a, b, value, at),
               xgrad::addcdiv(x, apart(a, *this, at), apart(b, *this, at), value, at))
XGRAD_IN_PLACE(addmm_, (const Tensor& m1, const Tensor& m2, Scalar beta, Scalar alpha, Location at),
               (m1, m2, beta, alpha, at), xgrad::addmm(x, apart(m1, *this, at), apart(m2, *this, at), beta, alpha, at))
XGRAD_IN_PLACE(addmv_, (const Tensor& m, const Tensor& v, Scalar beta, Scalar alpha, Location at),
               (m, v, beta, alpha, at), xgrad::addmv(x, apart(m, *this, at), apart(v, *this, at), beta, alpha, at))
XGRAD_IN_PLACE(addr_, (const Tensor& v1, const Tensor& v2, Scalar beta, Scalar alpha, Location at),
               (v1, v2, beta, alpha, at), xgrad::addr(x, apart(v1, *this, at), apart(v2, *this, at), beta, alpha, at))
XGRAD_IN_PLACE(baddbmm_, (const Tensor& b1, const Tensor& b2, Scalar beta, Scalar alpha, Location at),
               (b1, b2, beta, alpha, at),
               xgrad::baddbmm(x, apart(b1, *this, at), apart(b2, *this, at), beta, alpha, at))
XGRAD_IN_PLACE(addbmm_, (const Tensor& b1, const Tensor& b2, Scalar beta, Scalar alpha, Location at),
               (b1, b2, beta, alpha, at), xgrad::addbmm(x, apart(b1, *this, at), apart(b2, *this, at), beta, alpha, at))
XGRAD_IN_PLACE(bitwise_and_, (const Tensor& y, Location at), (y, at), xgrad::bitwise_and(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(bitwise_and_, (Scalar y, Location at), (y, at), xgrad::bitwise_and(x, y, at))
XGRAD_IN_PLACE(bitwise_or_, (const Tensor& y, Location at), (y, at), xgrad::bitwise_or(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(bitwise_or_, (Scalar y, Location at), (y, at), xgrad::bitwise_or(x, y, at))
XGRAD_IN_PLACE(bitwise_xor_, (const Tensor& y, Location at), (y, at), xgrad::bitwise_xor(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(bitwise_xor_, (Scalar y, Location at), (y, at), xgrad::bitwise_xor(x, y, at))
XGRAD_IN_PLACE(bitwise_left_shift_, (const Tensor& y, Location at), (y, at),
               xgrad::bitwise_left_shift(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(bitwise_left_shift_, (Scalar y, Location at), (y, at), xgrad::bitwise_left_shift(x, y, at))
XGRAD_IN_PLACE(bitwise_right_shift_, (const Tensor& y, Location at), (y, at),
               xgrad::bitwise_right_shift(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(bitwise_right_shift_, (Scalar y, Location at), (y, at), xgrad::bitwise_right_shift(x, y, at))
XGRAD_IN_PLACE(gcd_, (const Tensor& y, Location at), (y, at), xgrad::gcd(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(lcm_, (const Tensor& y, Location at), (y, at), xgrad::lcm(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(igamma_, (const Tensor& y, Location at), (y, at), xgrad::igamma(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(igammac_, (const Tensor& y, Location at), (y, at), xgrad::igammac(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(logical_and_, (const Tensor& y, Location at), (y, at), xgrad::logical_and(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(logical_or_, (const Tensor& y, Location at), (y, at), xgrad::logical_or(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(logical_xor_, (const Tensor& y, Location at), (y, at), xgrad::logical_xor(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(clamp_min_, (Scalar min, Location at), (min, at), xgrad::clamp_min(x, min, at))
XGRAD_IN_PLACE(clamp_min_, (const Tensor& min, Location at), (min, at), xgrad::clamp_min(x, apart(min, *this, at), at))
XGRAD_IN_PLACE(clamp_max_, (Scalar max, Location at), (max, at), xgrad::clamp_max(x, max, at))
XGRAD_IN_PLACE(clamp_max_, (const Tensor& max, Location at), (max, at), xgrad::clamp_max(x, apart(max, *this, at), at))
XGRAD_IN_PLACE(cumsum_, (Dim dim, Location at), (dim, at), xgrad::cumsum(x, dim, at))
XGRAD_IN_PLACE(cumprod_, (Dim dim, Location at), (dim, at), xgrad::cumprod(x, dim, at))
XGRAD_IN_PLACE(renorm_, (double p, Dim dim, double max_norm, Location at), (p, dim, max_norm, at),
               xgrad::renorm(x, p, dim, max_norm, at))
XGRAD_IN_PLACE(index_put_, (const std::vector<Index>& indices, const Tensor& values, bool accumulate, Location at),
               (indices, values, accumulate, at),
               xgrad::index_put(x, indices, apart(values, *this, at), accumulate, at))
XGRAD_IN_PLACE(index_put_, (const std::vector<Index>& indices, Scalar value, bool accumulate, Location at),
               (indices, value, accumulate, at), xgrad::index_put(x, indices, value, accumulate, at))
XGRAD_IN_PLACE(index_add_, (Dim dim, const Tensor& index, const Tensor& source, Scalar alpha, Location at),
               (dim, index, source, alpha, at),
               xgrad::index_add(x, dim, apart(index, *this, at), apart(source, *this, at), alpha, at))
XGRAD_IN_PLACE(index_copy_, (Dim dim, const Tensor& index, const Tensor& source, Location at), (dim, index, source, at),
               xgrad::index_copy(x, dim, apart(index, *this, at), apart(source, *this, at), at))
XGRAD_IN_PLACE(index_fill_, (Dim dim, const Tensor& index, Scalar value, Location at), (dim, index, value, at),
               xgrad::index_fill(x, dim, apart(index, *this, at), value, at))
XGRAD_IN_PLACE(index_fill_, (Dim dim, const Tensor& index, const Tensor& value, Location at), (dim, index, value, at),
               xgrad::index_fill(x, dim, apart(index, *this, at), apart(value, *this, at), at))
XGRAD_IN_PLACE(index_reduce_,
               (Dim dim, const Tensor& index, const Tensor& source, const std::string& reduce, bool include_self,
                Location at),
               (dim, index, source, reduce, include_self, at),
               xgrad::index_reduce(x, dim, apart(index, *this, at), apart(source, *this, at), reduce, include_self, at))
XGRAD_IN_PLACE(put_, (const Tensor& index, const Tensor& source, bool accumulate, Location at),
               (index, source, accumulate, at),
               xgrad::put(x, apart(index, *this, at), apart(source, *this, at), accumulate, at))
XGRAD_IN_PLACE(scatter_, (Dim dim, const Tensor& index, const Tensor& src, Location at), (dim, index, src, at),
               xgrad::scatter(x, dim, apart(index, *this, at), apart(src, *this, at), at))
XGRAD_IN_PLACE(scatter_, (Dim dim, const Tensor& index, Scalar value, Location at), (dim, index, value, at),
               xgrad::scatter(x, dim, apart(index, *this, at), value, at))
XGRAD_IN_PLACE(scatter_add_, (Dim dim, const Tensor& index, const Tensor& src, Location at), (dim, index, src, at),
               xgrad::scatter_add(x, dim, apart(index, *this, at), apart(src, *this, at), at))
XGRAD_IN_PLACE(scatter_reduce_,
               (Dim dim, const Tensor& index, const Tensor& src, const std::string& reduce, bool include_self,
                Location at),
               (dim, index, src, reduce, include_self, at),
               xgrad::scatter_reduce(x, dim, apart(index, *this, at), apart(src, *this, at), reduce, include_self, at))
XGRAD_IN_PLACE(masked_fill_, (const Tensor& mask, Scalar value, Location at), (mask, value, at),
               xgrad::masked_fill(x, apart(mask, *this, at), value, at))
XGRAD_IN_PLACE(masked_fill_, (const Tensor& mask, const Tensor& value, Location at), (mask, value, at),
               xgrad::masked_fill(x, apart(mask, *this, at), apart(value, *this, at), at))
XGRAD_IN_PLACE(masked_scatter_, (const Tensor& mask, const Tensor& source, Location at), (mask, source, at),
               xgrad::masked_scatter(x, apart(mask, *this, at), apart(source, *this, at), at))
XGRAD_IN_PLACE(eq_, (const Tensor& y, Location at), (y, at), xgrad::eq(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(eq_, (Scalar y, Location at), (y, at), xgrad::eq(x, y, at))
XGRAD_IN_PLACE(ne_, (const Tensor& y, Location at), (y, at), xgrad::ne(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(ne_, (Scalar y, Location at), (y, at), xgrad::ne(x, y, at))
XGRAD_IN_PLACE(lt_, (const Tensor& y, Location at), (y, at), xgrad::lt(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(lt_, (Scalar y, Location at), (y, at), xgrad::lt(x, y, at))
XGRAD_IN_PLACE(le_, (const Tensor& y, Location at), (y, at), xgrad::le(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(le_, (Scalar y, Location at), (y, at), xgrad::le(x, y, at))
XGRAD_IN_PLACE(gt_, (const Tensor& y, Location at), (y, at), xgrad::gt(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(gt_, (Scalar y, Location at), (y, at), xgrad::gt(x, y, at))
XGRAD_IN_PLACE(ge_, (const Tensor& y, Location at), (y, at), xgrad::ge(x, apart(y, *this, at), at))
XGRAD_IN_PLACE(ge_, (Scalar y, Location at), (y, at), xgrad::ge(x, y, at))
XGRAD_IN_PLACE(fill_diagonal_, (Scalar value, bool wrap, Location at), (value, wrap, at),
               xgrad::masked_fill(x, diagonal_mask(x, wrap, at), value, at))

XGRAD_IN_PLACE(uniform_, (double low, double high, const std::optional<Generator>& generator, Location at),
               (low, high, generator, at),
               xgrad::uniform(low, high, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(normal_, (double mean, double stddev, const std::optional<Generator>& generator, Location at),
               (mean, stddev, generator, at),
               xgrad::normal(mean, stddev, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(bernoulli_, (double p, const std::optional<Generator>& generator, Location at), (p, generator, at),
               xgrad::bernoulli(p, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(bernoulli_, (const Tensor& p, const std::optional<Generator>& generator, Location at),
               (p, generator, at), xgrad::bernoulli(expand(p, x.shape(), at), generator, at).to(x.dtype(), at))
XGRAD_IN_PLACE(exponential_, (double rate, const std::optional<Generator>& generator, Location at),
               (rate, generator, at),
               xgrad::exponential(rate, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(geometric_, (double p, const std::optional<Generator>& generator, Location at), (p, generator, at),
               xgrad::geometric(p, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(cauchy_, (double median, double sigma, const std::optional<Generator>& generator, Location at),
               (median, sigma, generator, at),
               xgrad::cauchy(median, sigma, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(log_normal_, (double mean, double stddev, const std::optional<Generator>& generator, Location at),
               (mean, stddev, generator, at),
               xgrad::log_normal(mean, stddev, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(random_, (std::int64_t low, std::int64_t high, const std::optional<Generator>& generator, Location at),
               (low, high, generator, at),
               xgrad::randint(low, high, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(random_, (std::int64_t high, const std::optional<Generator>& generator, Location at),
               (high, generator, at), xgrad::randint(high, x.shape(), {.dtype = x.dtype(), .generator = generator}, at))
XGRAD_IN_PLACE(random_, (const std::optional<Generator>& generator, Location at), (generator, at),
               detail::random_integers(x.shape(), x.dtype(), generator, at))

#undef XGRAD_IN_PLACE

}  // namespace xgrad
