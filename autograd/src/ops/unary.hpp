// The shape shared by operations of one tensor.
#pragma once

#include <xgrad/elementwise.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/trigonometry.hpp>
#include <xgrad/record.hpp>

#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tape/reuse.hpp"
#include "core/tape/trace_all.hpp"
#include "ops/promote.hpp"

namespace xgrad::detail {

enum class Keep { input, output };

// y = f(x); dx = b(g, v) with v the input or the output, whichever the derivative is written in. attributes: as of
// record_op().
template <Keep K, class F, class B, class... A>
Tensor unary(const char* op, const Tensor& x, F f, B b, const Location& at, A... attributes) {
  require_defined(op, x, at);
  if (!is_floating(impl(x).dtype)) [[unlikely]]
    return traced(op, map(f, as_floating(x)), {x}, at, attributes...);
  Tensor y = map(f, x);
  y = detail::record_op(
      op, y, {x}, {K == Keep::input ? x : y},
      [b](const Saved& s, const Tensor& g) -> Grads { return {fuse_last(b, g, s[0])}; }, at, attributes...);
  return recomputable(std::move(y), {x}, pass_time(impl(x).numel),
                      [f](std::span<const Tensor> in) { return map(f, in[0]); });
}

template <class T, class F>
void integer_unary_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = static_cast<T>(F{}(static_cast<const T*>(in[0])[i]));
}

// y = f(x) for a function that keeps integers integers; f(value) in the type of the tensor.
template <class F>
Tensor integer_unary(const char* op, const Tensor& x, F, const Location& at) {
  const DType type = impl(x).dtype;
  if (type == DType::boolean)
    ErrorReport(op, "is not defined for bool; cast first", at).operand("input", x).dtype_error();
  Tensor y = make_tensor(impl(x).shape, type);
  const Tensor* in[] = {&x};
  dispatch_all(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>)
      run_tiles({&integer_unary_tile<T, F>, nullptr, 0.5}, y, in, 1);
  });
  return traced(op, std::move(y), {x}, at);
}

// Whether x takes the integer form of an operation that has one.
inline bool is_exact(const char* op, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  return !is_floating(impl(x).dtype);
}

}  // namespace xgrad::detail
