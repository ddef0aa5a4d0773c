// Arc and hyperbolic functions of Vec<float> and Vec<double>: the arcs of float are polynomials, the hyperbolic
// functions and their inverses are made of exp, expm1, log and log1p. Part of <xgrad/simd/elementary.hpp>, which
// includes it. Coefficients of the arcs: S. Moshier, Cephes (single precision).
#pragma once

#include <xgrad/simd/constants.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::simd {
namespace vec {

inline constexpr double kPi = 3.14159265358979323846, kLn2 = 0.693147180559945309417;

// asin(r) for 0 <= r <= 1/2, with z = r^2.
template <int B>
XGRAD_INLINE void arc_sine(const Vec<float, B>& r, const Vec<float, B>& z, Vec<float, B>& out) {
  auto p = z.v * 4.2163199048e-2f + 2.4181311049e-2f;
  p = p * z.v + 4.5470025998e-2f;
  p = p * z.v + 7.4953002686e-2f;
  p = p * z.v + 1.6666752422e-1f;
  out.v = p * z.v * r.v + r.v;
}
// |x| > 1/2 goes through asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)): `half` is that inner arc.
template <int B>
XGRAD_INLINE Mask<float, B> arc_halved(const Vec<float, B>& x, Vec<float, B>& half) {
  using V = Vec<float, B>;
  const V a = abs(x);
  const Mask<float, B> far = a > 0.5f;
  const V z = where(far, (1 - a) * 0.5f, a * a);
  arc_sine(where(far, sqrt(z), a), z, half);
  return far;
}

}  // namespace vec

template <int B>
XGRAD_INLINE Vec<float, B> asin(const Vec<float, B>& x) {
  Vec<float, B> p;
  const Mask<float, B> far = vec::arc_halved(x, p);
  return copysign(where(far, vec::kPi / 2 - (p + p), p), x);
}
template <int B>
XGRAD_INLINE Vec<float, B> acos(const Vec<float, B>& x) {
  using V = Vec<float, B>;
  V p;
  const Mask<float, B> far = vec::arc_halved(x, p);
  const V outer = p + p;
  return where(far, where(x < 0, vec::kPi - outer, outer), vec::kPi / 2 - copysign(p, x));
}
template <int B>
XGRAD_INLINE Vec<float, B> atan(const Vec<float, B>& x) {
  using V = Vec<float, B>;
  const V a = abs(x);
  const Mask<float, B> far = a > 2.414213562373095f, middle = a > 0.4142135623730950f;
  const V t = where(far, -1, where(middle, a - 1, a)) / where(far, a, where(middle, a + 1, 1)), z = t * t;
  auto p = z.v * 8.05374449538e-2f - 1.38776856032e-1f;
  p = p * z.v + 1.99777106478e-1f;
  p = p * z.v - 3.33329491539e-1f;
  const V rest(p * z.v * t.v + t.v);
  return copysign(where(far, vec::kPi / 2, where(middle, vec::kPi / 4, 0)) + rest, x);
}
// The angle within the eighth of the circle, then its mirror images.
template <int B>
XGRAD_INLINE Vec<float, B> atan2(const Vec<float, B>& y, const Vec<float, B>& x) {
  using V = Vec<float, B>;
  const V a = abs(x), b = abs(y);
  const Mask<float, B> steep = b > a;
  const V low = where(steep, a, b), high = where(steep, b, a);
  const V ratio = where(low == high, where(low == 0, 0, 1), low / high);
  V t = atan(ratio);
  t = where(steep, vec::kPi / 2 - t, t);
  t = where(copysign(V(1), x) < 0, vec::kPi - t, t);
  return where(isnan(x) || isnan(y), x + y, copysign(t, y));
}
template <int B>
XGRAD_INLINE Vec<double, B> atan2(const Vec<double, B>& y, const Vec<double, B>& x) {
  return vec::each(y, x, [](double p, double q) { return simd::atan2(p, q); });
}
template <class T, int B, vec::Number S>
XGRAD_INLINE Vec<T, B> atan2(const Vec<T, B>& y, S x) {
  return atan2(y, Vec<T, B>(x));
}
template <class T, int B, vec::Number S>
XGRAD_INLINE Vec<T, B> atan2(S y, const Vec<T, B>& x) {
  return atan2(Vec<T, B>(y), x);
}

// ---- hyperbolic functions ----
// (e^a - e^-a) / 2 with e^a - 1, which keeps small a; far out as the product of two halves, which overflows last.
template <class T, int B>
XGRAD_INLINE Vec<T, B> sinh(const Vec<T, B>& x) {
  using V = Vec<T, B>;
  const V a = abs(x), e = expm1(where(a < 20, a, 20)), half = exp(a * T(0.5));
  return copysign(where(a < 20, (e + e / (e + 1)) * T(0.5), half * T(0.5) * half), x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> cosh(const Vec<T, B>& x) {
  using V = Vec<T, B>;
  const V half = exp(abs(x) * T(0.5)), e = half * half;
  return where(abs(x) < 20, (e + 1 / e) * T(0.5), half * T(0.5) * half);
}

// log(a + sqrt(a^2 + 1)) as log1p of what is beyond 1; log(2 a) where a^2 + 1 is a^2.
template <class T, int B>
XGRAD_INLINE Vec<T, B> asinh(const Vec<T, B>& x) {
  using V = Vec<T, B>;
  constexpr T far = sizeof(T) == 4 ? T(1e4) : T(1e9);
  const V a = abs(x), near = where(a < far, a, 0), s = near * near;
  return copysign(where(a < far, log1p(near + s / (1 + sqrt(s + 1))), log(a) + T(vec::kLn2)), x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> acosh(const Vec<T, B>& x) {
  using V = Vec<T, B>;
  constexpr T far = sizeof(T) == 4 ? T(1e4) : T(1e9);
  const V t = where(x < far, x - 1, 0);
  return where(x < far, log1p(t + sqrt(t) * sqrt(t + 2)), log(x) + T(vec::kLn2));
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> atanh(const Vec<T, B>& x) {
  const Vec<T, B> a = abs(x);
  return copysign(log1p((a + a) / (1 - a)) * T(0.5), x);
}

// By the larger of the two, so that no square overflows or vanishes.
template <class A, class B, class V = typename vec::Common<A, B>::type>
XGRAD_INLINE V hypot(const A& x, const B& y) {
  const V a = abs(V(x)), b = abs(V(y)), high = where(a > b, a, b), low = where(a > b, b, a);
  const V r = low / where(high == 0, 1, high);
  const auto infinite = isinf(a) || isinf(b);
  return where(infinite, vec::kInfinity<typename V::value_type>, high * sqrt(r * r + 1) + (a + b) * 0);
}

}  // namespace xgrad::simd
