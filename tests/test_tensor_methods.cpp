// Operations as methods of a tensor: each is the function of its name, and in place it leaves the value and the
// gradient that the function gives.
#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"
#include "unit_test.hpp"

namespace xgrad {
namespace {

// Between 0 and 1, where all functions are defined; square, for those of matrices.
Tensor numbers(double shift) {
  return from_vector(std::vector<double>{0.31, 0.72, 0.13, 0.55, 0.24, 0.86, 0.47, 0.18, 0.69}, {3, 3}) * 0.9 + shift;
}
const Tensor& first() {
  static const Tensor x = numbers(0.02);
  return x;
}
const Tensor& second() {
  static const Tensor y = flip(numbers(0.05), {0});
  return y;
}

void same(const char* what, const Tensor& got, const Tensor& want) {
  BOOST_CHECK_MESSAGE(got.shape() == want.shape() && got.dtype() == want.dtype(), what);
  BOOST_CHECK_MESSAGE(got.to_vector<double>() == want.to_vector<double>() || allclose(got, want, 0, 0, true), what);
}

// f_(t) against f(t): the values, where they are, and the gradient.
template <class InPlace, class Function>
void in_place(const char* what, InPlace f_, Function f) {
  Tensor plain = first().clone();
  const Tensor* result = &f_(plain);
  BOOST_CHECK_MESSAGE(result == &plain, what);
  same(what, plain, f(first()));
  const Tensor a = first().clone().requires_grad_(), b = first().clone().requires_grad_();
  Tensor changed = a * 1;
  f_(changed);
  const Tensor want = f(b * 1), seed = numbers(1);
  changed.backward(seed);
  want.backward(seed);
  BOOST_CHECK_MESSAGE(allclose(a.grad(), b.grad(), 1e-12, 1e-12, true), what);
}

BOOST_AUTO_TEST_CASE(methods_of_one_tensor) {
  const Tensor& x = first();
  same("x.abs()", x.abs(), xgrad::abs(x));
  same("x.neg()", x.neg(), xgrad::neg(x));
  same("x.sign()", x.sign(), xgrad::sign(x));
  same("x.sgn()", x.sgn(), xgrad::sgn(x));
  same("x.positive()", x.positive(), xgrad::positive(x));
  same("x.square()", x.square(), xgrad::square(x));
  same("x.sqrt()", x.sqrt(), xgrad::sqrt(x));
  same("x.rsqrt()", x.rsqrt(), xgrad::rsqrt(x));
  same("x.reciprocal()", x.reciprocal(), xgrad::reciprocal(x));
  same("x.exp()", x.exp(), xgrad::exp(x));
  same("x.exp2()", x.exp2(), xgrad::exp2(x));
  same("x.expm1()", x.expm1(), xgrad::expm1(x));
  same("x.log()", x.log(), xgrad::log(x));
  same("x.log2()", x.log2(), xgrad::log2(x));
  same("x.log10()", x.log10(), xgrad::log10(x));
  same("x.log1p()", x.log1p(), xgrad::log1p(x));
  same("x.sin()", x.sin(), xgrad::sin(x));
  same("x.cos()", x.cos(), xgrad::cos(x));
  same("x.tan()", x.tan(), xgrad::tan(x));
  same("x.asin()", x.asin(), xgrad::asin(x));
  same("x.acos()", x.acos(), xgrad::acos(x));
  same("x.atan()", x.atan(), xgrad::atan(x));
  same("x.sinh()", x.sinh(), xgrad::sinh(x));
  same("x.cosh()", x.cosh(), xgrad::cosh(x));
  same("x.asinh()", x.asinh(), xgrad::asinh(x));
  same("x.acosh()", x.acosh(), xgrad::acosh(x));
  same("x.atanh()", x.atanh(), xgrad::atanh(x));
  same("x.sinc()", x.sinc(), xgrad::sinc(x));
  same("x.deg2rad()", x.deg2rad(), xgrad::deg2rad(x));
  same("x.rad2deg()", x.rad2deg(), xgrad::rad2deg(x));
  same("x.erf()", x.erf(), xgrad::erf(x));
  same("x.erfc()", x.erfc(), xgrad::erfc(x));
  same("x.erfinv()", x.erfinv(), xgrad::erfinv(x));
  same("x.lgamma()", x.lgamma(), xgrad::lgamma(x));
  same("x.digamma()", x.digamma(), xgrad::digamma(x));
  same("x.i0()", x.i0(), xgrad::i0(x));
  same("x.logit()", x.logit(), xgrad::logit(x));
  same("x.floor()", x.floor(), xgrad::floor(x));
  same("x.ceil()", x.ceil(), xgrad::ceil(x));
  same("x.round()", x.round(), xgrad::round(x));
  same("x.trunc()", x.trunc(), xgrad::trunc(x));
  same("x.fix()", x.fix(), xgrad::fix(x));
  same("x.frac()", x.frac(), xgrad::frac(x));
  same("x.nan_to_num()", x.nan_to_num(), xgrad::nan_to_num(x));
  same("x.isnan()", x.isnan(), xgrad::isnan(x));
  same("x.isinf()", x.isinf(), xgrad::isinf(x));
  same("x.isfinite()", x.isfinite(), xgrad::isfinite(x));
  same("x.isposinf()", x.isposinf(), xgrad::isposinf(x));
  same("x.isneginf()", x.isneginf(), xgrad::isneginf(x));
  same("x.signbit()", x.signbit(), xgrad::signbit(x));
  same("x.logical_not()", x.logical_not(), xgrad::logical_not(x));
  same("x.relu()", x.relu(), xgrad::relu(x));
  same("x.sigmoid()", x.sigmoid(), xgrad::sigmoid(x));
  same("x.tanh()", x.tanh(), xgrad::tanh(x));
  same("x.hardshrink()", x.hardshrink(), xgrad::hardshrink(x));
  same("x.prod()", x.prod(), xgrad::prod(x));
  same("x.any()", x.any(), xgrad::any(x));
  same("x.all()", x.all(), xgrad::all(x));
  same("x.var()", x.var(), xgrad::var(x));
  same("x.std()", x.std(), xgrad::std(x));
  same("x.logsumexp({0})", x.logsumexp({0}), xgrad::logsumexp(x, {0}));
  same("x.nansum()", x.nansum(), xgrad::nansum(x));
  same("x.nanmean()", x.nanmean(), xgrad::nanmean(x));
  same("x.count_nonzero()", x.count_nonzero(), xgrad::count_nonzero(x));
  same("x.max()", x.max(), xgrad::max(x));
  same("x.min()", x.min(), xgrad::min(x));
  same("x.argmin()", x.argmin(), xgrad::argmin(x));
  same("x.argmax()", x.argmax(), xgrad::argmax(x));
  same("x.norm()", x.norm(), xgrad::norm(x));
  same("x.norm(1,1)", x.norm(1, 1), norm(x, 1, {1}));
  same("x.norm('fro')", x.norm("fro"), xgrad::norm(x, "fro"));
  same("x.median()", x.median(), xgrad::median(x));
  same("x.nanmedian()", x.nanmedian(), xgrad::nanmedian(x));
  same("x.amax(1)", x.amax(1), amax(x, {1}));
  same("x.amin({0,1})", x.amin({0, 1}), xgrad::amin(x, {0, 1}));
  same("x.cumsum(0)", x.cumsum(0), xgrad::cumsum(x, 0));
  same("x.cumprod(1)", x.cumprod(1), xgrad::cumprod(x, 1));
  same("x.logcumsumexp(0)", x.logcumsumexp(0), xgrad::logcumsumexp(x, 0));
  same("x.diff()", x.diff(), xgrad::diff(x));
  same("x.argsort()", x.argsort(), xgrad::argsort(x));
  same("x.msort()", x.msort(), xgrad::msort(x));
  same("x.histc(10,0,1)", x.histc(10, 0, 1), xgrad::histc(x, 10, 0, 1));
  same("x.ravel()", x.ravel(), xgrad::ravel(x));
  same("x.flip(1)", x.flip(1), flip(x, {1}));
  same("x.flip({0,1})", x.flip({0, 1}), xgrad::flip(x, {0, 1}));
  same("x.fliplr()", x.fliplr(), xgrad::fliplr(x));
  same("x.flipud()", x.flipud(), xgrad::flipud(x));
  same("x.roll(1,0)", x.roll(1, 0), roll(x, {1}, {0}));
  same("x.rot90()", x.rot90(), xgrad::rot90(x));
  same("x.diagonal()", x.diagonal(), xgrad::diagonal(x));
  same("x.diag()", x.diag(), xgrad::diag(x));
  same("x.diag_embed()", x.diag_embed(), xgrad::diag_embed(x));
  same("x.diagflat()", x.diagflat(), xgrad::diagflat(x));
  same("x.tril()", x.tril(), xgrad::tril(x));
  same("x.triu(1)", x.triu(1), xgrad::triu(x, 1));
  same("x.softmax(1)", x.softmax(1), xgrad::softmax(x, 1));
  same("x.log_softmax(0)", x.log_softmax(0), xgrad::log_softmax(x, 0));
  same("x.trace()", x.trace(), xgrad::trace(x));
  same("x.logdet()", x.logdet(), xgrad::logdet(x));
  same("x.inverse()", x.inverse(), xgrad::inverse(x));
  same("x.pinverse()", x.pinverse(), xgrad::pinverse(x));
  same("x.det()", x.det(), xgrad::det(x));
  same("x.matrix_exp()", x.matrix_exp(), xgrad::matrix_exp(x));
  same("x.matrix_power(3)", x.matrix_power(3), xgrad::matrix_power(x, 3));
  same("x.cov()", x.cov(), xgrad::cov(x));
  same("x.corrcoef()", x.corrcoef(), xgrad::corrcoef(x));
  same("x.repeat({2,1})", x.repeat({2, 1}), xgrad::repeat(x, {2, 1}));
  same("x.tile({2})", x.tile({2}), xgrad::tile(x, {2}));
  same("x.repeat_interleave(2)", x.repeat_interleave(2), xgrad::repeat_interleave(x, 2));
  same("x.unflatten(0,{1,3})", x.unflatten(0, {1, 3}), xgrad::unflatten(x, 0, {1, 3}));
  same("x.movedim(0,1)", x.movedim(0, 1), movedim(x, {0}, {1}));
  same("x.swapaxes(0,1)", x.swapaxes(0, 1), xgrad::swapaxes(x, 0, 1));
  same("x.swapdims(0,1)", x.swapdims(0, 1), xgrad::swapdims(x, 0, 1));
  same("x.moveaxis(0,1)", x.moveaxis(0, 1), moveaxis(x, {0}, {1}));
  same("x.broadcast_to({2,3,3})", x.broadcast_to({2, 3, 3}), xgrad::broadcast_to(x, {2, 3, 3}));
  same("x.unfold(0,2,1)", x.unfold(0, 2, 1), xgrad::unfold(x, 0, 2, 1));
  same("x.sum_to_size({1,3})", x.sum_to_size({1, 3}), xgrad::sum_to_size(x, {1, 3}));
  same("x.quantile(0.5)", x.quantile(0.5), xgrad::quantile(x, 0.5));
  same("x.nanquantile(0.25,1)", x.nanquantile(0.25, 1), xgrad::nanquantile(x, 0.25, 1));
  same("x.renorm(2,0,1)", x.renorm(2, 0, 1), xgrad::renorm(x, 2, 0, 1));
  same("x.argwhere()", x.argwhere(), xgrad::argwhere(x));
  same("x.nonzero()", x.nonzero(), xgrad::nonzero(x));
  same("x.pow(2)", x.pow(2), xgrad::pow(x, 2));
  same("x.float_power(2)", x.float_power(2), xgrad::float_power(x, 2));
  same("x.floor_divide(2)", x.floor_divide(2), xgrad::floor_divide(x, 2));
  same("x.remainder(2)", x.remainder(2), xgrad::remainder(x, 2));
  same("x.fmod(2)", x.fmod(2), xgrad::fmod(x, 2));
  same("x.copysign(-1)", x.copysign(-1), xgrad::copysign(x, -1));
  same("x.xlogy(2)", x.xlogy(2), xgrad::xlogy(x, 2));
  same("x.eq(1)", x.eq(1), xgrad::eq(x, 1));
  same("x.ne(1)", x.ne(1), xgrad::ne(x, 1));
  same("x.lt(1)", x.lt(1), xgrad::lt(x, 1));
  same("x.le(1)", x.le(1), xgrad::le(x, 1));
  same("x.gt(1)", x.gt(1), xgrad::gt(x, 1));
  same("x.ge(1)", x.ge(1), xgrad::ge(x, 1));
  same("x.clamp(0.2,0.5)", x.clamp(0.2, 0.5), xgrad::clamp(x, 0.2, 0.5));
  same("x.clamp_min(0.5)", x.clamp_min(0.5), xgrad::clamp_min(x, 0.5));
  same("x.clamp_max(0.5)", x.clamp_max(0.5), xgrad::clamp_max(x, 0.5));
  same("x.add(1)", x.add(1), xgrad::add(x, 1));
  same("x.sub(1)", x.sub(1), xgrad::sub(x, 1));
  same("x.mul(2)", x.mul(2), xgrad::mul(x, 2));
  same("x.div(2)", x.div(2), xgrad::div(x, 2));
}

BOOST_AUTO_TEST_CASE(methods_of_two_tensors) {
  const Tensor &x = first(), &y = second();
  same("x.pow(y)", x.pow(y), pow(x, y));
  same("x.atan2(y)", x.atan2(y), atan2(x, y));
  same("x.hypot(y)", x.hypot(y), hypot(x, y));
  same("x.fmin(y)", x.fmin(y), fmin(x, y));
  same("x.fmax(y)", x.fmax(y), fmax(x, y));
  same("x.maximum(y)", x.maximum(y), maximum(x, y));
  same("x.minimum(y)", x.minimum(y), minimum(x, y));
  same("x.nextafter(y)", x.nextafter(y), nextafter(x, y));
  same("x.copysign(y)", x.copysign(y), copysign(x, y));
  same("x.xlogy(y)", x.xlogy(y), xlogy(x, y));
  same("x.logaddexp(y)", x.logaddexp(y), logaddexp(x, y));
  same("x.logaddexp2(y)", x.logaddexp2(y), logaddexp2(x, y));
  same("x.heaviside(y)", x.heaviside(y), heaviside(x, y));
  same("x.igamma(y)", x.igamma(y), igamma(x, y));
  same("x.igammac(y)", x.igammac(y), igammac(x, y));
  same("x.remainder(y)", x.remainder(y), remainder(x, y));
  same("x.fmod(y)", x.fmod(y), fmod(x, y));
  same("x.floor_divide(y)", x.floor_divide(y), floor_divide(x, y));
  same("x.float_power(y)", x.float_power(y), float_power(x, y));
  same("x.eq(y)", x.eq(y), eq(x, y));
  same("x.ne(y)", x.ne(y), ne(x, y));
  same("x.lt(y)", x.lt(y), lt(x, y));
  same("x.le(y)", x.le(y), le(x, y));
  same("x.gt(y)", x.gt(y), gt(x, y));
  same("x.ge(y)", x.ge(y), ge(x, y));
  same("x.isclose(y)", x.isclose(y), isclose(x, y));
  same("x.logical_and(y)", x.logical_and(y), logical_and(x, y));
  same("x.logical_or(y)", x.logical_or(y), logical_or(x, y));
  same("x.logical_xor(y)", x.logical_xor(y), logical_xor(x, y));
  same("x.add(y)", x.add(y), add(x, y));
  same("x.sub(y)", x.sub(y), sub(x, y));
  same("x.mul(y)", x.mul(y), mul(x, y));
  same("x.div(y)", x.div(y), div(x, y));
  same("x.matmul(y)", x.matmul(y), matmul(x, y));
  same("x.mm(y)", x.mm(y), mm(x, y));
  same("x.inner(y)", x.inner(y), inner(x, y));
  same("x.kron(y)", x.kron(y), kron(x, y));
  same("x.cross(y)", x.cross(y), cross(x, y));
  same("x.dist(y)", x.dist(y), dist(x, y));
  same("x.clamp_min(y)", x.clamp_min(y), clamp_min(x, y));
  same("x.clamp_max(y)", x.clamp_max(y), clamp_max(x, y));
  const Tensor v = x[0], w = y[0], b = unsqueeze(x, 0);
  same("dot", v.dot(w), dot(v, w));
  same("outer", v.outer(w), outer(v, w));
  same("mv", x.mv(v), mv(x, v));
  same("bmm", b.bmm(b), bmm(b, b));
  same("where", x.where(x > 0.5, y), where(x > 0.5, x, y));
  same("where", x.where(x > 0.5, 0), where(x > 0.5, x, 0));
  same("expand_as", v.expand_as(x), expand(v, {3, 3}));
  same("view_as", x.ravel().view_as(x), x);
  same("reshape_as", x.ravel().reshape_as(y), x);
  BOOST_TEST(x.allclose(x));
  BOOST_TEST(!x.allclose(y));
}

BOOST_AUTO_TEST_CASE(methods_with_several_results) {
  const Tensor& x = first();
  same("x.max(0)", x.max(0).values, max(x, 0).values);
  same("x.min(1)", x.min(1).values, min(x, 1).values);
  same("x.median(0)", x.median(0).values, median(x, 0).values);
  same("x.mode()", x.mode().values, mode(x).values);
  same("x.sort()", x.sort().values, sort(x).values);
  same("x.topk(2)", x.topk(2).values, topk(x, 2).values);
  same("x.kthvalue(1)", x.kthvalue(1).values, kthvalue(x, 1).values);
  same("x.cummax(0)", x.cummax(0).values, cummax(x, 0).values);
  same("x.cummin(1)", x.cummin(1).values, cummin(x, 1).values);
  same("x.nanmedian(1)", x.nanmedian(1).values, nanmedian(x, 1).values);
  same("x.split(1)", cat(x.split(1)), cat(split(x, 1)));
  same("x.chunk(2)", cat(x.chunk(2)), cat(chunk(x, 2)));
  same("x.unbind()", cat(x.unbind()), cat(unbind(x)));
  same("x.tensor_split(2)", cat(x.tensor_split(2)), cat(tensor_split(x, 2)));
  same("x.hsplit(3)", cat(x.hsplit(3)), cat(hsplit(x, 3)));
  same("x.vsplit(3)", cat(x.vsplit(3)), cat(vsplit(x, 3)));
  const auto [values, indices] = x.max(1);
  same("max", values, amax(x, {1}));
  same("aminmax", x.aminmax().max, max(x));
  same("var_mean", x.var_mean(0).mean, mean(x, 0));
  same("frexp", x.frexp().mantissa, frexp(x).mantissa);
  same("unique", x.unique().values, unique(x).values);
}

BOOST_AUTO_TEST_CASE(methods_by_place) {
  const Tensor &x = first(), &y = second();
  const Tensor i = tensor({2, 0, 1}), k = tensor({{2, 0, 1}, {0, 1, 2}, {1, 2, 0}});
  same("index_select", x.index_select(0, i), index_select(x, 0, i));
  same("gather", x.gather(1, k), gather(x, 1, k));
  same("take", x.take(k), take(x, k));
  same("take_along_dim", x.take_along_dim(k, 1), take_along_dim(x, k, 1));
  same("scatter", x.scatter(0, k, y), scatter(x, 0, k, y));
  same("scatter_add", x.scatter_add(0, k, y), scatter_add(x, 0, k, y));
  same("index_add", x.index_add(0, i, y), index_add(x, 0, i, y));
  same("masked_select", x.masked_select(x > 0.5), masked_select(x, x > 0.5));
  same("masked_fill", x.masked_fill(x > 0.5, 1), masked_fill(x, x > 0.5, 1));
}

BOOST_AUTO_TEST_CASE(methods_in_place) {
  const Tensor& y = second();
  const Tensor i = tensor({2, 0, 1}), k = tensor({{2, 0, 1}, {0, 1, 2}, {1, 2, 0}});
  in_place(
      "abs_", [&](Tensor& t) -> Tensor& { return t.abs_(); }, [&](const Tensor& t) { return abs(t); });
  in_place(
      "neg_", [&](Tensor& t) -> Tensor& { return t.neg_(); }, [&](const Tensor& t) { return neg(t); });
  in_place(
      "sign_", [&](Tensor& t) -> Tensor& { return t.sign_(); }, [&](const Tensor& t) { return sign(t); });
  in_place(
      "square_", [&](Tensor& t) -> Tensor& { return t.square_(); }, [&](const Tensor& t) { return square(t); });
  in_place(
      "sqrt_", [&](Tensor& t) -> Tensor& { return t.sqrt_(); }, [&](const Tensor& t) { return sqrt(t); });
  in_place(
      "rsqrt_", [&](Tensor& t) -> Tensor& { return t.rsqrt_(); }, [&](const Tensor& t) { return rsqrt(t); });
  in_place(
      "reciprocal_", [&](Tensor& t) -> Tensor& { return t.reciprocal_(); },
      [&](const Tensor& t) { return reciprocal(t); });
  in_place(
      "exp_", [&](Tensor& t) -> Tensor& { return t.exp_(); }, [&](const Tensor& t) { return exp(t); });
  in_place(
      "exp2_", [&](Tensor& t) -> Tensor& { return t.exp2_(); }, [&](const Tensor& t) { return exp2(t); });
  in_place(
      "expm1_", [&](Tensor& t) -> Tensor& { return t.expm1_(); }, [&](const Tensor& t) { return expm1(t); });
  in_place(
      "log_", [&](Tensor& t) -> Tensor& { return t.log_(); }, [&](const Tensor& t) { return log(t); });
  in_place(
      "log2_", [&](Tensor& t) -> Tensor& { return t.log2_(); }, [&](const Tensor& t) { return log2(t); });
  in_place(
      "log10_", [&](Tensor& t) -> Tensor& { return t.log10_(); }, [&](const Tensor& t) { return log10(t); });
  in_place(
      "log1p_", [&](Tensor& t) -> Tensor& { return t.log1p_(); }, [&](const Tensor& t) { return log1p(t); });
  in_place(
      "sin_", [&](Tensor& t) -> Tensor& { return t.sin_(); }, [&](const Tensor& t) { return sin(t); });
  in_place(
      "cos_", [&](Tensor& t) -> Tensor& { return t.cos_(); }, [&](const Tensor& t) { return cos(t); });
  in_place(
      "tan_", [&](Tensor& t) -> Tensor& { return t.tan_(); }, [&](const Tensor& t) { return tan(t); });
  in_place(
      "asin_", [&](Tensor& t) -> Tensor& { return t.asin_(); }, [&](const Tensor& t) { return asin(t); });
  in_place(
      "acos_", [&](Tensor& t) -> Tensor& { return t.acos_(); }, [&](const Tensor& t) { return acos(t); });
  in_place(
      "atan_", [&](Tensor& t) -> Tensor& { return t.atan_(); }, [&](const Tensor& t) { return atan(t); });
  in_place(
      "sinh_", [&](Tensor& t) -> Tensor& { return t.sinh_(); }, [&](const Tensor& t) { return sinh(t); });
  in_place(
      "cosh_", [&](Tensor& t) -> Tensor& { return t.cosh_(); }, [&](const Tensor& t) { return cosh(t); });
  in_place(
      "asinh_", [&](Tensor& t) -> Tensor& { return t.asinh_(); }, [&](const Tensor& t) { return asinh(t); });
  in_place(
      "atanh_", [&](Tensor& t) -> Tensor& { return t.atanh_(); }, [&](const Tensor& t) { return atanh(t); });
  in_place(
      "sinc_", [&](Tensor& t) -> Tensor& { return t.sinc_(); }, [&](const Tensor& t) { return sinc(t); });
  in_place(
      "deg2rad_", [&](Tensor& t) -> Tensor& { return t.deg2rad_(); }, [&](const Tensor& t) { return deg2rad(t); });
  in_place(
      "rad2deg_", [&](Tensor& t) -> Tensor& { return t.rad2deg_(); }, [&](const Tensor& t) { return rad2deg(t); });
  in_place(
      "erf_", [&](Tensor& t) -> Tensor& { return t.erf_(); }, [&](const Tensor& t) { return erf(t); });
  in_place(
      "erfc_", [&](Tensor& t) -> Tensor& { return t.erfc_(); }, [&](const Tensor& t) { return erfc(t); });
  in_place(
      "erfinv_", [&](Tensor& t) -> Tensor& { return t.erfinv_(); }, [&](const Tensor& t) { return erfinv(t); });
  in_place(
      "lgamma_", [&](Tensor& t) -> Tensor& { return t.lgamma_(); }, [&](const Tensor& t) { return lgamma(t); });
  in_place(
      "digamma_", [&](Tensor& t) -> Tensor& { return t.digamma_(); }, [&](const Tensor& t) { return digamma(t); });
  in_place(
      "i0_", [&](Tensor& t) -> Tensor& { return t.i0_(); }, [&](const Tensor& t) { return i0(t); });
  in_place(
      "logit_", [&](Tensor& t) -> Tensor& { return t.logit_(); }, [&](const Tensor& t) { return logit(t); });
  in_place(
      "floor_", [&](Tensor& t) -> Tensor& { return t.floor_(); }, [&](const Tensor& t) { return floor(t); });
  in_place(
      "ceil_", [&](Tensor& t) -> Tensor& { return t.ceil_(); }, [&](const Tensor& t) { return ceil(t); });
  in_place(
      "round_", [&](Tensor& t) -> Tensor& { return t.round_(); }, [&](const Tensor& t) { return round(t); });
  in_place(
      "trunc_", [&](Tensor& t) -> Tensor& { return t.trunc_(); }, [&](const Tensor& t) { return trunc(t); });
  in_place(
      "fix_", [&](Tensor& t) -> Tensor& { return t.fix_(); }, [&](const Tensor& t) { return fix(t); });
  in_place(
      "frac_", [&](Tensor& t) -> Tensor& { return t.frac_(); }, [&](const Tensor& t) { return frac(t); });
  in_place(
      "nan_to_num_", [&](Tensor& t) -> Tensor& { return t.nan_to_num_(); },
      [&](const Tensor& t) { return nan_to_num(t); });
  in_place(
      "relu_", [&](Tensor& t) -> Tensor& { return t.relu_(); }, [&](const Tensor& t) { return relu(t); });
  in_place(
      "sigmoid_", [&](Tensor& t) -> Tensor& { return t.sigmoid_(); }, [&](const Tensor& t) { return sigmoid(t); });
  in_place(
      "tanh_", [&](Tensor& t) -> Tensor& { return t.tanh_(); }, [&](const Tensor& t) { return tanh(t); });
  in_place(
      "tril_", [&](Tensor& t) -> Tensor& { return t.tril_(); }, [&](const Tensor& t) { return tril(t); });
  in_place(
      "triu_", [&](Tensor& t) -> Tensor& { return t.triu_(); }, [&](const Tensor& t) { return triu(t); });
  in_place(
      "pow_", [&](Tensor& t) -> Tensor& { return t.pow_(2); }, [&](const Tensor& t) { return pow(t, 2); });
  in_place(
      "float_power_", [&](Tensor& t) -> Tensor& { return t.float_power_(2); },
      [&](const Tensor& t) { return float_power(t, 2); });
  in_place(
      "remainder_", [&](Tensor& t) -> Tensor& { return t.remainder_(2); },
      [&](const Tensor& t) { return remainder(t, 2); });
  in_place(
      "fmod_", [&](Tensor& t) -> Tensor& { return t.fmod_(2); }, [&](const Tensor& t) { return fmod(t, 2); });
  in_place(
      "floor_divide_", [&](Tensor& t) -> Tensor& { return t.floor_divide_(2); },
      [&](const Tensor& t) { return floor_divide(t, 2); });
  in_place(
      "clamp_min_", [&](Tensor& t) -> Tensor& { return t.clamp_min_(0.5); },
      [&](const Tensor& t) { return clamp_min(t, 0.5); });
  in_place(
      "clamp_max_", [&](Tensor& t) -> Tensor& { return t.clamp_max_(0.5); },
      [&](const Tensor& t) { return clamp_max(t, 0.5); });
  in_place(
      "cumsum_", [&](Tensor& t) -> Tensor& { return t.cumsum_(0); }, [&](const Tensor& t) { return cumsum(t, 0); });
  in_place(
      "cumprod_", [&](Tensor& t) -> Tensor& { return t.cumprod_(1); }, [&](const Tensor& t) { return cumprod(t, 1); });
  in_place(
      "renorm_", [&](Tensor& t) -> Tensor& { return t.renorm_(2, 0, 1); },
      [&](const Tensor& t) { return renorm(t, 2, 0, 1); });
  in_place(
      "atan2_", [&](Tensor& t) -> Tensor& { return t.atan2_(y); }, [&](const Tensor& t) { return atan2(t, y); });
  in_place(
      "hypot_", [&](Tensor& t) -> Tensor& { return t.hypot_(y); }, [&](const Tensor& t) { return hypot(t, y); });
  in_place(
      "xlogy_", [&](Tensor& t) -> Tensor& { return t.xlogy_(y); }, [&](const Tensor& t) { return xlogy(t, y); });
  in_place(
      "copysign_", [&](Tensor& t) -> Tensor& { return t.copysign_(y); },
      [&](const Tensor& t) { return copysign(t, y); });
  in_place(
      "lerp_", [&](Tensor& t) -> Tensor& { return t.lerp_(y, 0.5); }, [&](const Tensor& t) { return lerp(t, y, 0.5); });
  in_place(
      "addcmul_", [&](Tensor& t) -> Tensor& { return t.addcmul_(y, y); },
      [&](const Tensor& t) { return addcmul(t, y, y); });
  in_place(
      "addcdiv_", [&](Tensor& t) -> Tensor& { return t.addcdiv_(y, y); },
      [&](const Tensor& t) { return addcdiv(t, y, y); });
  in_place(
      "addmm_", [&](Tensor& t) -> Tensor& { return t.addmm_(y, y); }, [&](const Tensor& t) { return addmm(t, y, y); });
  in_place(
      "pow_", [&](Tensor& t) -> Tensor& { return t.pow_(y); }, [&](const Tensor& t) { return pow(t, y); });
  in_place(
      "masked_fill_", [&](Tensor& t) -> Tensor& { return t.masked_fill_(y > 0.5, 2); },
      [&](const Tensor& t) { return masked_fill(t, y > 0.5, 2); });
  in_place(
      "index_fill_", [&](Tensor& t) -> Tensor& { return t.index_fill_(0, i, 3); },
      [&](const Tensor& t) { return index_fill(t, 0, i, 3); });
  in_place(
      "index_add_", [&](Tensor& t) -> Tensor& { return t.index_add_(0, i, y); },
      [&](const Tensor& t) { return index_add(t, 0, i, y); });
  in_place(
      "index_copy_", [&](Tensor& t) -> Tensor& { return t.index_copy_(0, i, y); },
      [&](const Tensor& t) { return index_copy(t, 0, i, y); });
  in_place(
      "scatter_", [&](Tensor& t) -> Tensor& { return t.scatter_(0, k, y); },
      [&](const Tensor& t) { return scatter(t, 0, k, y); });
  in_place(
      "scatter_add_", [&](Tensor& t) -> Tensor& { return t.scatter_add_(0, k, y); },
      [&](const Tensor& t) { return scatter_add(t, 0, k, y); });
  in_place(
      "put_", [&](Tensor& t) -> Tensor& { return t.put_(k, y); }, [&](const Tensor& t) { return put(t, k, y); });
}

BOOST_AUTO_TEST_CASE(an_operand_may_be_the_tensor_itself) {
  const Tensor a = first().clone().requires_grad_(), b = first().clone().requires_grad_();
  Tensor changed = a * 1;
  changed.pow_(changed);
  const Tensor same_power = b * 1;
  changed.sum().backward();
  pow(same_power, same_power).sum().backward();
  BOOST_TEST(allclose(a.grad(), b.grad(), 1e-12));
}

BOOST_AUTO_TEST_CASE(in_place_methods_refuse_what_does_not_fit) {
  Tensor row = ones({1, 3}), whole = ones({3}, {kInt64}), leaf = ones({3}, {kFloat32, true});
  BOOST_CHECK_THROW(row.hypot_(ones({2, 3})), ShapeError);
  BOOST_TEST(row.shape() == Shape({1, 3}));
  BOOST_CHECK_THROW(whole.exp_(), DTypeError);
  BOOST_TEST(whole[0].item<std::int64_t>() == 1);
  BOOST_CHECK_THROW(leaf.exp_(), AutogradError);
  try {
    whole.exp_();
  } catch (const DTypeError& e) {
    BOOST_TEST(std::string(e.what()).find("test_tensor_methods.cpp") != std::string::npos);
    BOOST_TEST(std::string(e.what()).find("exp_") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_list_is_dimensions_and_a_number_an_order) {
  const Tensor& x = first();
  same("norm({1})", x.norm({1}), norm(x, 2, {1}));
  same("norm({0, 1})", x.norm({0, 1}), norm(x, 2));
  same("norm(1)", x.norm(1), norm(x, 1));
  same("norm(1, 1)", x.norm(1, 1), norm(x, 1, {1}));
  same("norm(0.5, {0})", x.norm(0.5, {0}), norm(x, 0.5, {0}));
}

BOOST_AUTO_TEST_CASE(what_is_written_into_a_copy_is_reported) {
  Tensor x = first().clone();
  const Tensor before = x.clone(), mask = x > 0.5;
  const auto lost = [](auto write) {
    BOOST_CHECK_EXCEPTION(write(), ValueError, [](const ValueError& e) {
      const std::string says = e.what();
      return says.find("is lost") != std::string::npos && says.find("test_tensor_methods.cpp") != std::string::npos;
    });
  };
  lost([&] { x.index({mask}) = 0; });
  lost([&] { x.masked_select(mask) = 0; });
  lost([&] { x.flip(0) = before; });
  same("x", x, before);
  x.index({Slice{}, 0}) = 1;
  x[1] = 2;
  x.select(1, 2) = before.select(1, 2);
  BOOST_TEST(x[0][0].item() == 1);
  BOOST_TEST(x[1][1].item() == 2);
  BOOST_TEST(x[1][2].item() == before[1][2].item());
  std::vector<Tensor> list{x};
  const auto get = [&] { return list[0]; };
  get() = 3;  // another handle of x
  BOOST_TEST(x[2][2].item() == 3);
}

BOOST_AUTO_TEST_CASE(numbers_are_subtracted_in_place) {
  Tensor x = first().clone();
  same("sub_", x.sub_(0.25), first() - 0.25);
  const Tensor leaf = first().clone().requires_grad_();
  Tensor y = leaf * 2;
  y.sub_(1).square_();
  y.sum().backward();
  same("grad", leaf.grad(), 4 * (2 * first() - 1));
}

BOOST_AUTO_TEST_CASE(overlapping_windows_are_not_written_in_place) {
  Tensor x = first().flatten().clone();
  BOOST_CHECK_THROW(x.unfold(0, 3, 1).mul_(2), std::exception);
  same("x", x, first().flatten());
  x.unfold(0, 3, 3).mul_(2);
  same("x", x, first().flatten() * 2);
}

BOOST_AUTO_TEST_CASE(of_a_temporary_in_place_methods_give_a_value) {
  const Tensor& t = first().clone().exp_();
  same("exp_", t, exp(first()));
}

}  // namespace
}  // namespace xgrad
