// The tail of the normal distribution for gelu and erfc: P(X < -a) and the density share one exponential, and keep
// their relative accuracy far out.
#pragma once

#include <xgrad/vec.hpp>

namespace xgrad::detail {

template <int B>
struct NormalAt {
  Vec<float, B> below, density;  // P(X < u), and e^(-u^2 / 2) / sqrt(2 pi)
};

// Of u = v, or of u = sqrt(2) v, without rounding that product: it goes into the coefficients.
struct OfItself {
  static constexpr double factor = 1;
  static constexpr float minus_half_square = -0.5f;
};
struct TimesRootTwo {
  static constexpr double factor = 1.41421356237309504880;
  static constexpr float minus_half_square = -1.f;
};
// c factor^k, the coefficient of v^k of one of u^k.
template <class Scale>
constexpr float scaled(double c, int k) {
  for (; k > 0; --k) c *= Scale::factor;
  return static_cast<float>(c);
}

// P(X < -a) = e^(-a^2 / 2) N(a) / D(a), a = |u|: own minimax fit, relative error below 2^-27 on [0, 14.5], where
// float32 ends; below 1 another one of (P - 1/2) / u, which is rounded less there. a^2 is that of the 12 leading bits,
// which is exact, and a rest that goes into the exponential's reduced argument.
template <class Scale, int B>
XGRAD_INLINE void normal_at(const Vec<float, B>& v, NormalAt<B>& out) {
  using V = Vec<float, B>;
  constexpr float most = static_cast<float>(14.5 / Scale::factor), one = static_cast<float>(1 / Scale::factor);
  const V a = where(most < abs(v), most, abs(v));
  const V high = V::from_bits((a.bits().v + 0x800) & ~0xfff);
  V r, magic;
  vec::exp_reduce(V(high.v * high.v * Scale::minus_half_square), r, magic);
  r.v = r.v + (a.v - high.v) * (a.v + high.v) * Scale::minus_half_square;
  const V e = vec::scale(V(vec::expm1_poly(r).v + 1.f), magic);
  auto n = a.v * scaled<Scale>(4.11596978e-3, 4) + scaled<Scale>(4.063132294e-2, 3);
  n = n * a.v + scaled<Scale>(0.1832300411, 2);
  n = n * a.v + scaled<Scale>(0.438288915, 1);
  n = n * a.v + 0.5f;
  auto d = a.v * scaled<Scale>(1.03170865e-2, 5) + scaled<Scale>(0.1018540697, 4);
  d = d * a.v + scaled<Scale>(0.4694570015, 3);
  d = d * a.v + scaled<Scale>(1.202483334, 2);
  d = d * a.v + scaled<Scale>(1.674462808, 1);
  d = d * a.v + 1.f;
  const V tail(e.v * (n / d));
  const auto s = v.v * v.v;
  auto p = s * scaled<Scale>(-7.462910397e-6, 11) + scaled<Scale>(1.129522204e-4, 9);
  p = p * s + scaled<Scale>(-1.185785039e-3, 7);
  p = p * s + scaled<Scale>(9.973078407e-3, 5);
  p = p * s + scaled<Scale>(-6.649031437e-2, 3);
  p = p * s + scaled<Scale>(0.3989422777, 1);
  out.below = where(a < one, V(p * v.v + 0.5f), where(v < 0, tail, 1 - tail));
  out.density.v = e.v * 0.39894228f;
}

inline constexpr double kMinusHalfRoot = -0.70710678118654752440;  // -1 / sqrt(2)

// v P(X < v). Of anything but vectors of float32: by erfc, since 1 + erf would lose the lower tail.
template <class V>
XGRAD_INLINE V gelu_value(const V& v) {
  return v * 0.5 * erfc(v * kMinusHalfRoot);
}
template <int B>
XGRAD_INLINE Vec<float, B> gelu_value(const Vec<float, B>& v) {
  NormalAt<B> p;
  normal_at<OfItself>(v, p);
  return v * p.below;
}
// Its derivative, P(X < v) + v density(v).
template <class V>
XGRAD_INLINE V gelu_slope(const V& v) {
  return erfc(v * kMinusHalfRoot) * 0.5 + v * (exp(v * v * -0.5) * 0.39894228040143267794);
}
template <int B>
XGRAD_INLINE Vec<float, B> gelu_slope(const Vec<float, B>& v) {
  NormalAt<B> p;
  normal_at<OfItself>(v, p);
  return p.below + v * p.density;
}

// erfc(v) = 2 P(X < -sqrt(2) v).
template <class V>
XGRAD_INLINE V erfc_value(const V& v) {
  return erfc(v);
}
template <int B>
XGRAD_INLINE Vec<float, B> erfc_value(const Vec<float, B>& v) {
  NormalAt<B> p;
  normal_at<TimesRootTwo>(-v, p);
  return p.below * 2;
}

}  // namespace xgrad::detail
