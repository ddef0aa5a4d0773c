// The tail of the normal distribution for gelu: P(X < -a) and the density share one exponential, and keep their
// relative accuracy far out.
#pragma once

#include <xgrad/vec.hpp>

namespace xgrad::detail {

template <int B>
struct NormalAt {
  Vec<float, B> below, density;  // P(X < v), and e^(-v^2 / 2) / sqrt(2 pi)
};

// P(X < -a) = e^(-a^2 / 2) N(a) / D(a), a = |v|: own minimax fit, relative error below 2^-27 on [0, 14.5], where
// float32 ends; below 1 another one of (P - 1/2) / v, which is rounded less there. a^2 is that of the 12 leading bits,
// which is exact, and a rest that goes into the exponential's reduced argument.
template <int B>
XGRAD_INLINE void normal_at(const Vec<float, B>& v, NormalAt<B>& out) {
  using V = Vec<float, B>;
  const V a = where(14.5f < abs(v), 14.5f, abs(v));
  const V high = V::from_bits((a.bits().v + 0x800) & ~0xfff);
  V r, magic;
  vec::exp_reduce(V(high.v * high.v * -0.5f), r, magic);
  r.v = r.v - (a.v - high.v) * (a.v + high.v) * 0.5f;
  const V e = vec::scale(V(vec::expm1_poly(r).v + 1.f), magic);
  auto n = a.v * 4.11596978e-3f + 4.063132294e-2f;
  n = n * a.v + 0.1832300411f;
  n = n * a.v + 0.438288915f;
  n = n * a.v + 0.5f;
  auto d = a.v * 1.03170865e-2f + 0.1018540697f;
  d = d * a.v + 0.4694570015f;
  d = d * a.v + 1.202483334f;
  d = d * a.v + 1.674462808f;
  d = d * a.v + 1.f;
  const V tail(e.v * (n / d));
  const auto s = v.v * v.v;
  auto p = s * -7.462910397e-6f + 1.129522204e-4f;
  p = p * s - 1.185785039e-3f;
  p = p * s + 9.973078407e-3f;
  p = p * s - 6.649031437e-2f;
  p = p * s + 0.3989422777f;
  out.below = where(a < 1, V(p * v.v + 0.5f), where(v < 0, tail, 1 - tail));
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
  normal_at(v, p);
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
  normal_at(v, p);
  return p.below + v * p.density;
}

}  // namespace xgrad::detail
