// Functions of many float32 numbers, on vectors in double.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <xgrad/vec.hpp>

namespace xgrad::detail {

// log x for 0 < x < infinity.
template <class V>
XGRAD_INLINE V log_of_ordinary(const V& x) {
  using C = vec::Constants<double>;
  vec::LogParts<double, V::bytes> t;
  vec::split_exponent(x.bits().v, typename V::mask(false), t);
  vec::log_tail(t.m, t.tail);
  const auto low = t.tail.v + t.e.v * C::log_ln2_low;
  return V((low + t.m.v) + t.e.v * C::log_ln2_high);
}

template <class V>
XGRAD_INLINE V widened(const float* x) {
  typedef float Half __attribute__((vector_size(V::bytes / 2)));
  Half h;
  std::memcpy(&h, x, sizeof h);
  return V(__builtin_convertvector(h, typename V::native));
}
template <class V>
XGRAD_INLINE void store_narrowed(const V& y, float* to) {
  typedef float Half __attribute__((vector_size(V::bytes / 2)));
  const Half h = __builtin_convertvector(y.v, Half);
  std::memcpy(to, &h, sizeof h);
}

// f(x), in double for float32 too, whose two halves come one after the other.
template <int B, class F>
XGRAD_INLINE Vec<double, B> in_double(const Vec<double, B>& x, const F& f) {
  return f(x);
}
template <int B, class F>
XGRAD_INLINE Vec<float, B> in_double(const Vec<float, B>& x, const F& f) {
  using V = Vec<float, B>;
  using W = Vec<double, V::bytes>;
  float room[V::lanes];
  x.store(room);
  const W low = widened<W>(room), high = widened<W>(room + W::lanes);
  store_narrowed(f(low), room);
  store_narrowed(f(high), room + W::lanes);
  return V::load(room);
}

// y = f(x) for n numbers. F has of(number), of_lanes(vector), which may be wrong where not ordinary(vector), and 1/2 is
// ordinary.
template <class F>
void map_row(const float* x, std::int64_t n, float* y) {
  run_simd([=](auto bytes) XGRAD_INLINED {
    using V = Vec<double, bytes>;
    constexpr int w = V::lanes;
    for (std::int64_t i = 0; i < n; i += w) {
      const int lanes = static_cast<int>(n - i < w ? n - i : w);
      float room[w];
      for (int k = 0; k < w && lanes < w; ++k) room[k] = k < lanes ? x[i + k] : 0.5f;
      const V v = widened<V>(lanes < w ? room : x + i);
      const auto ordinary = F::ordinary(v);
      if (!all(ordinary)) [[unlikely]] {  // ordinary neighbours keep the bits that they have elsewhere
        float results[w], by_lanes[w];
        store_narrowed(where(ordinary, V(1.0), V(0.0)), by_lanes);
        store_narrowed(F::of_lanes(where(ordinary, v, V(0.5))), results);
        for (int k = 0; k < lanes; ++k)
          y[i + k] = by_lanes[k] != 0 ? results[k] : static_cast<float>(F::of(static_cast<double>(x[i + k])));
        continue;
      }
      store_narrowed(F::of_lanes(v), lanes < w ? room : y + i);
      for (int k = 0; k < lanes && lanes < w; ++k) y[i + k] = room[k];
    }
  });
}

}  // namespace xgrad::detail
