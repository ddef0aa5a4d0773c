// Backward formulas that write over the gradient they received: half the memory to touch, no new buffer.
#pragma once

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>

#include "core/broadcast.hpp"
#include "core/overlap.hpp"

namespace xgrad::detail {

// Whether a result over g and the others may be written over g: the engine's handle is the only one, and all operands
// broadcast to the shape of g.
template <class... In>
bool may_write_over(const Tensor& g, const In&... in) {
  [[maybe_unused]] const auto fit = [&](const TensorImpl& t) {  // also in its form, see core/blocked.hpp
    return t.dtype == impl(g).dtype && t.has_memory() == impl(g).has_memory() &&
           is_expandable_to(t.shape, impl(g).shape);
  };
  return is_sole_owner(g) && (fit(impl(in)) && ...);
}

// As fuse(f, g, in...), for the last use a backward function makes of its gradient g. The result takes g's memory where
// possible. All operands must broadcast to the shape of g.
template <class F, class... In>
Tensor fuse_last(F f, const Tensor& g, const In&... in) {
  if (grad_enabled()) return fuse(f, g, in...);
  if (!may_write_over(g, in...)) return map(f, g, in...);
  Tensor out = g;
  const Tensor* list[] = {&g, &in...};
  run_tiles(make_kernel<F, sizeof...(In) + 1>(f, impl(g).dtype, 0.2), out, list, sizeof...(In) + 1);
  return out;
}

}  // namespace xgrad::detail
