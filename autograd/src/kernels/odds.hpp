// The logarithm of odds of vectors.
#pragma once

#include <xgrad/vec.hpp>

namespace xgrad::detail {

// log(x / (1 - x)), with one division, within 4 units in the last place. Where the quotient would lie between sqrt(1/2)
// and sqrt(2), what the logarithm is the series of, (2x - 1) / (1 - x), is found without it: its numerator is exact.
template <class T, int B>
XGRAD_INLINE Vec<T, B> logit_value(const Vec<T, B>& x) {
  using V = Vec<T, B>;
  using C = vec::Constants<T>;
  constexpr T low = T(0.41421356237309505), high = T(0.58578643762690495);
  const auto central = (x > low) & (x < high);
  const V q = where(central, (x + x) - 1, x) / (1 - x), a = abs(q);
  const auto subnormal = a < C::smallest;
  vec::LogParts<T, B> t;
  vec::split_exponent(where(subnormal, a * C::no_fraction, a).bits().v, subnormal, t);
  t.m = where(central, q, t.m);
  t.e = where(central, 0, t.e);
  vec::log_tail(t.m, t.tail);
  const V rest(t.tail.v + t.e.v * C::log_ln2_low), y((rest.v + t.m.v) + t.e.v * C::log_ln2_high);
  return where(central, y, vec::log_limits(q, y));
}

}  // namespace xgrad::detail
