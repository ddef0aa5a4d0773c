#include <cmath>

#include <xgrad/custom/tensor_term.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/record.hpp>

namespace xgrad::simd {
namespace {

TermMask truth(bool b) { return {full({}, Scalar(b), {kBool}), kFloat64}; }
DType wider(const TermMask& a, const TermMask& b) { return a.dtype == kFloat32 ? a.dtype : b.dtype; }

}  // namespace

// ---- masks ----
TermMask operator&(const TermMask& a, const TermMask& b) { return {logical_and(a.holds, b.holds), wider(a, b)}; }
TermMask operator|(const TermMask& a, const TermMask& b) { return {logical_or(a.holds, b.holds), wider(a, b)}; }
TermMask operator^(const TermMask& a, const TermMask& b) { return {logical_xor(a.holds, b.holds), wider(a, b)}; }
TermMask operator!(const TermMask& a) { return {logical_not(a.holds), a.dtype}; }

TermMask operator<(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number())
    return b.is_number() ? truth(a.number() < b.number()) : TermMask{gt(b.tensor(), a.number()), b.tensor().dtype()};
  return {b.is_number() ? lt(a.tensor(), b.number()) : lt(a.tensor(), b.tensor()), a.tensor().dtype()};
}
TermMask operator<=(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number())
    return b.is_number() ? truth(a.number() <= b.number()) : TermMask{ge(b.tensor(), a.number()), b.tensor().dtype()};
  return {b.is_number() ? le(a.tensor(), b.number()) : le(a.tensor(), b.tensor()), a.tensor().dtype()};
}
TermMask operator==(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number()) return b.is_number() ? truth(a.number() == b.number()) : b == a;
  return {b.is_number() ? eq(a.tensor(), b.number()) : eq(a.tensor(), b.tensor()), a.tensor().dtype()};
}
TermMask operator!=(const TensorTerm& a, const TensorTerm& b) { return !(a == b); }

TensorTerm where(const TermMask& m, const TensorTerm& a, const TensorTerm& b) {
  if (!b.is_number())
    return TensorTerm(a.is_number() ? where(m.holds, Scalar(a.number()), b.tensor())
                                    : where(m.holds, a.tensor(), b.tensor()));
  if (a.is_number() && a.number() == b.number()) return a;
  return TensorTerm(where(m.holds, a.to_tensor(m.dtype), Scalar(b.number())));
}
TermMask isnan(const TensorTerm& x) {
  return x.is_number() ? truth(std::isnan(x.number())) : TermMask{isnan(x.tensor()), x.tensor().dtype()};
}
TermMask isinf(const TensorTerm& x) {
  return x.is_number() ? truth(std::isinf(x.number())) : TermMask{isinf(x.tensor()), x.tensor().dtype()};
}
TermMask isfinite(const TensorTerm& x) {
  return x.is_number() ? truth(std::isfinite(x.number())) : TermMask{isfinite(x.tensor()), x.tensor().dtype()};
}

// ---- arithmetic ----
Tensor TensorTerm::to_tensor(DType dtype) const { return is_number() ? full({}, Scalar(number_), {dtype}) : tensor_; }
TensorTerm& TensorTerm::operator+=(const TensorTerm& o) { return *this = *this + o; }
TensorTerm& TensorTerm::operator-=(const TensorTerm& o) { return *this = *this - o; }
TensorTerm& TensorTerm::operator*=(const TensorTerm& o) { return *this = *this * o; }
TensorTerm& TensorTerm::operator/=(const TensorTerm& o) { return *this = *this / o; }

TensorTerm operator+(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number()) {
    if (b.is_number()) return a.number() + b.number();
    return a.number() == 0 ? b : TensorTerm(add(b.tensor(), Scalar(a.number())));
  }
  if (b.is_number()) return b.number() == 0 ? a : TensorTerm(add(a.tensor(), Scalar(b.number())));
  return TensorTerm(add(a.tensor(), b.tensor()));
}
TensorTerm operator-(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number()) {
    if (b.is_number()) return a.number() - b.number();
    return a.number() == 0 ? -b : TensorTerm(rsub(b.tensor(), Scalar(a.number())));
  }
  if (b.is_number()) return b.number() == 0 ? a : TensorTerm(sub(a.tensor(), Scalar(b.number())));
  return TensorTerm(sub(a.tensor(), b.tensor()));
}
TensorTerm operator*(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number()) {
    if (b.is_number()) return a.number() * b.number();
    return a.number() == 1 ? b : TensorTerm(mul(b.tensor(), Scalar(a.number())));
  }
  if (b.is_number()) return b.number() == 1 ? a : TensorTerm(mul(a.tensor(), Scalar(b.number())));
  return TensorTerm(mul(a.tensor(), b.tensor()));
}
TensorTerm operator/(const TensorTerm& a, const TensorTerm& b) {
  if (a.is_number())
    return b.is_number() ? TensorTerm(a.number() / b.number()) : TensorTerm(rdiv(b.tensor(), Scalar(a.number())));
  return TensorTerm(b.is_number() ? div(a.tensor(), Scalar(b.number())) : div(a.tensor(), b.tensor()));
}
TensorTerm operator-(const TensorTerm& a) {
  return a.is_number() ? TensorTerm(-a.number()) : TensorTerm(neg(a.tensor()));
}

// ---- functions that are operations of the library ----
#define XGRAD_TERM(f) \
  TensorTerm f(const TensorTerm& x) { return x.is_number() ? TensorTerm(f(x.number())) : TensorTerm(f(x.tensor())); }
XGRAD_TERM(exp)
XGRAD_TERM(exp2)
XGRAD_TERM(expm1)
XGRAD_TERM(log)
XGRAD_TERM(log2)
XGRAD_TERM(log10)
XGRAD_TERM(log1p)
XGRAD_TERM(sqrt)
XGRAD_TERM(rsqrt)
XGRAD_TERM(square)
XGRAD_TERM(reciprocal)
XGRAD_TERM(sin)
XGRAD_TERM(cos)
XGRAD_TERM(tan)
XGRAD_TERM(asin)
XGRAD_TERM(acos)
XGRAD_TERM(atan)
XGRAD_TERM(sinh)
XGRAD_TERM(cosh)
XGRAD_TERM(tanh)
XGRAD_TERM(asinh)
XGRAD_TERM(acosh)
XGRAD_TERM(atanh)
XGRAD_TERM(erf)
XGRAD_TERM(erfc)
XGRAD_TERM(sigmoid)
XGRAD_TERM(softplus)
XGRAD_TERM(log_sigmoid)
XGRAD_TERM(abs)
XGRAD_TERM(sign)
XGRAD_TERM(round)
XGRAD_TERM(floor)
XGRAD_TERM(ceil)
XGRAD_TERM(trunc)
#undef XGRAD_TERM

TensorTerm pow(const TensorTerm& x, const TensorTerm& y) {
  if (y.is_number())
    return x.is_number() ? TensorTerm(std::pow(x.number(), y.number()))
                         : TensorTerm(pow(x.tensor(), Scalar(y.number())));
  return TensorTerm(x.is_number() ? pow(Scalar(x.number()), y.tensor()) : pow(x.tensor(), y.tensor()));
}

TensorTerm hypot(const TensorTerm& x, const TensorTerm& y) {
  if (x.is_number() && y.is_number()) return std::hypot(x.number(), y.number());
  const DType dtype = (x.is_number() ? y : x).tensor().dtype();
  return TensorTerm(hypot(x.to_tensor(dtype), y.to_tensor(dtype)));
}
TensorTerm atan2(const TensorTerm& y, const TensorTerm& x) {
  if (y.is_number() && x.is_number()) return std::atan2(y.number(), x.number());
  const DType dtype = (y.is_number() ? x : y).tensor().dtype();
  return TensorTerm(atan2(y.to_tensor(dtype), x.to_tensor(dtype)));
}

}  // namespace xgrad::simd
