// Forward mode: derivatives that are computed together with the values, for one direction. A dual tensor carries its
// derivative along that direction, its tangent, and every operation with a gradient hands it on:
//
//   forward_ad::DualLevel level;
//   Tensor x = forward_ad::make_dual(value, direction);
//   auto [y, jvp] = forward_ad::unpack_dual(f(x));     // f(value), and J(value) direction
//
// Nothing of the program is kept, so memory does not grow with its length. NoGradGuard does not stop tangents. They may
// require grad themselves (forward over reverse). An operation whose backward pass cannot be differentiated
// (record_once) throws; results that have no gradient, as those of comparisons, have no tangent, and neither has what
// detach() gives. <xgrad/functional.hpp> has jvp(f, x, v).
#pragma once

#include <memory>

#include <xgrad/tensor.hpp>

namespace xgrad {
namespace detail {
struct DualLevelState;
}

namespace forward_ad {

// While it lives, dual tensors can be made on this thread. When it ends they are what they were made of, without
// tangents. Of several inside each other, each is a direction of its own.
class XGRAD_API DualLevel {
 public:
  [[nodiscard("a level without a name ends at once")]] DualLevel();
  ~DualLevel();
  DualLevel(const DualLevel&) = delete;
  DualLevel& operator=(const DualLevel&) = delete;

 private:
  std::shared_ptr<detail::DualLevelState> state_;
};

// A view of primal that carries the tangent at the innermost level. AutogradError: there is no level, or one of them
// has a tangent of it already; DTypeError, ShapeError: they are not floating, or not alike.
[[nodiscard]] XGRAD_API Tensor make_dual(const Tensor& primal, const Tensor& tangent,
                                         Location at = Location::current());

struct Dual {
  Tensor primal;
  Tensor tangent;  // undefined: there is none
};
// The two parts at the innermost level; t itself when it carries no tangent of it.
[[nodiscard]] XGRAD_API Dual unpack_dual(const Tensor& t, Location at = Location::current());

}  // namespace forward_ad
}  // namespace xgrad
