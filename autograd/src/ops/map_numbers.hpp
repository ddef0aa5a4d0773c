// Functions computed one number at a time, in double. One kernel serves them all, so a rare function costs no compile
// time; what is used in every network is a formula on vectors instead (unary.hpp).
#pragma once

#include <xgrad/record.hpp>

#include "core/tape/record.hpp"
#include "ops/promote.hpp"
#include "ops/unary.hpp"

namespace xgrad::detail {

using NumberFunction = double (*)(double);
using PairFunction = double (*)(double, double);

// A function that has a kernel for n numbers of float32.
struct RowFunction {
  NumberFunction one;
  void (*row)(const float* x, std::int64_t n, float* y);
};

// Raw results, of floating tensors; two of them have one type and broadcast.
Tensor map_numbers(NumberFunction f, const Tensor& x);
Tensor map_numbers(const RowFunction& f, const Tensor& x);
Tensor map_numbers(PairFunction f, double number, const Tensor& x);  // f(number, x)
Tensor map_numbers(PairFunction f, const Tensor& x, const Tensor& y);

// y = f(x), and dx = b(g, v) as recorded operations, v the input or the output.
template <Keep K = Keep::input, class F, class B>
Tensor by_numbers(const char* op, const Tensor& x, F f, B b, const Location& at) {
  require_defined(op, x, at);
  Tensor y = map_numbers(f, as_floating(x));
  if (!is_floating(impl(x).dtype)) return y;
  return detail::record_op(
      op, y, {x}, {K == Keep::input ? x : y}, [b](const Saved& s, const Tensor& g) -> Grads { return {b(g, s[0])}; },
      at);
}

// The gradient of what is constant between its steps.
inline Grads zero_grad(const Tensor& g) { return {zeros_raw(g.shape(), g.dtype())}; }

}  // namespace xgrad::detail
