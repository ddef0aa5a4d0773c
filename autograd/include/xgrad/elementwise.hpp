// One formula, one pass over memory. map(f, x, y, ...) runs a generic lambda over whole tensors:
//
//   Tensor swish = map([](auto x) { return x / (1 + exp(-x)); }, t);
//
// The lambda is called with vectors of 16 floats or 8 doubles (<xgrad/vec.hpp>), once per vector, in code compiled for
// several CPUs and chosen at run time. Inputs broadcast and may have any strides; large ones are split over threads.
// fuse() is the same for backward formulas: under create_graph it calls the lambda with Tensors instead, so that the
// derivative of the derivative exists.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <xgrad/autograd.hpp>
#include <xgrad/detail/tiles.hpp>
#include <xgrad/vec.hpp>

namespace xgrad {
namespace detail {

XGRAD_API bool any_wants_grad(const Tensor* const* in, int n_in);

// GCC clones a lambda that captures (ipa-sra) before it gets to inline it into the versions for each instruction set,
// and the clone can no longer be inlined there: vectors turn into single numbers. It leaves functions alone whose
// address somebody has.
template <class F, class... V>
XGRAD_INLINE void keep_whole() {
  if constexpr (requires { &F::template operator()<V...>; }) {
    static constexpr auto address = &F::template operator()<V...>;
    asm volatile("" : : "m"(address));
  }
}

template <class V, class F, class T, std::size_t... I>
XGRAD_INLINE void tile_loop(const F& f, std::int64_t n, T* out, const void* const* in, std::index_sequence<I...>) {
  keep_whole<F, decltype((void)I, V())...>();
  const T* const x[] = {static_cast<const T*>(in[I])..., nullptr};
  for (std::int64_t i = 0; i < n; i += V::lanes) {  // one call of f, so that it is compiled once
    const bool full = n - i >= V::lanes;
    const int k = full ? V::lanes : static_cast<int>(n - i);
    const V r = f((full ? V::load(x[I] + i) : V::load(x[I] + i, k, T(1)))...);  // 1 is harmless to divide by
    full ? r.store(out + i) : r.store(out + i, k);
  }
}

template <class T, class F, std::size_t N>
void tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    const F copy = *static_cast<const F*>(f);  // captures stay in registers
    tile_loop<Vec<T, bytes>>(copy, n, static_cast<T*>(out), in, std::make_index_sequence<N>{});
  });
}

template <class F, std::size_t N>
TileKernel make_kernel(const F& f, DType dtype, double ns) {
  return {dtype == DType::float64 ? &tile<double, F, N> : &tile<float, F, N>, &f, ns, copied_bytes<F>()};
}

}  // namespace detail

// Result of f over the broadcast inputs, which share one floating dtype (DTypeError otherwise). Never recorded: the
// result has no gradient. With a gradient that comes by itself: elementwise("name", f, x) in <xgrad/custom.hpp>.
template <class F, class... In>
requires(std::is_same_v<In, Tensor>&&...) Tensor map(F formula, const In&... in) {
  const F& f = formula;
  constexpr int n = sizeof...(In);
  static_assert(n <= detail::kMaxTileInputs);
  // First for one kind of vector, so that an error inside f is reported once.
  using V = Vec<float, 64>;
  if constexpr (requires { f((static_cast<void>(in), V())...); }) {
    static_assert(std::is_convertible_v<decltype(f((static_cast<void>(in), V())...)), V>,
                  "xgrad: a formula returns one value, `return x * x;`; a comparison goes through where(x > 0, x, 0)");
    if constexpr (std::is_convertible_v<decltype(f((static_cast<void>(in), V())...)), V>) {
      const Tensor* list[] = {&in...};
      const DType dtype = detail::tile_dtype(list, n);
      Tensor out = detail::tile_output(list, n, dtype);
      detail::run_tiles(detail::make_kernel<F, sizeof...(In)>(f, dtype, 0.2), out, list, n);
      return out;
    }
  } else {
    f((static_cast<void>(in), V())...);  // a formula takes one `auto` parameter per input and is not `mutable`
  }
  return Tensor();
}
template <class F, class... In>
requires(!(std::is_same_v<In, Tensor> && ...))  //
    Tensor map(F, const In&...)                 // inputs are Tensors; numbers are captured: [a](auto x) { ... }
= delete;

// As map(), but while gradients are recorded f runs on Tensors, so the result is differentiable.
template <class F, class... In>
requires(std::is_same_v<In, Tensor>&&...) Tensor fuse(F f, const In&... in) {
  if (grad_enabled()) {
    const Tensor* list[] = {&in...};
    if (detail::any_wants_grad(list, sizeof...(In))) return f(in...);
  }
  return map(f, in...);
}

// Without a name the result would not be recorded, and nothing would say so.
template <class F, class... In>
requires(sizeof...(In) > 0 && (std::is_same_v<In, Tensor> && ...))  //
    void elementwise(F, const In&...)  // recorded: elementwise("name", f, x), custom.hpp; values only: map(f, x)
    = delete;

}  // namespace xgrad
