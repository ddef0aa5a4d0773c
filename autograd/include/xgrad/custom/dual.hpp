// Dual<V, N>: a value together with its derivatives in N directions, so that a formula written once also computes its
// gradient (forward-mode differentiation; Griewank and Walther, Evaluating Derivatives, 2nd ed., chapter 3). V is a
// vector of numbers, another Dual (second derivatives), or a TensorTerm.
//
// sparse: several inputs share one pass, so most tangents are zero somewhere. There a zero tangent stays zero whatever
// it is multiplied by: the gradient of w sqrt(x) for w at x = 0 is 0, not 0 * infinity.
//
// The functions a formula may use are at the end and in <xgrad/custom/functions.hpp>.
#pragma once

#include <cmath>
#include <utility>

#include <xgrad/vec.hpp>

namespace xgrad::simd {

template <class V, int N, bool sparse = (N > 1)>
struct Dual;

// One truth value per element, from comparing two Duals.
template <class D>
struct DualMask {
  using Inner = typename D::inner_mask;
  Inner m;

  XGRAD_INLINE DualMask(const Inner& inner) : m(inner) {}  // NOLINT
  explicit operator bool() const = delete;  // one truth for each element: where(x > 0, a, b), not if or ?:
  XGRAD_INLINE friend DualMask operator&(const DualMask& a, const DualMask& b) { return DualMask(a.m & b.m); }
  XGRAD_INLINE friend DualMask operator|(const DualMask& a, const DualMask& b) { return DualMask(a.m | b.m); }
  XGRAD_INLINE friend DualMask operator^(const DualMask& a, const DualMask& b) { return DualMask(a.m ^ b.m); }
  XGRAD_INLINE friend DualMask operator&&(const DualMask& a, const DualMask& b) { return DualMask(a.m & b.m); }
  XGRAD_INLINE friend DualMask operator||(const DualMask& a, const DualMask& b) { return DualMask(a.m | b.m); }
  XGRAD_INLINE friend DualMask operator!(const DualMask& a) { return DualMask(!a.m); }
};

// Tangent times derivative.
template <bool sparse, class T, int B>
XGRAD_INLINE Vec<T, B> chain(const Vec<T, B>& t, const Vec<T, B>& f) {
  if constexpr (sparse)
    return where(t == 0, 0, t * f);
  else
    return t * f;
}
template <bool sparse, class V, int N>
XGRAD_INLINE Dual<V, N, sparse> chain(const Dual<V, N, sparse>& t, const Dual<V, N, sparse>& f) {
  return Dual<V, N, sparse>::build(chain<sparse>(t.v, f.v), [&](int k) XGRAD_INLINED {
    return chain<sparse>(t.v, f.d[k]) + chain<sparse>(t.d[k], f.v);
  });
}

template <class V, int N, bool sparse>
struct Dual {
  using inner_mask = typename V::mask;
  using mask = DualMask<Dual>;
  V v;
  V d[N];

  XGRAD_INLINE Dual() : v(), d{} {}
  template <vec::Number S>
  XGRAD_INLINE Dual(S s) : v(s), d{} {}  // NOLINT: a constant
  // Of an inner value that no input reaches.
  XGRAD_INLINE explicit Dual(const V& value) : v(value), d{} {}
  XGRAD_INLINE Dual(const Dual& o) : Dual(o, std::make_integer_sequence<int, N>{}) {}
  XGRAD_INLINE Dual& operator=(const Dual& o) {
    v = o.v;
    for_each([&](int k) XGRAD_INLINED { d[k] = o.d[k]; });
    return *this;
  }

  // value, and tangent(k) for each k. Spelled out rather than looped over: an array indexed by a variable lives in
  // memory.
  template <class G>
  XGRAD_INLINE static Dual build(const V& value, G tangent) {
    return build(value, tangent, std::make_integer_sequence<int, N>{});
  }

  // x and its derivatives under a function with the value y and the derivative f at x.
  XGRAD_INLINE static Dual apply(const V& y, const Dual& x, const V& f) {
    return build(y, [&](int k) XGRAD_INLINED { return chain<sparse>(x.d[k], f); });
  }
  // The same with two arguments.
  XGRAD_INLINE static Dual apply(const V& y, const Dual& a, const V& fa, const Dual& b, const V& fb) {
    return build(y, [&](int k) XGRAD_INLINED { return chain<sparse>(a.d[k], fa) + chain<sparse>(b.d[k], fb); });
  }

  XGRAD_INLINE friend Dual operator+(const Dual& a, const Dual& b) {
    return build(a.v + b.v, [&](int k) XGRAD_INLINED { return a.d[k] + b.d[k]; });
  }
  XGRAD_INLINE friend Dual operator-(const Dual& a, const Dual& b) {
    return build(a.v - b.v, [&](int k) XGRAD_INLINED { return a.d[k] - b.d[k]; });
  }
  XGRAD_INLINE friend Dual operator*(const Dual& a, const Dual& b) { return apply(a.v * b.v, a, b.v, b, a.v); }
  XGRAD_INLINE friend Dual operator/(const Dual& a, const Dual& b) {
    const V q = a.v / b.v, r = 1 / b.v;
    return apply(q, a, r, b, -(q * r));
  }
  XGRAD_INLINE friend Dual operator-(const Dual& a) {
    return build(-a.v, [&](int k) XGRAD_INLINED { return -a.d[k]; });
  }
  XGRAD_INLINE friend Dual operator+(const Dual& a) { return a; }

  template <vec::Number S>
  XGRAD_INLINE friend Dual operator+(const Dual& a, S b) {
    return build(a.v + b, [&](int k) XGRAD_INLINED { return a.d[k]; });
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator+(S a, const Dual& b) {
    return build(a + b.v, [&](int k) XGRAD_INLINED { return b.d[k]; });
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator-(const Dual& a, S b) {
    return build(a.v - b, [&](int k) XGRAD_INLINED { return a.d[k]; });
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator-(S a, const Dual& b) {
    return build(a - b.v, [&](int k) XGRAD_INLINED { return -b.d[k]; });
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator*(const Dual& a, S b) {
    const V f(b);
    return apply(a.v * f, a, f);
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator*(S a, const Dual& b) {
    const V f(a);
    return apply(f * b.v, b, f);
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator/(const Dual& a, S b) {
    const V divisor(b);
    return apply(a.v / divisor, a, 1 / divisor);
  }
  template <vec::Number S>
  XGRAD_INLINE friend Dual operator/(S a, const Dual& b) {
    const V q = V(a) / b.v;
    return apply(q, b, -(q / b.v));
  }

  XGRAD_INLINE Dual& operator+=(const Dual& o) { return *this = *this + o; }
  XGRAD_INLINE Dual& operator-=(const Dual& o) { return *this = *this - o; }
  XGRAD_INLINE Dual& operator*=(const Dual& o) { return *this = *this * o; }
  XGRAD_INLINE Dual& operator/=(const Dual& o) { return *this = *this / o; }

  XGRAD_INLINE friend mask operator<(const Dual& a, const Dual& b) { return mask(a.v < b.v); }
  XGRAD_INLINE friend mask operator<=(const Dual& a, const Dual& b) { return mask(a.v <= b.v); }
  XGRAD_INLINE friend mask operator>(const Dual& a, const Dual& b) { return mask(a.v > b.v); }
  XGRAD_INLINE friend mask operator>=(const Dual& a, const Dual& b) { return mask(a.v >= b.v); }
  XGRAD_INLINE friend mask operator==(const Dual& a, const Dual& b) { return mask(a.v == b.v); }
  XGRAD_INLINE friend mask operator!=(const Dual& a, const Dual& b) { return mask(a.v != b.v); }

 private:
  template <int... K>
  XGRAD_INLINE Dual(const Dual& o, std::integer_sequence<int, K...>) : v(o.v), d{o.d[K]...} {}
  template <class... D>
  XGRAD_INLINE Dual(const V& value, std::in_place_t, const D&... tangents) : v(value), d{tangents...} {}
  template <class G, int... K>
  XGRAD_INLINE static Dual build(const V& value, G& tangent, std::integer_sequence<int, K...>) {
    return Dual(value, std::in_place, tangent(K)...);
  }
  template <class G>
  XGRAD_INLINE static void for_each(G f) {
    for_each(f, std::make_integer_sequence<int, N>{});
  }
  template <class G, int... K>
  XGRAD_INLINE static void for_each(G& f, std::integer_sequence<int, K...>) {
    (f(K), ...);
  }
};

// ---- selection ----
// a where the mask holds, else b; numbers may stand for both.
template <class V, int N, bool S>
XGRAD_INLINE Dual<V, N, S> where(const DualMask<Dual<V, N, S>>& m, const std::type_identity_t<Dual<V, N, S>>& a,
                                 const std::type_identity_t<Dual<V, N, S>>& b) {
  return Dual<V, N, S>::build(where(m.m, a.v, b.v), [&](int k) XGRAD_INLINED { return where(m.m, a.d[k], b.d[k]); });
}
template <class V, int N, bool S>
XGRAD_INLINE DualMask<Dual<V, N, S>> isnan(const Dual<V, N, S>& x) {
  return isnan(x.v);
}
template <class V, int N, bool S>
XGRAD_INLINE DualMask<Dual<V, N, S>> isinf(const Dual<V, N, S>& x) {
  return isinf(x.v);
}
template <class V, int N, bool S>
XGRAD_INLINE DualMask<Dual<V, N, S>> isfinite(const Dual<V, N, S>& x) {
  return isfinite(x.v);
}

// ---- functions of one argument: y = f(x), then the derivative in terms of x and y ----
#define XGRAD_DUAL(f, derivative)                        \
  template <class V, int N, bool S>                      \
  XGRAD_INLINE Dual<V, N, S> f(const Dual<V, N, S>& a) { \
    const V& x = a.v;                                    \
    const V y = f(x);                                    \
    return Dual<V, N, S>::apply(y, a, derivative);       \
  }
XGRAD_DUAL(exp, y)
XGRAD_DUAL(exp2, y * 0.693147180559945309)
XGRAD_DUAL(expm1, y + 1)
XGRAD_DUAL(log, 1 / x)
XGRAD_DUAL(log2, 1.44269504088896341 / x)
XGRAD_DUAL(log10, 0.434294481903251828 / x)
XGRAD_DUAL(log1p, 1 / (1 + x))
XGRAD_DUAL(sqrt, 0.5 / y)
XGRAD_DUAL(rsqrt, -0.5 * (y / x))
XGRAD_DUAL(square, x + x)
XGRAD_DUAL(reciprocal, -(y* y))
XGRAD_DUAL(sin, cos(x))
XGRAD_DUAL(cos, -sin(x))
XGRAD_DUAL(tan, 1 + y * y)
XGRAD_DUAL(asin, rsqrt(1 - x * x))
XGRAD_DUAL(acos, -rsqrt(1 - x * x))
XGRAD_DUAL(atan, 1 / (1 + x * x))
XGRAD_DUAL(sinh, cosh(x))
XGRAD_DUAL(cosh, sinh(x))
XGRAD_DUAL(tanh, 1 - y * y)
XGRAD_DUAL(asinh, rsqrt(1 + x * x))
XGRAD_DUAL(acosh, rsqrt(x* x - 1))
XGRAD_DUAL(atanh, 1 / (1 - x * x))
XGRAD_DUAL(erf, 1.12837916709551257 * exp(-(x * x)))  // 2 / sqrt(pi)
XGRAD_DUAL(erfc, -1.12837916709551257 * exp(-(x * x)))
XGRAD_DUAL(sigmoid, y*(1 - y))
XGRAD_DUAL(softplus, sigmoid(x))
XGRAD_DUAL(log_sigmoid, sigmoid(-x))
XGRAD_DUAL(abs, sign(x))  // 0 at 0
#undef XGRAD_DUAL

// Constant between their steps.
#define XGRAD_DUAL(f)                                    \
  template <class V, int N, bool S>                      \
  XGRAD_INLINE Dual<V, N, S> f(const Dual<V, N, S>& a) { \
    return Dual<V, N, S>(f(a.v));                        \
  }
XGRAD_DUAL(sign)
XGRAD_DUAL(round)
XGRAD_DUAL(floor)
XGRAD_DUAL(ceil)
XGRAD_DUAL(trunc)
#undef XGRAD_DUAL

namespace detail {

template <class A>
inline constexpr bool is_dual = false;
template <class V, int N, bool S>
inline constexpr bool is_dual<Dual<V, N, S>> = true;

// At least one Dual, and the other one a Dual of the same type or a number.
template <class A, class B>
concept AnyDual = (is_dual<A> && (std::is_same_v<A, B> || vec::Number<B>)) || (vec::Number<A> && is_dual<B>);
template <class A, class B>
using CommonDual = std::conditional_t<is_dual<A>, A, B>;

// x^e without the library call for the exponents that formulas and their derivatives have.
template <class V>
XGRAD_INLINE V power(const V& x, double e) {
  if (e == 0) return V(1);
  if (e == 1) return x;
  if (e == 2) return x * x;
  if (e == 3) return x * x * x;
  if (e == -1) return 1 / x;
  return pow(x, e);
}

}  // namespace detail

// ---- functions of two arguments ----
namespace detail {
// x where `first` holds, else y; where they tie, half of each derivative.
template <class V, int N, bool S, class M>
XGRAD_INLINE Dual<V, N, S> pick(const M& first, const Dual<V, N, S>& x, const Dual<V, N, S>& y) {
  const auto tie = x.v == y.v;
  return Dual<V, N, S>::build(where(first, x.v, y.v), [&](int k) XGRAD_INLINED {
    return where(tie, (x.d[k] + y.d[k]) * 0.5, where(first, x.d[k], y.d[k]));
  });
}
}  // namespace detail

// NaN wins; a tie sends half each way.
template <class A, class B>
requires detail::AnyDual<A, B> XGRAD_INLINE auto maximum(const A& a, const B& b) {
  const detail::CommonDual<A, B> x(a), y(b);
  return detail::pick((x.v > y.v) || isnan(x.v), x, y);
}
template <class A, class B>
requires detail::AnyDual<A, B> XGRAD_INLINE auto minimum(const A& a, const B& b) {
  const detail::CommonDual<A, B> x(a), y(b);
  return detail::pick((x.v < y.v) || isnan(x.v), x, y);
}
// NaN loses.
template <class A, class B>
requires detail::AnyDual<A, B> XGRAD_INLINE auto fmax(const A& a, const B& b) {
  const detail::CommonDual<A, B> x(a), y(b);
  return detail::pick((x.v > y.v) || isnan(y.v), x, y);
}
template <class A, class B>
requires detail::AnyDual<A, B> XGRAD_INLINE auto fmin(const A& a, const B& b) {
  const detail::CommonDual<A, B> x(a), y(b);
  return detail::pick((x.v < y.v) || isnan(y.v), x, y);
}

// x^e: e x^(e-1), 0 where e = 0.
template <class V, int N, bool S, vec::Number E>
XGRAD_INLINE Dual<V, N, S> pow(const Dual<V, N, S>& x, E exponent) {
  const double e = static_cast<double>(exponent);
  const V f = e == 0 ? V(0) : V(e * detail::power(x.v, e - 1));
  return Dual<V, N, S>::apply(detail::power(x.v, e), x, f);
}
// a^y: a^y log a.
template <class V, int N, bool S, vec::Number A>
XGRAD_INLINE Dual<V, N, S> pow(A base, const Dual<V, N, S>& y) {
  const V p = pow(V(base), y.v);
  return Dual<V, N, S>::apply(p, y, p * std::log(static_cast<double>(base)));
}
// d/dx = y x^(y-1) (0 where y = 0), d/dy = x^y log x (0 where x = 0 and y >= 0).
template <class V, int N, bool S>
XGRAD_INLINE Dual<V, N, S> pow(const Dual<V, N, S>& x, const Dual<V, N, S>& y) {
  const V p = pow(x.v, y.v);
  const V fx = where(y.v == 0, V(0), y.v * pow(x.v, y.v - 1));
  const V fy = where((x.v == 0) && (y.v >= 0), V(0), p * log(x.v));
  return Dual<V, N, S>::apply(p, x, fx, y, fy);
}
template <class A, class B>
requires detail::AnyDual<A, B> XGRAD_INLINE auto hypot(const A& a, const B& b) {
  const detail::CommonDual<A, B> x(a), y(b);
  const auto h = hypot(x.v, y.v);
  return detail::CommonDual<A, B>::apply(h, x, x.v / h, y, y.v / h);
}
template <class A, class B>
requires detail::AnyDual<A, B> XGRAD_INLINE auto atan2(const A& a, const B& b) {
  const detail::CommonDual<A, B> y(a), x(b);
  const auto s = x.v * x.v + y.v * y.v;
  return detail::CommonDual<A, B>::apply(atan2(y.v, x.v), y, x.v / s, x, -(y.v / s));
}

}  // namespace xgrad::simd

namespace xgrad {

using simd::Dual;
using simd::DualMask;

}  // namespace xgrad
