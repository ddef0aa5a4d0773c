// What exponentials and logarithms of float and double differ in: constants, and coefficients from the highest power
// down. Part of <xgrad/simd/elementary.hpp>.
//
// Float: S. Moshier, Cephes (single precision). Double: Taylor series, e^r up to r^13 and log((1 + s) / (1 - s)) =
// 2 artanh(s) up to s^21, both to less than a fifth of a unit in the last place on their intervals.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xgrad::simd::vec {

template <class T>
struct Constants;

template <>
struct Constants<float> {
  static constexpr std::int32_t sign = INT32_MIN;  // the sign bit alone
  static constexpr int fraction_bits = 23;
  static constexpr std::int32_t bias = 127;           // of the exponent
  static constexpr float smallest = 1.17549435e-38f;  // that is not subnormal
  static constexpr float no_fraction = 8388608.0f;    // 2^23: from here on numbers are integers
  static constexpr float magic = 12582912.f;          // 1.5 * 2^23: added to an integer, its low bits are that one
  static constexpr std::int32_t magic_bits = 0x4B400000;

  static constexpr float log2_e = 1.44269504088896341f;
  static constexpr float log2_e_minus_1 = 0.44269504088896341f;
  static constexpr float ln2 = 0.693147180559945309f;
  static constexpr float ln2_high = 0.693145751953125f;  // few bits: n times it is exact
  static constexpr float ln2_low = 1.42860677e-6f;
  // Beyond these arguments results are 0, -1 or infinity.
  static constexpr float exp_least = -104.f, exp_most = 89.f;
  static constexpr float exp2_least = -151.f, exp2_most = 129.f;
  static constexpr float expm1_least = -30.f;
  struct Exp {  // (e^r - 1 - r) / r^2
    static constexpr float c[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                  4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
  };

  static constexpr float log_ln2_high = 0.693359375f;
  static constexpr float log_ln2_low = -2.12194440e-4f;
  static constexpr std::int32_t sqrt_half_bits = 0x3f3504f3;
  struct Log {  // (log(1 + m) - m + m^2 / 2) / m^3
    static constexpr float c[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                                  -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                                  2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
  };
};

template <>
struct Constants<double> {
  static constexpr std::int64_t sign = INT64_MIN;
  static constexpr int fraction_bits = 52;
  static constexpr std::int64_t bias = 1023;
  static constexpr double smallest = 2.2250738585072014e-308;
  static constexpr double no_fraction = 4503599627370496.0;
  static constexpr double magic = 6755399441055744.0;
  static constexpr std::int64_t magic_bits = 0x4338000000000000;

  static constexpr double log2_e = 1.44269504088896341;
  static constexpr double log2_e_minus_1 = 0.442695040888963407;
  static constexpr double ln2 = 0.693147180559945309;
  static constexpr double ln2_high = 0.693145751953125;
  static constexpr double ln2_low = 1.42860682030941723212e-6;
  static constexpr double exp_least = -746., exp_most = 710.;
  static constexpr double exp2_least = -1076., exp2_most = 1025.;
  static constexpr double expm1_least = -60.;
  struct Exp {
    static constexpr double c[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                   1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                   1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};
  };

  static constexpr double log_ln2_high = 6.93147180369123816490e-01;
  static constexpr double log_ln2_low = 1.90821492927058770002e-10;
  static constexpr std::int64_t sqrt_half_bits = 0x3fe6a09e667f3bcd;
  struct Log {  // (2 artanh(s) - 2 s) / s^3, in powers of s^2
    static constexpr double c[] = {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                   2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};
  };
};

// A coefficient as a constant of its own, so that the compiler need not look into an array.
template <class Series, std::size_t i>
inline constexpr auto coefficient = Series::c[i];

}  // namespace xgrad::simd::vec
