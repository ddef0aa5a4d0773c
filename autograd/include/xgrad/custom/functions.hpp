// Functions for formulas beyond those of <xgrad/simd/elementary.hpp>, for vectors, Duals and plain numbers alike; and
// max and min under their short names.
#pragma once

#include <xgrad/custom/dual.hpp>

namespace xgrad::simd {
namespace detail {

template <class T>
struct is_lane_type : std::false_type {};
template <class T, int B>
struct is_lane_type<Vec<T, B>> : std::true_type {};
template <class V, int N, bool S>
struct is_lane_type<Dual<V, N, S>> : std::true_type {};

}  // namespace detail

// What the lambda of a custom elementwise operation is called with.
template <class T>
concept LaneType = detail::is_lane_type<T>::value;

// As maximum() and minimum(): NaN wins, a tie sends half of the gradient each way.
template <class A, class B>
requires(LaneType<A> || LaneType<B>) XGRAD_INLINE auto max(const A& a, const B& b) { return maximum(a, b); }
template <class A, class B>
requires(LaneType<A> || LaneType<B>) XGRAD_INLINE auto min(const A& a, const B& b) { return minimum(a, b); }
// max(x, 0); gradient 0 at 0.
template <LaneType V>
XGRAD_INLINE V relu(const V& x) {
  return where(x <= 0, 0, x);
}
// x within [low, high]; gradient 1 at the bounds.
template <LaneType V>
XGRAD_INLINE V clamp(const V& x, const std::type_identity_t<V>& low, const std::type_identity_t<V>& high) {
  return where(x < low, low, where(x > high, high, x));
}
// x sigmoid(x).
template <LaneType V>
XGRAD_INLINE V silu(const V& x) {
  return x * sigmoid(x);
}

}  // namespace xgrad::simd

namespace xgrad {

using simd::LaneType;

}  // namespace xgrad

// As <xgrad/detail/std_calls.hpp>.
namespace std {

template <xgrad::LaneType V>
void abs(const V&) = delete;  // in a formula without std: abs(x)
template <xgrad::LaneType V>
void exp(const V&) = delete;  // in a formula without std: exp(x)
template <xgrad::LaneType V>
void log(const V&) = delete;  // in a formula without std: log(x)
template <xgrad::LaneType V>
void sqrt(const V&) = delete;  // in a formula without std: sqrt(x)
template <xgrad::LaneType V>
void sin(const V&) = delete;  // in a formula without std: sin(x)
template <xgrad::LaneType V>
void cos(const V&) = delete;  // in a formula without std: cos(x)
template <xgrad::LaneType V>
void tanh(const V&) = delete;  // in a formula without std: tanh(x)
template <xgrad::LaneType V, class E>
void pow(const V&, const E&) = delete;  // in a formula without std: pow(x, 2)

}  // namespace std
