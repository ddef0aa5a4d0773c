// sin(pi x) / (pi x) and its derivative, of vectors. Higher derivatives are in special_sinc.cpp.
#pragma once

#include "kernels/special_rows.hpp"

namespace xgrad::detail {

// Taylor's series in z = t^2, for |t| <= pi / 4: (sin t - t) / t^3 and (cos t - 1) / z.
struct SineSeries {
  static constexpr double c[] = {-1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880,
                                 -1.0 / 5040,          1.0 / 120,        -1.0 / 6};
};
struct CosineSeries {
  static constexpr double c[] = {1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800,
                                 1.0 / 40320,          -1.0 / 720,         1.0 / 24,        -0.5};
};
// The derivative of sin(t) / t, over t, for |t| < 2: (-1)^j 2j / (2j + 1)! z^(j - 1), j from 13 down to 1.
struct SincSlopeSeries {
  static constexpr double c[] = {-26.0 / 1.0888869450418352e28,
                                 24.0 / 1.5511210043330986e25,
                                 -22.0 / 2.5852016738884977e22,
                                 20.0 / 5.109094217170944e19,
                                 -18.0 / 1.21645100408832e17,
                                 16.0 / 3.55687428096e14,
                                 -14.0 / 1307674368000,
                                 12.0 / 6227020800,
                                 -10.0 / 39916800,
                                 8.0 / 362880,
                                 -6.0 / 5040,
                                 4.0 / 120,
                                 -2.0 / 6};
};

template <class V>
struct Turned {
  V sine, cosine;
};
// Of pi x. The angle is reduced before it is multiplied, so that whole numbers give exactly 0.
template <class V>
XGRAD_INLINE void turned(const V& x, Turned<V>& out) {
  const V halves = round(x + x), t = (x - halves * 0.5) * vec::kPi, z = t * t;
  const V quarter = halves - floor(halves * 0.25) * 4;  // 0 to 3
  V s, c;
  vec::polynomial<SineSeries>(z, s);
  vec::polynomial<CosineSeries>(z, c);
  s = t + t * (z * s);
  c = 1 + z * c;
  const auto across = (quarter == 1) | (quarter == 3);
  const V sine = where(across, c, s), cosine = where(across, s, c);
  out.sine = where(quarter >= 2, -sine, sine);
  out.cosine = where((quarter == 1) | (quarter == 2), -cosine, cosine);
}

template <class V>
XGRAD_INLINE V sinc_value(const V& x) {
  return in_double(x, [](const auto& v) XGRAD_INLINED {
    using W = std::decay_t<decltype(v)>;
    Turned<W> at;
    turned(v, at);
    const W y = where(v == 0, 1, at.sine / where(v == 0, 1, v * vec::kPi));
    return where(isinf(v), 0, y);
  });
}
// pi (cos t - sin t / t) / t with t = pi x.
template <class V>
XGRAD_INLINE V sinc_slope(const V& x) {
  return in_double(x, [](const auto& v) XGRAD_INLINED {
    using W = std::decay_t<decltype(v)>;
    Turned<W> at;
    turned(v, at);
    const W t = v * vec::kPi;
    const auto near = abs(t) < 2;
    W p;
    const W low = where(near, t, 0);
    vec::polynomial<SincSlopeSeries>(low * low, p);
    const W r = 1 / where(near, 1, t);
    const W y = where(near, low * p, (at.cosine - at.sine * r) * r) * vec::kPi;
    return where(isinf(v), 0, y);
  });
}

}  // namespace xgrad::detail
