// One pass over a parameter, its gradient and its buffers, by several threads.
#pragma once

#include <xgrad/optim/optimizer.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::optim {

// Calls run(zero of the parameter's type).
template <class F>
void with_type(const Tensor& param, const F& run) {
  if (param.dtype() == kFloat64)
    run(double{});
  else
    run(float{});
}

// pass(n, pointers...) over all elements. A null pointer stays null. The cost per element is mostly that of the
// memory it touches.
template <class Pass, class... T>
void for_elements(std::int64_t n, const Pass& pass, T*... p) {
  const double ns = 0.07 * static_cast<double>((sizeof(T) + ...)) / 4 * 2;
  detail::parallel_cost(n, ns, [&](std::int64_t a, std::int64_t b) { pass(b - a, (p ? p + a : nullptr)...); });
}

template <class T>
T* data_of(Tensor* t) {
  return t ? t->mutable_data<T>() : nullptr;
}

XGRAD_INLINE float root(float x) { return __builtin_sqrtf(x); }
XGRAD_INLINE double root(double x) { return __builtin_sqrt(x); }

}  // namespace xgrad::optim
