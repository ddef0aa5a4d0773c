// Operations under the other names that PyTorch has for them.
#pragma once

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/trigonometry.hpp>

namespace xgrad {

[[nodiscard]] inline Tensor absolute(const Tensor& x, Location at = Location::current()) { return abs(x, at); }
[[nodiscard]] inline Tensor negative(const Tensor& x, Location at = Location::current()) { return neg(x, at); }
[[nodiscard]] inline Tensor arcsin(const Tensor& x, Location at = Location::current()) { return asin(x, at); }
[[nodiscard]] inline Tensor arccos(const Tensor& x, Location at = Location::current()) { return acos(x, at); }
[[nodiscard]] inline Tensor arctan(const Tensor& x, Location at = Location::current()) { return atan(x, at); }
[[nodiscard]] inline Tensor arcsinh(const Tensor& x, Location at = Location::current()) { return asinh(x, at); }
[[nodiscard]] inline Tensor arccosh(const Tensor& x, Location at = Location::current()) { return acosh(x, at); }
[[nodiscard]] inline Tensor arctanh(const Tensor& x, Location at = Location::current()) { return atanh(x, at); }
[[nodiscard]] inline Tensor arctan2(const Tensor& y, const Tensor& x, Location at = Location::current()) {
  return atan2(y, x, at);
}

// Of two tensors, or of a tensor and a number.
template <class Y>
[[nodiscard]] Tensor multiply(const Tensor& x, const Y& y, Location at = Location::current()) {
  return mul(x, y, at);
}
[[nodiscard]] inline Tensor subtract(const Tensor& x, const Tensor& y, Scalar alpha = 1,
                                     Location at = Location::current()) {
  return sub(x, y, alpha, at);
}
[[nodiscard]] inline Tensor subtract(const Tensor& x, Scalar y, Location at = Location::current()) {
  return sub(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor divide(const Tensor& x, const Y& y, Location at = Location::current()) {
  return div(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor divide(const Tensor& x, const Y& y, Rounding rounding, Location at = Location::current()) {
  return div(x, y, rounding, at);
}
template <class Y>
[[nodiscard]] Tensor true_divide(const Tensor& x, const Y& y, Location at = Location::current()) {
  return div(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor greater(const Tensor& x, const Y& y, Location at = Location::current()) {
  return gt(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor greater_equal(const Tensor& x, const Y& y, Location at = Location::current()) {
  return ge(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor less(const Tensor& x, const Y& y, Location at = Location::current()) {
  return lt(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor less_equal(const Tensor& x, const Y& y, Location at = Location::current()) {
  return le(x, y, at);
}
template <class Y>
[[nodiscard]] Tensor not_equal(const Tensor& x, const Y& y, Location at = Location::current()) {
  return ne(x, y, at);
}

// Numbers or tensors for both bounds.
[[nodiscard]] inline Tensor clip(const Tensor& x, Scalar min, Scalar max, Location at = Location::current()) {
  return clamp(x, min, max, at);
}
[[nodiscard]] inline Tensor clip(const Tensor& x, const Tensor& min, const Tensor& max,
                                 Location at = Location::current()) {
  return clamp(x, min, max, at);
}
[[nodiscard]] inline Tensor concat(const std::vector<Tensor>& tensors, Dim dim = 0, Location at = Location::current()) {
  return cat(tensors, dim, at);
}
[[nodiscard]] inline Tensor concatenate(const std::vector<Tensor>& tensors, Dim dim = 0,
                                        Location at = Location::current()) {
  return cat(tensors, dim, at);
}

}  // namespace xgrad
