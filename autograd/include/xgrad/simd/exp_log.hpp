// Exponentials and logarithms of Vec<float> and Vec<double>: branch-free, within 2 ulp (tests/test_vec.cpp). One body
// for both types; what differs is in <xgrad/simd/constants.hpp>, and where the instruction sets do, in two overloads
// here. Part of <xgrad/simd/elementary.hpp>, which includes it.
#pragma once

#include <utility>

#include <xgrad/simd/constants.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::simd {
namespace vec {

// p = c[0] x^(n-1) + ... + c[n-1].
template <class Series, class V, std::size_t... I>
XGRAD_INLINE void polynomial_terms(const V& x, V& p, std::index_sequence<I...>) {
  p.v = x.v * coefficient<Series, 0> + coefficient<Series, 1>;
  ((p.v = p.v * x.v + coefficient<Series, I + 2>), ...);
}
template <class Series, class V>
XGRAD_INLINE void polynomial(const V& x, V& p) {
  constexpr std::size_t n = sizeof(Series::c) / sizeof(Series::c[0]);
  polynomial_terms<Series>(x, p, std::make_index_sequence<n - 2>{});
}

// ---- exponentials ----
// x = n ln2 + r with |r| <= ln2 / 2; the low bits of magic are n. ln2 in two parts.
template <class T, int B>
XGRAD_INLINE void exp_reduce(const Vec<T, B>& x, Vec<T, B>& r, Vec<T, B>& magic) {
  using C = Constants<T>;
  magic.v = x.v * C::log2_e + C::magic;
  const auto n = magic.v - C::magic;
  r.v = x.v - n * C::ln2_high;
  r.v = r.v - n * C::ln2_low;
}
// e^r - 1 for |r| <= ln2 / 2.
template <class T, int B>
XGRAD_INLINE Vec<T, B> expm1_poly(const Vec<T, B>& r) {
  Vec<T, B> p;
  polynomial<typename Constants<T>::Exp>(r, p);
  return Vec<T, B>(p.v * (r.v * r.v) + r.v);
}
// n / 2. SSE2 and AVX2 cannot shift signed 64-bit integers, so there the number that holds n is halved.
template <int B>
XGRAD_INLINE void halve(const typename Vec<float, B>::integer& n, const Vec<float, B>&,
                        typename Vec<float, B>::integer& half) {
  half = n >> 1;
}
template <int B>
XGRAD_INLINE void halve(const typename Vec<double, B>::integer&, const Vec<double, B>& magic,
                        typename Vec<double, B>::integer& half) {
  using C = Constants<double>;
  half = Vec<double, B>((magic.v - C::magic) * 0.5 + C::magic).bits().v - C::magic_bits;
}
// y 2^n, with n = low bits of magic, in two factors, which reach the subnormals and infinity.
template <class T, int B>
XGRAD_INLINE void scale_into(const Vec<T, B>& y, const Vec<T, B>& magic, Vec<T, B>& r) {
  using V = Vec<T, B>;
  using C = Constants<T>;
  const auto n = magic.bits().v - C::magic_bits;
  typename V::integer half;
  halve(n, magic, half);
  const auto rest = n - half;
  r.v =
      y.v * V::from_bits((half + C::bias) << C::fraction_bits).v * V::from_bits((rest + C::bias) << C::fraction_bits).v;
}
#if XGRAD_K_MASKS
// AVX-512 has an instruction for it.
XGRAD_TARGET_64 inline void scale_into(const Vec<float, 64>& y, const Vec<float, 64>& magic, Vec<float, 64>& r) {
  constexpr auto all = static_cast<unsigned short>(-1);
  r.v = __builtin_ia32_scalefps512_mask(y.v, magic.v - Constants<float>::magic, y.v, all, 4);
}
XGRAD_TARGET_64 inline void scale_into(const Vec<double, 64>& y, const Vec<double, 64>& magic, Vec<double, 64>& r) {
  constexpr auto all = static_cast<unsigned char>(-1);
  r.v = __builtin_ia32_scalefpd512_mask(y.v, magic.v - Constants<double>::magic, y.v, all, 4);
}
#endif
template <class T, int B>
XGRAD_INLINE Vec<T, B> scale(const Vec<T, B>& y, const Vec<T, B>& magic) {
  Vec<T, B> r;
  scale_into(y, magic, r);
  return r;
}

// ---- logarithms ----
// |x| = 2^e (1 + m), 1 + m in [sqrt(1/2), sqrt(2)), and tail = log(1 + m) - m.
template <class T, int B>
struct LogParts {
  Vec<T, B> e, m, tail;
};
// e and m from the bits of |x|, or of |x| no_fraction where that was subnormal.
template <int B>
XGRAD_INLINE void split_exponent(const typename Vec<float, B>::integer& i, const Mask<float, B>& subnormal,
                                 LogParts<float, B>& out) {
  using V = Vec<float, B>;
  const auto e = (i - Constants<float>::sqrt_half_bits) >> 23;
  out.m.v = V::from_bits(i - (e << 23)).v - 1.f;
  out.e = V(__builtin_convertvector(e, typename V::native)) - where(subnormal, 23, 0);
}
template <int B>
XGRAD_INLINE void split_exponent(const typename Vec<double, B>::integer& i, const Mask<double, B>& subnormal,
                                 LogParts<double, B>& out) {
  using V = Vec<double, B>;
  typedef std::uint64_t Unsigned __attribute__((vector_size(V::bytes)));
  constexpr std::uint64_t one = 0x3ff0000000000000u, sqrt_half = Constants<double>::sqrt_half_bits;
  // The exponent as stored: positive, because SSE2 and AVX2 cannot shift signed 64-bit integers.
  const Unsigned stored = ((Unsigned)i + (one - sqrt_half)) >> 52;
  out.m = V::from_bits((typename V::integer)((Unsigned)i - (stored << 52) + (Unsigned{} + one))) - 1;
  const V wide = V::from_bits((typename V::integer)(stored | 0x4330000000000000u));  // 2^52 + stored
  out.e = wide - where(subnormal, 4503599627370496.0 + 1023 + 52, 4503599627370496.0 + 1023);
}
// A polynomial of m in float; of s^2 with s = m / (m + 2) in double: 2 s = m - s m, and s m = m^2 / 2 - s m^2 / 2.
template <int B>
XGRAD_INLINE void log_tail(const Vec<float, B>& m, Vec<float, B>& tail) {
  Vec<float, B> p;
  polynomial<Constants<float>::Log>(m, p);
  const auto z = m.v * m.v;
  tail.v = p.v * m.v * z - z * 0.5f;
}
template <int B>
XGRAD_INLINE void log_tail(const Vec<double, B>& m, Vec<double, B>& tail) {
  using V = Vec<double, B>;
  const auto s = m.v / (m.v + 2.0), h = m.v * m.v * 0.5;
  const V z(s * s);
  V p;
  polynomial<Constants<double>::Log>(z, p);
  tail.v = s * (h + p.v * z.v) - h;
}
template <class T, int B>
XGRAD_INLINE void log_reduce(const Vec<T, B>& x, LogParts<T, B>& out) {
  const Vec<T, B> a = abs(x);
  const Mask<T, B> subnormal = a < Constants<T>::smallest;
  split_exponent(where(subnormal, a * Constants<T>::no_fraction, a).bits().v, subnormal, out);
  log_tail(out.m, out.tail);
}
// r for ordinary x; the limits at 0 and infinity, NaN below 0.
template <class T, int B>
XGRAD_INLINE Vec<T, B> log_limits(const Vec<T, B>& x, const Vec<T, B>& r) {
  const Vec<T, B> y = where(x > 0, r, where(x == 0, -kInfinity<T>, kNaN<T>));
  return where(x < kInfinity<T>, y, x);
}

}  // namespace vec

template <class T, int B>
XGRAD_INLINE Vec<T, B> exp(const Vec<T, B>& x) {
  using C = vec::Constants<T>;
  Vec<T, B> r, magic;
  vec::exp_reduce(vec::clamp(x, C::exp_least, C::exp_most), r, magic);
  return vec::scale(vec::expm1_poly(r) + 1, magic);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> exp2(const Vec<T, B>& x) {
  using C = vec::Constants<T>;
  const Vec<T, B> c = vec::clamp(x, C::exp2_least, C::exp2_most), magic = c + C::magic;
  return vec::scale(vec::expm1_poly((c - (magic - C::magic)) * C::ln2) + 1, magic);
}
// 2^n p + (2^n - 1) with p = e^r - 1; half of it first, because 2^n overflows before the result does.
template <class T, int B>
XGRAD_INLINE Vec<T, B> expm1(const Vec<T, B>& x) {
  using V = Vec<T, B>;
  using C = vec::Constants<T>;
  V r, magic;
  vec::exp_reduce(vec::clamp(x, C::expm1_least, C::exp_most), r, magic);
  const V p = vec::expm1_poly(r);
  const V t = V::from_bits((magic.bits().v - C::magic_bits + (C::bias - 1)) << C::fraction_bits);
  const V y((t.v * p.v + (t.v - T(0.5))) * T(2));
  return copysign(where(magic == C::magic, p, y), x);
}
template <class T, int B>
XGRAD_INLINE Vec<T, B> log(const Vec<T, B>& x) {
  using C = vec::Constants<T>;
  vec::LogParts<T, B> t;
  vec::log_reduce(x, t);
  const auto low = t.tail.v + t.e.v * C::log_ln2_low;
  return vec::log_limits(x, Vec<T, B>((low + t.m.v) + t.e.v * C::log_ln2_high));
}
// log2(e) = 1 + 0.4427: m itself enters exactly.
template <class T, int B>
XGRAD_INLINE Vec<T, B> log2(const Vec<T, B>& x) {
  vec::LogParts<T, B> t;
  vec::log_reduce(x, t);
  const auto low = (t.tail.v + t.m.v) * vec::Constants<T>::log2_e_minus_1 + t.tail.v;
  return vec::log_limits(x, Vec<T, B>((low + t.m.v) + t.e.v));
}
template <int B>
XGRAD_INLINE Vec<float, B> log10(const Vec<float, B>& x) {
  vec::LogParts<float, B> t;
  vec::log_reduce(x, t);
  // log10(e) and log10(2) in two parts, the first of few bits.
  auto low = (t.tail.v + t.m.v) * 7.00731903251827651e-4f + t.tail.v * 4.3359375e-1f;
  low = low + t.e.v * 2.48745663981195214e-4f;
  return vec::log_limits(x, Vec<float, B>((low + t.m.v * 4.3359375e-1f) + t.e.v * 3.0078125e-1f));
}

}  // namespace xgrad::simd
