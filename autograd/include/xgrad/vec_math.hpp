// Maths on Vec<float>, Vec<double> and plain float/double. float: branch-free polynomials, at most 2 ulp (exp, log,
// tanh, sin, cos, erf ...), exact at infinities, NaN, signed zeros and in the subnormal range. double: the C library's
// functions lane by lane; double is the reference path.
//
// The single-precision coefficients of exp, log, tanh, sin and cos are those of S. Moshier's Cephes library (public
// mathematical constants); erf's are minimax fits in the same style (see tests/test_vec.cpp for the measured errors).
#pragma once

#include <cmath>

#include <xgrad/vec.hpp>

namespace xgrad {

// ---- float ----
XGRAD_INLINE Vec<float> abs(Vec<float> x) { return vec::from_bits(vec::bits(x) & 0x7fffffff); }
XGRAD_INLINE Vec<float> copysign(Vec<float> m, Vec<float> s) {
  return vec::from_bits((vec::bits(m) & 0x7fffffff) | (vec::bits(s) & int(0x80000000)));
}

XGRAD_INLINE Vec<float> sqrt(Vec<float> x) {
  float t[16];
  x.store(t);
  for (int i = 0; i < 16; ++i) t[i] = __builtin_sqrtf(t[i]);  // becomes one vector instruction without errno
  return Vec<float>::load(t);
}

namespace vec {
// round(x) for |x| < 2^22: adding 1.5 * 2^23 pushes the fraction out.
XGRAD_INLINE Vec<float> round_magic(Vec<float> x) {
  Vec<float> r = x + 12582912.f;
  asm("" : "+m"(r.v));  // keep the pair of operations
  return r - 12582912.f;
}
// exp(x) = 2^n e^r, r in [-ln2/2, ln2/2]; hi/lo: ln 2 in two parts. n is split in two factors so that results down to
// the smallest subnormal and up to infinity come out right.
XGRAD_INLINE Vec<float> exp_scaled(Vec<float> x, Vec<float> low) {
  Vec<float> xc = where(x > 89.f, Vec<float>(89.f), x);
  xc = where(xc < -104.f, Vec<float>(-104.f), xc);
  const Vec<float> z = xc * 1.44269504088896341f + 12582912.f;
  const Vec<float> n = z - 12582912.f;
  Vec<float> r = xc - n * 0.693145751953125f;
  r = r - n * 1.42860677e-6f + low;
  Vec<float> p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.f;
  const Int16 ni = bits(z) - 0x4B400000;
  const Int16 h = ni >> 1, l = ni - h;
  return p * from_bits((h + 127) << 23) * from_bits((l + 127) << 23);
}
}  // namespace vec

XGRAD_INLINE Vec<float> exp(Vec<float> x) {
  const Vec<float> y = vec::exp_scaled(x, 0.f);
  return where(x != x, x, y);
}

// log of x > 0: mantissa in [sqrt(1/2), sqrt(2)), exponent apart.
XGRAD_INLINE Vec<float> log(Vec<float> x) {
  const Mask<float> tiny = x < 1.17549435e-38f;
  const Vec<float> xs = where(tiny, x * 8388608.f, x);
  const vec::Int16 i = vec::bits(xs);
  const vec::Int16 e = (i - 0x3f3504f3) >> 23;
  const Vec<float> m = vec::from_bits(i - (e << 23)) - 1.f;
  const Vec<float> z = m * m;
  Vec<float> p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * z;
  const Vec<float> fe = vec::to_float(e) - where(tiny, Vec<float>(23.f), Vec<float>(0.f));
  p = p - fe * 2.12194440e-4f;
  p = p - z * 0.5f;
  Vec<float> r = fe * 0.693359375f + (m + p);
  r = where(x == 0.f, Vec<float>(-__builtin_inff()), r);
  r = where(x < 0.f, Vec<float>(__builtin_nanf("")), r);
  return where((x == __builtin_inff()) || (x != x), x, r);
}

// log(1 + x) = log(u) + (x - (u - 1)) / u with u = 1 + x rounded: the rounding error of u is put back (Kahan).
XGRAD_INLINE Vec<float> log1p(Vec<float> x) {
  Vec<float> u = x + 1.f;
  asm("" : "+m"(u.v));
  const Vec<float> y = log(u) + (x - (u - 1.f)) / u;
  const Vec<float> small = x - x * x * 0.5f;
  Vec<float> r = where(abs(x) < 1e-4f, small, y);
  r = where(u == __builtin_inff(), u, r);
  r = where(u == 0.f, Vec<float>(-__builtin_inff()), r);
  return where(x == 0.f, x, r);
}

// expm1: the exponential's own polynomial where 1 would cancel.
XGRAD_INLINE Vec<float> expm1(Vec<float> x) {
  Vec<float> p = 1.9875691500e-4f;
  p = p * x + 1.3981999507e-3f;
  p = p * x + 8.3334519073e-3f;
  p = p * x + 4.1665795894e-2f;
  p = p * x + 1.6666665459e-1f;
  p = p * x + 5.0000001201e-1f;
  const Vec<float> small = p * (x * x) + x;
  const Vec<float> a = vec::exp_scaled(x * 0.5f, 0.f);
  const Vec<float> half = a - 1.f;
  const Vec<float> mid = half * (a + 1.f);
  const Vec<float> big = exp(x) - 1.f;
  Vec<float> r = where(abs(x) < 0.35f, small, where(abs(x) < 2.f, mid, big));
  return where((x != x) || (x == 0.f), x, r);
}

XGRAD_INLINE Vec<float> sigmoid(Vec<float> x) {
  return 1.f / (1.f + exp(-x));
}

// Odd polynomial below 0.625, 1 - 2 / (exp(2 |x|) + 1) above.
XGRAD_INLINE Vec<float> tanh(Vec<float> x) {
  const Vec<float> a = abs(x), s = x * x;
  Vec<float> p = -5.70498872745e-3f;
  p = p * s + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  const Vec<float> small = p * s * x + x;
  const Vec<float> e = vec::exp_scaled(a + a, 0.f);
  const Vec<float> big = copysign(1.f - 2.f / (e + 1.f), x);
  return where(a < 0.625f, small, where(x != x, x, big));
}

namespace vec {
// sin or cos of x by quarter turns; exact reduction while |x| < 8192 (pi/2 in three parts), the C library beyond.
template <int shift>
XGRAD_INLINE Vec<float> sincos(Vec<float> x) {
  const Vec<float> n = round_magic(x * 0.636619772367581f);
  const Int16 k = __builtin_convertvector(n.v, Int16) + shift;
  Vec<float> r = x - n * 1.5703125f;
  r = r - n * 4.837512969970703125e-4f;
  r = r - n * 7.54978995489188216e-8f;
  const Vec<float> z = r * r;
  Vec<float> s = Vec<float>(-1.9515295891e-4f) * z + 8.3321608736e-3f;
  s = s * z - 1.6666654611e-1f;
  s = s * z * r + r;
  Vec<float> c = Vec<float>(2.443315711809948e-5f) * z - 1.388731625493765e-3f;
  c = c * z + 4.166664568298827e-2f;
  c = c * (z * z) - z * 0.5f + 1.f;
  const Mask<float> odd{(k & 1) == 1};
  const Vec<float> y = where(odd, c, s);
  return from_bits(bits(y) ^ ((k & 2) << 30));
}
XGRAD_INLINE bool any_large(Vec<float> x) {
  const Int16 big = (bits(x) & 0x7fffffff) > 0x46000000;  // |x| > 8192, infinity, NaN
  int any = 0;
  for (int i = 0; i < 16; ++i) any |= big[i];
  return any != 0;
}
}  // namespace vec

XGRAD_INLINE Vec<float> sin(Vec<float> x) {
  if (vec::any_large(x)) [[unlikely]] return vec::each(x, [](float a) { return std::sin(a); });
  return where(x == 0.f, x, vec::sincos<0>(x));
}
XGRAD_INLINE Vec<float> cos(Vec<float> x) {
  if (vec::any_large(x)) [[unlikely]] return vec::each(x, [](float a) { return std::cos(a); });
  return vec::sincos<1>(x);
}

// erf: Taylor series in x^2 up to |x| < 1 (13 terms are exact in float), and 1 - exp(-x^2) P(t) / above, with
// t = 1 / (1 + x/2) and the Chebyshev fit of W. Press et al., Numerical Recipes, 6.2 (erfc, relative error 1.2e-7).
XGRAD_INLINE Vec<float> erf(Vec<float> x) {
  const Vec<float> a = abs(x), z = x * x;
  Vec<float> p = 7.853861353153693e-5f;
  p = p * z - 8.010193625184903e-4f;
  p = p * z + 5.188327685732524e-3f;
  p = p * z - 2.685381193529856e-2f;
  p = p * z + 1.128358514861418e-1f;
  p = p * z - 3.761262582423300e-1f;
  p = p * z + 1.128379165726710f;
  const Vec<float> small = p * x;
  const Vec<float> t = 1.f / (1.f + a * 0.5f);
  Vec<float> q = 0.17087277f;
  q = q * t - 0.82215223f;
  q = q * t + 1.48851587f;
  q = q * t - 1.13520398f;
  q = q * t + 0.27886807f;
  q = q * t - 0.18628806f;
  q = q * t + 0.09678418f;
  q = q * t + 0.37409196f;
  q = q * t + 1.00002368f;
  q = q * t - 1.26551223f - z;
  const Vec<float> big = copysign(1.f - t * vec::exp_scaled(q, 0.f), x);
  return where(a < 1.f, small, where(x != x, x, big));
}

// ---- double: lane by lane ----
#define XGRAD_LANEWISE(name) \
  XGRAD_INLINE Vec<double> name(Vec<double> x) { return vec::each(x, [](double a) { return std::name(a); }); }
XGRAD_LANEWISE(exp)
XGRAD_LANEWISE(log)
XGRAD_LANEWISE(log1p)
XGRAD_LANEWISE(expm1)
XGRAD_LANEWISE(tanh)
XGRAD_LANEWISE(sin)
XGRAD_LANEWISE(cos)
XGRAD_LANEWISE(erf)
XGRAD_LANEWISE(sqrt)
#undef XGRAD_LANEWISE
XGRAD_INLINE Vec<double> abs(Vec<double> x) {
  return vec::each(x, [](double a) { return __builtin_fabs(a); });
}
XGRAD_INLINE Vec<double> copysign(Vec<double> m, Vec<double> s) {
  return vec::each(m, s, [](double a, double b) { return __builtin_copysign(a, b); });
}
XGRAD_INLINE Vec<double> sigmoid(Vec<double> x) {
  return 1.0 / (1.0 + exp(-x));
}

// ---- plain numbers, so that a generic lambda runs on them too ----
template <class T>
concept Floating = std::is_same_v<T, float> || std::is_same_v<T, double>;
template <Floating T> T exp(T x) { return std::exp(x); }
template <Floating T> T log(T x) { return std::log(x); }
template <Floating T> T log1p(T x) { return std::log1p(x); }
template <Floating T> T expm1(T x) { return std::expm1(x); }
template <Floating T> T tanh(T x) { return std::tanh(x); }
template <Floating T> T sin(T x) { return std::sin(x); }
template <Floating T> T cos(T x) { return std::cos(x); }
template <Floating T> T erf(T x) { return std::erf(x); }
template <Floating T> T sqrt(T x) { return std::sqrt(x); }
template <Floating T> T abs(T x) { return std::fabs(x); }
template <Floating T> T copysign(T m, T s) { return std::copysign(m, s); }
template <Floating T> T sigmoid(T x) { return T(1) / (T(1) + std::exp(-x)); }
template <Floating T> T where(bool c, T a, T b) { return c ? a : b; }

// ---- in terms of the above, for vectors of either type ----
template <class T> XGRAD_INLINE Vec<T> square(Vec<T> x) { return x * x; }
template <class T> XGRAD_INLINE Vec<T> reciprocal(Vec<T> x) { return 1 / x; }
template <class T> XGRAD_INLINE Vec<T> rsqrt(Vec<T> x) { return 1 / sqrt(x); }
// NaN wins.
template <class T> XGRAD_INLINE Vec<T> maximum(Vec<T> a, Vec<T> b) { return where((a > b) || (a != a), a, b); }
template <class T> XGRAD_INLINE Vec<T> minimum(Vec<T> a, Vec<T> b) { return where((a < b) || (a != a), a, b); }
template <class T> XGRAD_INLINE Vec<T> sign(Vec<T> x) {
  return where(x > 0, Vec<T>(1), where(x < 0, Vec<T>(-1), Vec<T>(0)));
}
template <class T> XGRAD_INLINE Vec<T> pow(Vec<T> a, Vec<T> b) {
  return vec::each(a, b, [](T x, T y) { return std::pow(x, y); });
}
// log(1 + exp(x)) without overflow, and log(sigmoid(x)) = -softplus(-x).
template <class T> XGRAD_INLINE Vec<T> softplus(Vec<T> x) {
  return maximum(x, Vec<T>(0)) + log1p(exp(-abs(x)));
}
template <class T> XGRAD_INLINE Vec<T> log_sigmoid(Vec<T> x) {
  return minimum(x, Vec<T>(0)) - log1p(exp(-abs(x)));
}
template <Floating T> T square(T x) { return x * x; }
template <Floating T> T reciprocal(T x) { return 1 / x; }
template <Floating T> T rsqrt(T x) { return 1 / std::sqrt(x); }
template <Floating T> T pow(T a, T b) { return std::pow(a, b); }

}  // namespace xgrad
