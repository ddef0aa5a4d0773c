// Powers of vectors.
#pragma once

#include <cstring>
#include <utility>

#include <xgrad/vec.hpp>

namespace xgrad::detail {

// log2(1 + m) = s P(s^2) with s = m / (m + 2), 1 + m from sqrt(1/2) to sqrt(2), to 3e-14 of its size.
struct Log2Series {
  static constexpr double c[] = {0.28288502340748236, 0.31990680380701337, 0.41220922406110435,
                                 0.57707794266030447, 0.96179669411226483, 2.8853900817778506};
};
// 2^r for |r| <= 1/2, to 6e-11 of its size. Both interpolated at Chebyshev's nodes from values of 160 bits.
struct Exp2Series {
  static constexpr double c[] = {1.5303700711365694e-5, 0.00015469729214118297, 0.0013333478473685415,
                                 0.0096180256133180342, 0.055504109063258666,   0.24022651213498093,
                                 0.69314718055683241,   0.99999999995956175};
};

// |x|^y of half a vector of floats, in double.
template <int Bytes>
XGRAD_INLINE void power_of_half(const float* x, const float* y, float* to) {
  using V = Vec<double, Bytes>;
  using C = vec::Constants<double>;
  typedef float Half __attribute__((vector_size(Bytes / 2)));
  Half a, b;
  std::memcpy(&a, x, sizeof a);
  std::memcpy(&b, y, sizeof b);
  const V base = abs(V(__builtin_convertvector(a, typename V::native)));
  const V exponent(__builtin_convertvector(b, typename V::native));
  vec::LogParts<double, Bytes> parts;
  vec::split_exponent(base.bits().v, typename V::mask(false), parts);
  const V s = parts.m / (parts.m + V(2.0));
  V log2, fraction;
  vec::polynomial<Log2Series>(s * s, log2);
  log2 = s * log2 + parts.e;
  log2 = where(base < vec::kInfinity<double>, log2, base);
  log2 = where(base == 0, -vec::kInfinity<double>, log2);
  const V p = vec::clamp(exponent * log2, -1000., 1000.), magic = p + V(C::magic);
  vec::polynomial<Exp2Series>(p - (magic - V(C::magic)), fraction);
  const V r = vec::scale(fraction, magic);
  a = __builtin_convertvector(where((exponent == 0) | (base == 1), 1, r).v, Half);
  std::memcpy(to, &a, sizeof a);
}

// x^y as C's pow has it, to half a unit in the last place and a little.
template <int Bytes>
XGRAD_INLINE Vec<float, Bytes> power(const Vec<float, Bytes>& x, const Vec<float, Bytes>& y) {
  using V = Vec<float, Bytes>;
  float a[V::lanes], b[V::lanes], r[V::lanes];
  x.store(a);
  y.store(b);
  power_of_half<V::bytes>(a, b, r);
  power_of_half<V::bytes>(a + V::lanes / 2, b + V::lanes / 2, r + V::lanes / 2);
  const V size = V::load(r), half = y * 0.5f;
  const auto whole = round(y) == y, odd = whole & (round(half) != half);
  const V signed_size = where(odd, copysign(size, x), size);
  return where((x < 0) & (x > -vec::kInfinity<float>)&!whole, vec::kNaN<float>, signed_size);
}
template <int Bytes>
XGRAD_INLINE Vec<double, Bytes> power(const Vec<double, Bytes>& x, const Vec<double, Bytes>& y) {
  return pow(x, y);
}

}  // namespace xgrad::detail
