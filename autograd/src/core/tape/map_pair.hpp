// map(f, x, y) for formulas that are often given a column or a channel beside a tensor. The lambda computes the same
// for a number as for a tile of it, so a formula of which the compiler could compute, and round, a part beforehand has
// no place here.
#pragma once

#include <xgrad/elementwise.hpp>

#include "core/pair_tiles.hpp"

namespace xgrad::detail {

template <class V, int Number, class F, class T>
XGRAD_INLINE void beside_loop(const F& f, std::int64_t n, T* out, const T* x, T number) {
  keep_whole<F, V, V>();
  const V c(number);
  for (std::int64_t i = 0; i < n; i += V::lanes) {
    const bool full = n - i >= V::lanes;
    const int k = full ? V::lanes : static_cast<int>(n - i);
    const V v = full ? V::load(x + i) : V::load(x + i, k, T(1));
    const V r = Number == 0 ? f(c, v) : f(v, c);
    full ? r.store(out + i) : r.store(out + i, k);
  }
}

template <class T, class F, int Number>
void tile_beside(const void* f, std::int64_t n, void* out, const void* const* in) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    const F copy = *static_cast<const F*>(f);
    beside_loop<Vec<T, bytes>, Number>(copy, n, static_cast<T*>(out), static_cast<const T*>(in[1 - Number]),
                                       *static_cast<const T*>(in[Number]));
  });
}

template <class F>
PairKernel make_pair_kernel(const F& f, DType dtype) {
  const TileKernel plain = make_kernel<F, 2>(f, dtype, 0.2);
  if (dtype == DType::float64) return {plain, &tile_beside<double, F, 0>, &tile_beside<double, F, 1>};
  return {plain, &tile_beside<float, F, 0>, &tile_beside<float, F, 1>};
}

// As map(f, x, y).
template <class F>
Tensor map_pair(const F& f, const Tensor& x, const Tensor& y) {
  const Tensor* list[] = {&x, &y};
  const DType dtype = tile_dtype(list, 2);
  Tensor out = tile_output(list, 2, dtype);
  run_pair_tiles(make_pair_kernel(f, dtype), out, list);
  return out;
}

}  // namespace xgrad::detail
