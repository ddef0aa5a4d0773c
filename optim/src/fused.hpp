// One pass over a parameter, its gradient and its buffers, by several threads.
#pragma once

#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::optim {

// Calls run(zero of the parameter's type): with_type(param, [&]<class T>(T) { ... }).
template <class F>
XGRAD_INLINE void with_type(const Tensor& param, const F& run) {
  if (param.dtype() == kFloat64)
    run(double{});
  else
    run(float{});
}

// The numbers of a pass, each rounded from double to the type it computes in: rounded<Step, T>(o.lr, o.eps).
template <template <class> class Step, class T, class... Numbers>
Step<T> rounded(const Numbers&... numbers) {
  return {static_cast<T>(numbers)...};
}

// What weight decay does before a step: adds so much of the parameter to its gradient, or, decoupled, shrinks it.
struct Decay {
  double to_gradient, shrink;
};
template <class Options>
Decay decay_of(const Options& o) {
  if (o.decoupled_weight_decay) return {0, 1 - o.lr * o.weight_decay};
  return {o.weight_decay, 1};
}

template <class T>
T* data_of(Tensor& t) {
  return detail::own_pointer<T>(t);
}
template <class T>
const T* data_of(const Tensor& t) {
  return t.data<T>();
}
template <class T>
T* data_of(Tensor* t) {
  return t ? detail::own_pointer<T>(*t) : nullptr;
}

// pass(n, pointers...) over all elements of tensors of one shape. A null pointer in place of a tensor stays null. The
// cost per element is mostly that of the memory it touches.
template <class T, class Pass, class... Tensors>
XGRAD_INLINE void for_elements(const Pass& pass, Tensor& param, Tensors&&... others) {
  constexpr double ns = 0.07 * static_cast<double>(sizeof(T) * (1 + sizeof...(others))) / 4 * 2;
  const auto run = [&](auto*... p) {
    detail::parallel_cost(param.numel(), ns,
                          [&](std::int64_t a, std::int64_t b) { pass(b - a, (p ? p + a : nullptr)...); });
  };
  run(data_of<T>(param), data_of<T>(others)...);
}

XGRAD_INLINE float root(float x) { return __builtin_sqrtf(x); }
XGRAD_INLINE double root(double x) { return __builtin_sqrt(x); }

}  // namespace xgrad::optim
