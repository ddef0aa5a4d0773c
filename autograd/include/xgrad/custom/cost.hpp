// CostTerm: stands for a number in a formula and only counts what computing it would cost. A custom elementwise
// operation runs its formula on it once, to decide whether the derivatives are kept or computed again.
#pragma once

#include <xgrad/vec.hpp>

namespace xgrad::simd {
namespace detail {

// In units of a division. Additions and multiplications are free beside the memory they wait for.
inline constexpr int kDivisionCost = 1, kFunctionCost = 8;
inline thread_local int formula_cost = 0;

}  // namespace detail

struct CostMask {
  explicit operator bool() const = delete;  // one truth for each element: where(x > 0, a, b), not if or ?:
  friend CostMask operator&(CostMask, CostMask) { return {}; }
  friend CostMask operator|(CostMask, CostMask) { return {}; }
  friend CostMask operator^(CostMask, CostMask) { return {}; }
  friend CostMask operator&&(CostMask, CostMask) { return {}; }
  friend CostMask operator||(CostMask, CostMask) { return {}; }
  friend CostMask operator!(CostMask) { return {}; }
};

struct CostTerm {
  using mask = CostMask;

  CostTerm() = default;
  template <vec::Number S>
  CostTerm(S) {}  // NOLINT: numbers mix with terms
  static CostTerm of(int cost) {
    detail::formula_cost += cost;
    return {};
  }

  CostTerm& operator+=(CostTerm) { return *this; }
  CostTerm& operator-=(CostTerm) { return *this; }
  CostTerm& operator*=(CostTerm) { return *this; }
  CostTerm& operator/=(CostTerm) { return *this = of(detail::kDivisionCost); }
  friend CostTerm operator+(CostTerm, CostTerm) { return {}; }
  friend CostTerm operator-(CostTerm, CostTerm) { return {}; }
  friend CostTerm operator*(CostTerm, CostTerm) { return {}; }
  friend CostTerm operator/(CostTerm, CostTerm) { return of(detail::kDivisionCost); }
  friend CostTerm operator-(CostTerm) { return {}; }
  friend CostTerm operator+(CostTerm) { return {}; }
  friend CostMask operator<(CostTerm, CostTerm) { return {}; }
  friend CostMask operator<=(CostTerm, CostTerm) { return {}; }
  friend CostMask operator>(CostTerm, CostTerm) { return {}; }
  friend CostMask operator>=(CostTerm, CostTerm) { return {}; }
  friend CostMask operator==(CostTerm, CostTerm) { return {}; }
  friend CostMask operator!=(CostTerm, CostTerm) { return {}; }
};

inline CostTerm where(CostMask, CostTerm, CostTerm) { return {}; }
inline CostMask isnan(CostTerm) { return {}; }
inline CostMask isinf(CostTerm) { return {}; }
inline CostMask isfinite(CostTerm) { return {}; }

// The functions of <xgrad/custom/dual.hpp>.
#define XGRAD_COST(f, cost) \
  inline CostTerm f(CostTerm) { return CostTerm::of(cost); }
XGRAD_COST(abs, 0)
XGRAD_COST(sign, 0)
XGRAD_COST(round, 0)
XGRAD_COST(floor, 0)
XGRAD_COST(ceil, 0)
XGRAD_COST(trunc, 0)
XGRAD_COST(square, 0)
XGRAD_COST(reciprocal, detail::kDivisionCost)
XGRAD_COST(sqrt, detail::kDivisionCost)
XGRAD_COST(rsqrt, 2 * detail::kDivisionCost)
XGRAD_COST(exp, detail::kFunctionCost)
XGRAD_COST(exp2, detail::kFunctionCost)
XGRAD_COST(expm1, detail::kFunctionCost)
XGRAD_COST(log, detail::kFunctionCost)
XGRAD_COST(log2, detail::kFunctionCost)
XGRAD_COST(log10, detail::kFunctionCost)
XGRAD_COST(log1p, detail::kFunctionCost)
XGRAD_COST(sin, detail::kFunctionCost)
XGRAD_COST(cos, detail::kFunctionCost)
XGRAD_COST(tan, detail::kFunctionCost)
XGRAD_COST(asin, detail::kFunctionCost)
XGRAD_COST(acos, detail::kFunctionCost)
XGRAD_COST(atan, detail::kFunctionCost)
XGRAD_COST(sinh, detail::kFunctionCost)
XGRAD_COST(cosh, detail::kFunctionCost)
XGRAD_COST(tanh, detail::kFunctionCost)
XGRAD_COST(asinh, detail::kFunctionCost)
XGRAD_COST(acosh, detail::kFunctionCost)
XGRAD_COST(atanh, detail::kFunctionCost)
XGRAD_COST(erf, detail::kFunctionCost)
XGRAD_COST(erfc, detail::kFunctionCost)
XGRAD_COST(sigmoid, detail::kFunctionCost)
XGRAD_COST(softplus, detail::kFunctionCost)
XGRAD_COST(log_sigmoid, detail::kFunctionCost)
#undef XGRAD_COST
inline CostTerm pow(CostTerm, CostTerm) { return CostTerm::of(detail::kFunctionCost); }
inline CostTerm hypot(CostTerm, CostTerm) { return CostTerm::of(detail::kFunctionCost); }
inline CostTerm atan2(CostTerm, CostTerm) { return CostTerm::of(detail::kFunctionCost); }

// Tangent times derivative.
template <bool sparse>
CostTerm chain(CostTerm, CostTerm) {
  return {};
}

}  // namespace xgrad::simd

namespace xgrad {

using simd::CostTerm;

}  // namespace xgrad
