// The shape shared by operations of one tensor.
#pragma once

#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>

#include "core/node.hpp"
#include "ops/promote.hpp"

namespace xgrad::detail {

enum class Keep { input, output };

// y = f(x); dx = b(g, v) with v the input or the output, whichever the derivative is written in.
template <Keep K, class F, class B>
Tensor unary(const char* op, const Tensor& x, F f, B b, const Location& at) {
  require_defined(op, x, at);
  const Tensor v = as_floating(x);
  Tensor y = elementwise(f, v);
  return record(op, y, {v}, {K == Keep::input ? v : y},
                [b](const Saved& s, const Tensor& g) -> Grads { return {fuse(b, g, s[0])}; }, at);
}

}  // namespace xgrad::detail
