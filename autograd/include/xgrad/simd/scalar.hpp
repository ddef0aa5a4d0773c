// The functions of <xgrad/simd/elementary.hpp> on one float or double, so that a generic lambda inside namespace xgrad
// takes numbers as well as vectors. Templates on purpose: for a user who writes `using namespace xgrad`, the C
// library's own exp(double) is the better match and nothing becomes ambiguous.
#pragma once

#include <cmath>
#include <type_traits>

namespace xgrad::simd {
namespace vec {

template <class T>
concept Floating = std::is_same_v<T, float> || std::is_same_v<T, double>;

template <class T>
concept Number = std::is_arithmetic_v<T>;

}  // namespace vec

#define XGRAD_FORWARD(f)     \
  template <vec::Floating T> \
  inline T f(T x) {          \
    return std::f(x);        \
  }
XGRAD_FORWARD(exp)
XGRAD_FORWARD(exp2)
XGRAD_FORWARD(expm1)
XGRAD_FORWARD(log)
XGRAD_FORWARD(log2)
XGRAD_FORWARD(log10)
XGRAD_FORWARD(log1p)
XGRAD_FORWARD(sqrt)
XGRAD_FORWARD(sin)
XGRAD_FORWARD(cos)
XGRAD_FORWARD(tan)
XGRAD_FORWARD(asin)
XGRAD_FORWARD(acos)
XGRAD_FORWARD(atan)
XGRAD_FORWARD(sinh)
XGRAD_FORWARD(cosh)
XGRAD_FORWARD(tanh)
XGRAD_FORWARD(asinh)
XGRAD_FORWARD(acosh)
XGRAD_FORWARD(atanh)
XGRAD_FORWARD(erf)
XGRAD_FORWARD(erfc)
XGRAD_FORWARD(floor)
XGRAD_FORWARD(ceil)
XGRAD_FORWARD(trunc)
#undef XGRAD_FORWARD

#define XGRAD_FORWARD(f)                       \
  template <vec::Floating T>                   \
  inline T f(T x, std::type_identity_t<T> y) { \
    return std::f(x, y);                       \
  }
XGRAD_FORWARD(pow)
XGRAD_FORWARD(atan2)
XGRAD_FORWARD(fmod)
XGRAD_FORWARD(fmax)
XGRAD_FORWARD(fmin)
XGRAD_FORWARD(copysign)
XGRAD_FORWARD(hypot)
#undef XGRAD_FORWARD

template <vec::Floating T>
inline T abs(T x) {
  return std::fabs(x);
}
template <vec::Floating T>
inline bool isnan(T x) {
  return x != x;
}
template <vec::Floating T>
inline bool isinf(T x) {
  return std::fabs(x) == static_cast<T>(__builtin_inf());
}
template <vec::Floating T>
inline bool isfinite(T x) {
  return std::fabs(x) < static_cast<T>(__builtin_inf());
}
template <vec::Floating T>
inline T where(bool c, T a, std::type_identity_t<T> b) {
  return c ? a : b;
}
template <vec::Floating T>
inline T rsqrt(T x) {
  return T(1) / std::sqrt(x);
}
template <vec::Floating T>
inline T square(T x) {
  return x * x;
}
template <vec::Floating T>
inline T reciprocal(T x) {
  return T(1) / x;
}
// Halves to even.
template <vec::Floating T>
inline T round(T x) {
  return std::nearbyint(x);
}
// 1, -1 or 0; 0 for NaN, as in PyTorch.
template <vec::Floating T>
inline T sign(T x) {
  return static_cast<T>((x > 0) - (x < 0));
}
template <vec::Floating T>
inline T sgn(T x) {
  return sign(x);
}
// NaN wins.
template <vec::Floating T>
inline T maximum(T a, std::type_identity_t<T> b) {
  return a > b || a != a ? a : b;
}
template <vec::Floating T>
inline T minimum(T a, std::type_identity_t<T> b) {
  return a < b || a != a ? a : b;
}
// With the sign of y, as in Python.
template <vec::Floating T>
inline T remainder(T x, std::type_identity_t<T> y) {
  const T r = std::fmod(x, y);
  return r != 0 && (r < 0) != (y < 0) ? r + y : r;
}

template <vec::Floating T>
inline T sigmoid(T x) {
  const T e = std::exp(-std::fabs(x));
  return (x < 0 ? e : T(1)) / (1 + e);
}
template <vec::Floating T>
inline T softplus(T x) {
  return maximum(x, T(0)) + std::log1p(std::exp(-std::fabs(x)));
}
template <vec::Floating T>
inline T log_sigmoid(T x) {
  return minimum(x, T(0)) - std::log1p(std::exp(-std::fabs(x)));
}

// std::lgamma writes the global signgam, a race between threads.
template <vec::Floating T>
inline T lgamma(T x) {
#if defined(__GLIBC__)
  int sign = 0;
  if constexpr (sizeof(T) == 4)
    return ::lgammaf_r(x, &sign);
  else
    return ::lgamma_r(x, &sign);
#else
  return std::lgamma(x);
#endif
}

namespace vec {

// psi(x) near its positive root, where the terms of other ways cancel: the Taylor series at the root, in 26 terms.
inline double digamma_near_root(double x) {
  constexpr double root = 1.4616321449683622, rest = 9.549995429965697e-17;
  constexpr double c[] = {
      -3.5430070947659604e-05, 5.178575795222081e-05,  -7.569179582195066e-05, 0.0001106337276874741,
      -0.00016170622091974803, 0.00023635601564027053, -0.0003454680251063077, 0.000504953265834602,
      -0.0007380709389960052,  0.0010788252019162967,  -0.0015769367714301972, 0.002305126326734928,
      -0.003369801655439328,   0.004926781395729853,   -0.007204534386356869,  0.010538791616612175,
      -0.01542476590494896,    0.022597648232218104,   -0.03316112647484736,   0.04880428816414311,
      -0.07219956125645471,    0.10782405069126237,    -0.16394270544240652,   0.258499760955651,
      -0.4427631689835921,     0.9676722454476212};
  const double d = (x - root) - rest;
  double s = 0;
  for (const double k : c) s = s * d + k;
  return s * d;
}

}  // namespace vec

// psi(x): reflection below 0, recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).
inline double digamma(double x) {
  constexpr double pi = 3.14159265358979323846;
  if (x == 0) return std::copysign(static_cast<double>(__builtin_inf()), -x);
  double r = 0;
  if (x < 0) {
    const double whole = std::floor(x), part = x - whole;
    if (part == 0) return __builtin_nan("");
    r = part > 0.25 && part < 0.75 ? -pi * std::tan(pi * (0.5 - part)) : -pi / std::tan(pi * part);
    x = 1 - x;
  }
  if (x > 1.2 && x < 1.75) return r + vec::digamma_near_root(x);
  for (; x < 10; x += 1) r -= 1 / x;
  const double z = 1 / (x * x);
  double s = z * (1.0 / 12);
  s = z * (691.0 / 32760 - s);
  s = z * (1.0 / 132 - s);
  s = z * (1.0 / 240 - s);
  s = z * (1.0 / 252 - s);
  s = z * (1.0 / 120 - s);
  s = z * (1.0 / 12 - s);
  return r + std::log(x) - 0.5 / x - s;
}
inline float digamma(float x) { return static_cast<float>(digamma(static_cast<double>(x))); }

}  // namespace xgrad::simd
