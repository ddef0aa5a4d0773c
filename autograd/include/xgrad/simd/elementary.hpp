// Maths on Vec<float>, Vec<double> and plain float/double, found by argument-dependent lookup for vectors and by
// ordinary lookup inside namespace xgrad for numbers, so that one generic lambda serves all of them.
//
// Vec<float>: exp, exp2, expm1, log, log2, log1p, sin, cos, tanh and erf are branch-free polynomials within 2 ulp;
// sigmoid, softplus, log_sigmoid and log10 within 2.5, asin, acos, atan, hypot and the hyperbolic functions with their
// inverses within 3, tan and atan2 within 3.5. Vec<double>: so are exp, exp2, expm1, log, log2, log1p, tanh, sigmoid,
// softplus, log_sigmoid, hypot and the hyperbolic ones. All are right at infinities, NaN, signed zeros and subnormals.
// The rest calls the C library per lane. tests/test_vec.cpp measures every bound.
//
// Exponentials and logarithms have one body for both types (<xgrad/simd/exp_log.hpp>), and so has whatever is made of
// them, as in <xgrad/simd/arcs.hpp>; tanh takes another way in each, and the rest of trigonometry and erf exist for
// float only. Coefficients of tanh, sin and cos: S. Moshier, Cephes; erf: own minimax fits.
#pragma once

#include <xgrad/simd/constants.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::simd {

// ---- building blocks ----
namespace vec {

// Integer lanes of the portable Vec<float>.
typedef std::int32_t Int16 __attribute__((vector_size(64)));
template <class T>  // a template, so that only its use can warn about the vector returned
XGRAD_INLINE typename Vec<T>::integer bits(const Vec<T>& a) {
  return a.bits().v;
}
XGRAD_INLINE Vec<float> from_bits(const Int16& i) { return Vec<float>::from_bits(i); }
XGRAD_INLINE Vec<float> to_float(const Int16& i) { return __builtin_convertvector(i, Vec<float>::native); }

// f on every lane.
template <class T, int B, class F>
XGRAD_INLINE Vec<T, B> each(const Vec<T, B>& a, F f) {
  T x[Vec<T, B>::lanes];
  a.store(x);
  for (int i = 0; i < Vec<T, B>::lanes; ++i) x[i] = f(x[i]);
  return Vec<T, B>::load(x);
}
template <class T, int B, class F>
XGRAD_INLINE Vec<T, B> each(const Vec<T, B>& a, const Vec<T, B>& b, F f) {
  T x[Vec<T, B>::lanes], y[Vec<T, B>::lanes];
  a.store(x);
  b.store(y);
  for (int i = 0; i < Vec<T, B>::lanes; ++i) x[i] = f(x[i], y[i]);
  return Vec<T, B>::load(x);
}

// The vector type of a function of two arguments, at least one of them a Vec and the other a Vec or a number.
template <class A, class B>
struct Common {};
template <class T, int B>
struct Common<Vec<T, B>, Vec<T, B>> {
  using type = Vec<T, B>;
};
template <class T, int B, Number S>
struct Common<Vec<T, B>, S> {
  using type = Vec<T, B>;
};
template <class T, int B, Number S>
struct Common<S, Vec<T, B>> {
  using type = Vec<T, B>;
};

template <class T>
inline constexpr T kInfinity = static_cast<T>(__builtin_inf());
template <class T>
inline constexpr T kNaN = static_cast<T>(__builtin_nan(""));

}  // namespace vec

// ---- signs, rounding, selection ----
template <class T, int B>
XGRAD_INLINE Vec<T, B> abs(const Vec<T, B>& x) {
  return Vec<T, B>::from_bits(x.bits().v & ~vec::Constants<T>::sign);
}
template <class A, class B, class V = typename vec::Common<A, B>::type>
XGRAD_INLINE V copysign(const A& magnitude, const B& sign) {
  constexpr auto bit = vec::Constants<typename V::value_type>::sign;
  return V::from_bits((V(magnitude).bits().v & ~bit) | (V(sign).bits().v & bit));
}
template <class T, int B>
XGRAD_INLINE Mask<T, B> isnan(const Vec<T, B>& x) {
  return x != x;
}
template <class T, int B>
XGRAD_INLINE Mask<T, B> isinf(const Vec<T, B>& x) {
  return abs(x) == vec::kInfinity<T>;
}
template <class T, int B>
XGRAD_INLINE Mask<T, B> isfinite(const Vec<T, B>& x) {
  return abs(x) < vec::kInfinity<T>;
}

// 1, -1 or 0; 0 for NaN, as in PyTorch.
template <class T, int B>
XGRAD_INLINE Vec<T, B> sign(const Vec<T, B>& x) {
  return where(x > 0, 1, where(x < 0, -1, 0));
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> sgn(const Vec<T, B>& x) {
  return sign(x);
}

// Halves to even.
template <class T, int B>
XGRAD_INLINE Vec<T, B> round(const Vec<T, B>& x) {
  constexpr T whole = vec::Constants<T>::no_fraction;
  const Vec<T, B> a = abs(x);
  return where(a < whole, copysign((a + whole) - whole, x), x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> floor(const Vec<T, B>& x) {
  const Vec<T, B> r = round(x);
  return copysign(where(r > x, r - 1, r), x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> ceil(const Vec<T, B>& x) {
  const Vec<T, B> r = round(x);
  return copysign(where(r < x, r + 1, r), x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> trunc(const Vec<T, B>& x) {
  return copysign(floor(abs(x)), x);
}

// NaN wins in maximum and minimum, and loses in fmax and fmin.
template <class A, class B, class V = typename vec::Common<A, B>::type>
XGRAD_INLINE V maximum(const A& a, const B& b) {
  const V x(a), y(b);
  return where((x > y) || isnan(x), x, y);
}
template <class A, class B, class V = typename vec::Common<A, B>::type>
XGRAD_INLINE V minimum(const A& a, const B& b) {
  const V x(a), y(b);
  return where((x < y) || isnan(x), x, y);
}
template <class A, class B, class V = typename vec::Common<A, B>::type>
XGRAD_INLINE V fmax(const A& a, const B& b) {
  const V x(a), y(b);
  return where((x > y) || isnan(y), x, y);
}
template <class A, class B, class V = typename vec::Common<A, B>::type>
XGRAD_INLINE V fmin(const A& a, const B& b) {
  const V x(a), y(b);
  return where((x < y) || isnan(y), x, y);
}

// ---- roots and powers ----
namespace vec {
// Under errno rules (-O2 without flags) the compiler keeps a call per lane, so the instruction is named. The wide ones
// are ordinary functions of their instruction set; run_simd inlines them where that set is on.
template <class T, int B>
XGRAD_INLINE void sqrt_into(const Vec<T, B>& x, Vec<T, B>& r) {
  r = each(x, [](T t) { return simd::sqrt(t); });
}
#if defined(__x86_64__)
XGRAD_INLINE void sqrt_into(const Vec<float, 16>& x, Vec<float, 16>& r) { r.v = __builtin_ia32_sqrtps(x.v); }
XGRAD_INLINE void sqrt_into(const Vec<double, 16>& x, Vec<double, 16>& r) { r.v = __builtin_ia32_sqrtpd(x.v); }
#if XGRAD_MAX_BYTES >= 32
XGRAD_TARGET_32 inline void sqrt_into(const Vec<float, 32>& x, Vec<float, 32>& r) {
  r.v = __builtin_ia32_sqrtps256(x.v);
}
XGRAD_TARGET_32 inline void sqrt_into(const Vec<double, 32>& x, Vec<double, 32>& r) {
  r.v = __builtin_ia32_sqrtpd256(x.v);
}
#endif
#if XGRAD_MAX_BYTES >= 64
XGRAD_TARGET_64 inline void sqrt_into(const Vec<float, 64>& x, Vec<float, 64>& r) {
#if defined(__clang__)
  r.v = __builtin_ia32_sqrtps512(x.v, 4);
#else
  r.v = __builtin_ia32_sqrtps512_mask(x.v, x.v, static_cast<unsigned short>(-1), 4);
#endif
}
XGRAD_TARGET_64 inline void sqrt_into(const Vec<double, 64>& x, Vec<double, 64>& r) {
#if defined(__clang__)
  r.v = __builtin_ia32_sqrtpd512(x.v, 4);
#else
  r.v = __builtin_ia32_sqrtpd512_mask(x.v, x.v, static_cast<unsigned char>(-1), 4);
#endif
}
#endif
#endif
}  // namespace vec

template <class T, int B>
XGRAD_INLINE Vec<T, B> sqrt(const Vec<T, B>& x) {
  Vec<T, B> r;
  vec::sqrt_into(x, r);
  return r;
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> rsqrt(const Vec<T, B>& x) {
  return 1 / sqrt(x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> square(const Vec<T, B>& x) {
  return x * x;
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> reciprocal(const Vec<T, B>& x) {
  return 1 / x;
}

namespace vec {

// NaN stays NaN.
template <class T, int B>
XGRAD_INLINE void clamp_into(const Vec<T, B>& x, const Vec<T, B>& low, const Vec<T, B>& high, Vec<T, B>& r) {
  r = where(high < x, high, x);
  r = where(r < low, low, r);
}
#if XGRAD_K_MASKS
// AVX-512's min and max give their second operand where one is NaN.
XGRAD_TARGET_64 inline void clamp_into(const Vec<float, 64>& x, const Vec<float, 64>& low, const Vec<float, 64>& high,
                                       Vec<float, 64>& r) {
  constexpr auto all = static_cast<unsigned short>(-1);
  r.v = __builtin_ia32_minps512_mask(high.v, x.v, x.v, all, 4);
  r.v = __builtin_ia32_maxps512_mask(low.v, r.v, r.v, all, 4);
}
XGRAD_TARGET_64 inline void clamp_into(const Vec<double, 64>& x, const Vec<double, 64>& low,
                                       const Vec<double, 64>& high, Vec<double, 64>& r) {
  constexpr auto all = static_cast<unsigned char>(-1);
  r.v = __builtin_ia32_minpd512_mask(high.v, x.v, x.v, all, 4);
  r.v = __builtin_ia32_maxpd512_mask(low.v, r.v, r.v, all, 4);
}
#endif
template <class T, int B>
XGRAD_INLINE Vec<T, B> clamp(const Vec<T, B>& x, std::type_identity_t<T> low, std::type_identity_t<T> high) {
  Vec<T, B> r;
  clamp_into(x, Vec<T, B>(low), Vec<T, B>(high), r);
  return r;
}

}  // namespace vec
}  // namespace xgrad::simd

#include <xgrad/simd/exp_log.hpp>

namespace xgrad::simd {

// e^-|x| never overflows, and the small side keeps its relative accuracy.
template <class T, int B>
XGRAD_INLINE Vec<T, B> sigmoid(const Vec<T, B>& x) {
  const Vec<T, B> e = exp(-abs(x));
  return where(x < 0, e, 1) / (1 + e);
}
// Odd polynomial below 0.625, 1 - 2 / (e^2|x| + 1) above.
template <int B>
XGRAD_INLINE Vec<float, B> tanh(const Vec<float, B>& x) {
  using V = Vec<float, B>;
  const V a = abs(x), s = a * a;
  auto p = s.v * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * s.v - 5.37397155531e-2f;
  p = p * s.v + 1.33314422036e-1f;
  p = p * s.v - 3.33332819422e-1f;
  const V small(p * s.v * a.v + a.v);
  return copysign(where(a < 0.625f, small, 1 - 2 / (exp(a + a) + 1)), x);
}

// a + a^3 P(a^2) / Q(a^2) below 0.625, so that x - tanh(x) can be trusted; m / (m + 2) with m = e^2a - 1 above.
template <int B>
XGRAD_INLINE Vec<double, B> tanh(const Vec<double, B>& x) {
  using V = Vec<double, B>;
  const V a = abs(x), s = a * a, m = expm1(vec::clamp(a + a, 0., 50.));
  auto p = s.v * -9.64399179425052238628e-1 - 9.92877231001918586564e1;
  p = (p * s.v - 1.61468768441708447952e3) * s.v * a.v;
  auto q = s.v + 1.12811678491632931402e2;
  q = q * s.v + 2.23548839060100448583e3;
  q = q * s.v + 4.84406305325125486048e3;
  const auto small = a < 0.625;
  const V y = where(small, V(p), m) / where(small, V(q), m + 2);
  return copysign(where(small, a + y, y), x);
}
// ---- trigonometry, float ----
namespace vec {

// x = n pi/2 + r, subtracted in double: pi/2 in two parts, the first of 33 bits, is exact while |x| < kTrigLimit.
inline constexpr float kTrigLimit = 1e6f;
template <int B>
XGRAD_INLINE void trig_reduce(const Vec<float, B>& x, Vec<float, B>& r, typename Vec<float, B>::integer& quarter) {
  using V = Vec<float, B>;
  typedef double Wide __attribute__((vector_size(2 * V::bytes)));
  const V magic(x.v * 0.636619772367581343f + Constants<float>::magic);
  const V n = magic - Constants<float>::magic;
  const Wide wx = __builtin_convertvector(x.v, Wide), wn = __builtin_convertvector(n.v, Wide);
  const Wide wr = (wx - wn * 1.57079632673412561417) - wn * 6.07710050650619224932e-11;
  r.v = __builtin_convertvector(wr, typename V::native);
  quarter = magic.bits().v;
}
template <int B>
XGRAD_INLINE void sin_cos_poly(const Vec<float, B>& x, Vec<float, B>& sin, Vec<float, B>& cos) {
  const auto r = x.v, z = r * r;
  auto s = z * -1.9515295891e-4f + 8.3321608736e-3f;
  s = s * z - 1.6666654611e-1f;
  sin.v = s * z * r + r;
  auto c = z * 2.443315711809948e-5f - 1.388731625493765e-3f;
  c = c * z + 4.166664568298827e-2f;
  cos.v = c * (z * z) + (1.f - z * 0.5f);
}
// sin (shift 0) or cos (shift 1).
template <int shift, int B>
XGRAD_INLINE Vec<float, B> sine(const Vec<float, B>& x) {
  using V = Vec<float, B>;
  V r, s, c;
  typename V::integer quarter;
  trig_reduce(x, r, quarter);
  sin_cos_poly(r, s, c);
  const auto q = quarter + shift;
  const auto odd = -(q & 1);
  return V::from_bits(((c.bits().v & odd) | (s.bits().v & ~odd)) ^ ((q & 2) << 30));
}

}  // namespace vec

template <int B>
XGRAD_INLINE Vec<float, B> sin(const Vec<float, B>& x) {
  if (any(abs(x) > vec::kTrigLimit)) [[unlikely]]
    return vec::each(x, [](float t) { return std::sin(t); });
  return where(x == 0, x, vec::sine<0>(x));
}
template <int B>
XGRAD_INLINE Vec<float, B> cos(const Vec<float, B>& x) {
  if (any(abs(x) > vec::kTrigLimit)) [[unlikely]]
    return vec::each(x, [](float t) { return std::cos(t); });
  return vec::sine<1>(x);
}
template <int B>
XGRAD_INLINE Vec<float, B> tan(const Vec<float, B>& x) {
  if (any(abs(x) > vec::kTrigLimit)) [[unlikely]]
    return vec::each(x, [](float t) { return std::tan(t); });
  using V = Vec<float, B>;
  V r, s, c;
  typename V::integer quarter;
  vec::trig_reduce(x, r, quarter);
  vec::sin_cos_poly(r, s, c);
  const auto odd = V(__builtin_convertvector(quarter & 1, typename V::native)) != 0;
  return where(x == 0, x, where(odd, -c, s) / where(odd, s, c));
}

// ---- erf, float: x + x P(x^2) below 0.93, 1 - exp(-a Q(a)) above ----
template <int B>
XGRAD_INLINE Vec<float, B> erf(const Vec<float, B>& x) {
  using V = Vec<float, B>;
  const V a = where(4.f < abs(x), 4.f, abs(x)), s = a * a;
  auto p = s.v * 8.31677244e-05f - 8.13001185e-4f;
  p = p * s.v + 5.19990642e-3f;
  p = p * s.v - 2.68589407e-2f;
  p = p * s.v + 1.12836875e-1f;
  p = p * s.v - 3.76126319e-1f;
  p = p * s.v + 1.28379166e-1f;
  const V small(p * a.v + a.v);
  auto q = a.v * 1.04330302e-05f - 3.14857345e-4f;
  q = q * a.v + 3.61033902e-3f;
  q = q * a.v - 2.36945599e-2f;
  q = q * a.v + 1.06159046e-1f;
  q = q * a.v + 6.35198057e-1f;
  q = q * a.v + 1.12863708f;
  return copysign(where(a < 0.93f, small, 1 - exp(V(-q * a.v))), x);
}

// ---- compositions, both types ----
// log(u) + (x - (u - 1)) / u with u = 1 + x rounded: puts the rounding error of u back (Kahan).
template <class T, int B>
XGRAD_INLINE Vec<T, B> log1p(const Vec<T, B>& x) {
  const Vec<T, B> u = 1 + x, y = log(u);
  return where((u > 0) && (u < vec::kInfinity<T>), copysign(y + (x - (u - 1)) / u, x), y);
}
// log(1 + e^x).
template <class T, int B>
XGRAD_INLINE Vec<T, B> softplus(const Vec<T, B>& x) {
  return maximum(x, 0) + log1p(exp(-abs(x)));
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> log_sigmoid(const Vec<T, B>& x) {
  return minimum(x, 0) - log1p(exp(-abs(x)));
}

// ---- lane by lane, through the functions on numbers ----
#define XGRAD_EACH_DOUBLE(f)                                  \
  template <int B>                                            \
  XGRAD_INLINE Vec<double, B> f(const Vec<double, B>& x) {    \
    return vec::each(x, [](double t) { return simd::f(t); }); \
  }
XGRAD_EACH_DOUBLE(log10)
XGRAD_EACH_DOUBLE(sin)
XGRAD_EACH_DOUBLE(cos)
XGRAD_EACH_DOUBLE(tan)
XGRAD_EACH_DOUBLE(erf)
XGRAD_EACH_DOUBLE(asin)
XGRAD_EACH_DOUBLE(acos)
XGRAD_EACH_DOUBLE(atan)
#undef XGRAD_EACH_DOUBLE

#define XGRAD_EACH(f)                                    \
  template <class T, int B>                              \
  XGRAD_INLINE Vec<T, B> f(const Vec<T, B>& x) {         \
    return vec::each(x, [](T t) { return simd::f(t); }); \
  }
XGRAD_EACH(erfc)
XGRAD_EACH(lgamma)
XGRAD_EACH(digamma)
#undef XGRAD_EACH

#define XGRAD_EACH(f)                                                     \
  template <class A, class B, class V = typename vec::Common<A, B>::type> \
  XGRAD_INLINE V f(const A& a, const B& b) {                              \
    using T = typename V::value_type;                                     \
    return vec::each(V(a), V(b), [](T x, T y) { return simd::f(x, y); }); \
  }
XGRAD_EACH(pow)
XGRAD_EACH(fmod)
XGRAD_EACH(remainder)
#undef XGRAD_EACH

}  // namespace xgrad::simd

#include <xgrad/simd/arcs.hpp>
