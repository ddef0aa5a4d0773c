// map(f, x, ...) for formulas that are often given a column, a channel or one number beside a tensor.
#pragma once

#include <xgrad/elementwise.hpp>

#include "core/row_tiles.hpp"

namespace xgrad::detail {

// A number is read as a vector that stays where it is, so one loop does for all operands.
template <class V, class F, class T, std::size_t... I>
XGRAD_INLINE void rows_loop(const F& f, const Rows& r, std::index_sequence<I...>) {
  keep_whole<F, decltype((void)I, V())...>();
  constexpr std::size_t N = sizeof...(I);
  alignas(64) T room[N][V::lanes];
  const T* x[N];
  const std::int64_t step[N] = {(r.in[I].number ? 0 : 1)...};
  const std::int64_t n = r.n;
  for (std::int64_t row = 0; row < r.rows; ++row) {
    for (std::size_t j = 0; j < N; ++j) {
      x[j] = reinterpret_cast<const T*>(r.in[j].first + row * r.in[j].step);
      if (step[j] != 0) continue;
      V(*x[j]).store(room[j]);
      x[j] = room[j];
    }
    T* const out = reinterpret_cast<T*>(r.out.first + row * r.out.step);
    for (std::int64_t i = 0; i < n; i += V::lanes) {  // one call of f, so that it is compiled once
      const bool full = n - i >= V::lanes;
      const int k = full ? V::lanes : static_cast<int>(n - i);
      const V y = f((full ? V::load(x[I] + i * step[I]) : V::load(x[I] + i * step[I], k, T(1)))...);
      full ? y.store(out + i) : y.store(out + i, k);
    }
  }
}

template <class T, class F, std::size_t N>
void rows_tile(const void* f, const Rows& r) {
  run_simd([=, &r](auto bytes) XGRAD_INLINED {
    const F copy = *static_cast<const F*>(f);  // captures stay in registers
    rows_loop<Vec<T, bytes>, F, T>(copy, r, std::make_index_sequence<N>{});
  });
}

template <class F, std::size_t N>
RowKernel make_row_kernel(const F& f, DType dtype) {
  static_assert(N <= kMaxRowInputs);
  return {make_kernel<F, N>(f, dtype, 0.2),
          dtype == DType::float64 ? &rows_tile<double, F, N> : &rows_tile<float, F, N>};
}

// As map(f, in...).
template <class F, class... In>
Tensor map_rows(const F& f, const In&... in) {
  constexpr int n = sizeof...(In);
  const Tensor* list[] = {&in...};
  const DType dtype = tile_dtype(list, n);
  Tensor out = tile_output(list, n, dtype);
  run_row_tiles(make_row_kernel<F, sizeof...(In)>(f, dtype), out, list, n);
  return out;
}

// As fuse(f, in...).
template <class F, class... In>
Tensor fuse_rows(const F& f, const In&... in) {
  return grad_enabled() ? fuse(f, in...) : map_rows(f, in...);
}

}  // namespace xgrad::detail
