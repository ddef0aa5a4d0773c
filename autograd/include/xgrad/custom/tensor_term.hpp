// TensorTerm: a Tensor or a number that takes part in a formula. A formula written for vectors runs on it operation by
// operation, recorded on the tape; that is how derivatives of the third and higher orders of a custom elementwise
// operation come about. Numbers are computed at once, so that the many zero and unit tangents of a Dual cost nothing.
#pragma once

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/rounding.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/trigonometry.hpp>
#include <xgrad/simd/scalar.hpp>

namespace xgrad::simd {

// Truth values from comparing terms; `dtype` is the type of the numbers they choose between.
struct XGRAD_API TermMask {
  Tensor holds;
  DType dtype;
  explicit operator bool() const = delete;  // one truth for each element: where(x > 0, a, b), not if or ?:
};
XGRAD_API TermMask operator&(const TermMask& a, const TermMask& b);
XGRAD_API TermMask operator|(const TermMask& a, const TermMask& b);
XGRAD_API TermMask operator^(const TermMask& a, const TermMask& b);
XGRAD_API TermMask operator!(const TermMask& a);
inline TermMask operator&&(const TermMask& a, const TermMask& b) { return a & b; }
inline TermMask operator||(const TermMask& a, const TermMask& b) { return a | b; }

class XGRAD_API TensorTerm {
 public:
  using mask = TermMask;

  TensorTerm() = default;  // 0
  template <vec::Number S>
  TensorTerm(S s) : number_(static_cast<double>(s)) {}  // NOLINT: numbers mix with tensors
  explicit TensorTerm(const Tensor& t) : tensor_(t) {}

  bool is_number() const { return !tensor_.defined(); }
  bool is_number(double v) const { return is_number() && number_ == v; }
  double number() const { return number_; }
  const Tensor& tensor() const { return tensor_; }
  // As a tensor: a number becomes one of rank 0.
  Tensor to_tensor(DType dtype) const;

  TensorTerm& operator+=(const TensorTerm& o);
  TensorTerm& operator-=(const TensorTerm& o);
  TensorTerm& operator*=(const TensorTerm& o);
  TensorTerm& operator/=(const TensorTerm& o);

 private:
  Tensor tensor_;
  double number_ = 0;
};

XGRAD_API TensorTerm operator+(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TensorTerm operator-(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TensorTerm operator*(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TensorTerm operator/(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TensorTerm operator-(const TensorTerm& a);
inline TensorTerm operator+(const TensorTerm& a) { return a; }
XGRAD_API TermMask operator<(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TermMask operator<=(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TermMask operator==(const TensorTerm& a, const TensorTerm& b);
XGRAD_API TermMask operator!=(const TensorTerm& a, const TensorTerm& b);
inline TermMask operator>(const TensorTerm& a, const TensorTerm& b) { return b < a; }
inline TermMask operator>=(const TensorTerm& a, const TensorTerm& b) { return b <= a; }

XGRAD_API TensorTerm where(const TermMask& m, const TensorTerm& a, const TensorTerm& b);
XGRAD_API TermMask isnan(const TensorTerm& x);
XGRAD_API TermMask isinf(const TensorTerm& x);
XGRAD_API TermMask isfinite(const TensorTerm& x);

// The functions of <xgrad/custom/dual.hpp>.
#define XGRAD_TERM(f) XGRAD_API TensorTerm f(const TensorTerm& x);
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
XGRAD_API TensorTerm pow(const TensorTerm& x, const TensorTerm& y);
XGRAD_API TensorTerm hypot(const TensorTerm& x, const TensorTerm& y);
XGRAD_API TensorTerm atan2(const TensorTerm& y, const TensorTerm& x);

// Tangent times derivative: a tangent that is a number is 0 or 1 nearly always.
template <bool sparse>
TensorTerm chain(const TensorTerm& t, const TensorTerm& f) {
  if (t.is_number(0)) return t;
  return t.is_number(1) ? f : t * f;
}

}  // namespace xgrad::simd

namespace xgrad {

using simd::TensorTerm;
using simd::TermMask;

}  // namespace xgrad
