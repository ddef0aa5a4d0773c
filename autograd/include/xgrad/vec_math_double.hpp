// Exponentials and logarithms of Vec<double>: branch-free, within 2 ulp (tests/test_vec.cpp). Part of
// <xgrad/vec_math.hpp>, which includes it.
//
// The polynomials are Taylor series: e^r up to r^13, and log((1 + s) / (1 - s)) = 2 artanh(s) up to s^21, both to less
// than a fifth of a unit in the last place on their intervals. Coefficients of tanh: S. Moshier, Cephes.
#pragma once

#include <xgrad/vec.hpp>

namespace xgrad {
namespace vec {

// 1.5 * 2^52, added to an integer: its low bits are that integer.
inline constexpr double kWideMagic = 6755399441055744.0;
inline constexpr std::int64_t kWideMagicBits = 0x4338000000000000;

// x = n ln2 + r with |r| <= ln2 / 2; ln2 in two parts, the first short enough for n times it to be exact.
template <int B>
XGRAD_INLINE void exp_reduce(const Vec<double, B>& x, Vec<double, B>& r, Vec<double, B>& magic) {
  magic.v = x.v * 1.44269504088896341 + kWideMagic;
  const auto n = magic.v - kWideMagic;
  r.v = x.v - n * 0.693145751953125;
  r.v = r.v - n * 1.42860682030941723212e-6;
}
// e^r - 1 for |r| <= ln2 / 2.
template <int B>
XGRAD_INLINE Vec<double, B> expm1_poly(const Vec<double, B>& x) {
  const auto r = x.v;
  auto p = r * (1.0 / 6227020800) + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  return Vec<double, B>(p * (r * r) + r);
}
// y 2^n in two factors, which reach the subnormals and infinity. n is halved as a number: SSE2 and AVX2 cannot shift
// signed 64-bit integers.
template <int B>
XGRAD_INLINE void scale_into(const Vec<double, B>& y, const Vec<double, B>& magic, Vec<double, B>& r) {
  using V = Vec<double, B>;
  const V half((magic.v - kWideMagic) * 0.5 + kWideMagic);
  const auto h = half.bits().v - kWideMagicBits, rest = magic.bits().v - kWideMagicBits - h;
  r.v = y.v * V::from_bits((h + 1023) << 52).v * V::from_bits((rest + 1023) << 52).v;
}
#if XGRAD_K_MASKS
XGRAD_TARGET_64 inline void scale_into(const Vec<double, 64>& y, const Vec<double, 64>& magic, Vec<double, 64>& r) {
  r.v = __builtin_ia32_scalefpd512_mask(y.v, magic.v - kWideMagic, y.v, static_cast<unsigned char>(-1), 4);
}
#endif
template <int B>
XGRAD_INLINE Vec<double, B> scale(const Vec<double, B>& y, const Vec<double, B>& magic) {
  Vec<double, B> r;
  scale_into(y, magic, r);
  return r;
}

// |x| = 2^e (1 + f), 1 + f in [sqrt(1/2), sqrt(2)): log(1 + f) = f - tail.
template <int B>
struct WideLogParts {
  Vec<double, B> e, f, tail;
};
template <int B>
XGRAD_INLINE void log_reduce(const Vec<double, B>& x, WideLogParts<B>& out) {
  using V = Vec<double, B>;
  typedef std::uint64_t Unsigned __attribute__((vector_size(V::bytes)));
  const V a = abs(x);
  const Mask<double, B> subnormal = a < 2.2250738585072014e-308;
  const auto i = where(subnormal, a * kNoFraction<double>, a).bits().v;
  // The exponent as stored: positive, for the same reason as above.
  const Unsigned stored = ((Unsigned)i + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu)) >> 52;
  const V f =
      V::from_bits((typename V::integer)((Unsigned)i - (stored << 52) + (Unsigned{} + 0x3ff0000000000000u))) - 1;
  const V wide = V::from_bits((typename V::integer)(stored | 0x4330000000000000u));  // 2^52 + stored
  out.e = wide - where(subnormal, 4503599627370496.0 + 1023 + 52, 4503599627370496.0 + 1023);
  const auto s = f.v / (f.v + 2.0), z = s * s;
  auto p = z * (2.0 / 21) + 2.0 / 19;
  p = p * z + 2.0 / 17;
  p = p * z + 2.0 / 15;
  p = p * z + 2.0 / 13;
  p = p * z + 2.0 / 11;
  p = p * z + 2.0 / 9;
  p = p * z + 2.0 / 7;
  p = p * z + 2.0 / 5;
  p = p * z + 2.0 / 3;
  // 2 s = f - s f, and s f = f^2 / 2 - s f^2 / 2.
  const auto h = f.v * f.v * 0.5;
  out.tail.v = h - s * (h + p * z);
  out.f = f;
}

}  // namespace vec

template <int B>
XGRAD_INLINE Vec<double, B> exp(const Vec<double, B>& x) {
  Vec<double, B> r, magic;
  vec::exp_reduce(vec::clamp(x, -746., 710.), r, magic);
  return vec::scale(vec::expm1_poly(r) + 1, magic);
}
template <int B>
XGRAD_INLINE Vec<double, B> exp2(const Vec<double, B>& x) {
  const Vec<double, B> c = vec::clamp(x, -1076., 1025.), magic = c + vec::kWideMagic;
  return vec::scale(vec::expm1_poly((c - (magic - vec::kWideMagic)) * 0.693147180559945309) + 1, magic);
}
// As for float.
template <int B>
XGRAD_INLINE Vec<double, B> expm1(const Vec<double, B>& x) {
  using V = Vec<double, B>;
  V r, magic;
  vec::exp_reduce(vec::clamp(x, -60., 710.), r, magic);
  const V p = vec::expm1_poly(r), t = V::from_bits((magic.bits().v - vec::kWideMagicBits + 1022) << 52);
  const V y((t.v * p.v + (t.v - 0.5)) * 2.0);
  return copysign(where(magic == vec::kWideMagic, p, y), x);
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
template <int B>
XGRAD_INLINE Vec<double, B> log(const Vec<double, B>& x) {
  vec::WideLogParts<B> t;
  vec::log_reduce(x, t);
  const auto low = t.tail.v - t.e.v * 1.90821492927058770002e-10;
  return vec::log_limits(x, Vec<double, B>(t.e.v * 6.93147180369123816490e-01 + (t.f.v - low)));
}
template <int B>
XGRAD_INLINE Vec<double, B> log2(const Vec<double, B>& x) {
  vec::WideLogParts<B> t;
  vec::log_reduce(x, t);
  // log2(e) = 1 + 0.4427: f itself enters exactly.
  const auto low = (t.f.v - t.tail.v) * 0.442695040888963407 - t.tail.v;
  return vec::log_limits(x, Vec<double, B>((low + t.f.v) + t.e.v));
}

}  // namespace xgrad
