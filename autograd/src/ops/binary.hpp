// What operations of two tensors share: whole numbers, and operands of different types.
#pragma once

#include <cstdint>
#include <type_traits>

#include <xgrad/elementwise.hpp>

#include "core/tape/trace_all.hpp"
#include "ops/promote.hpp"

namespace xgrad::detail {

// out = f(x, y) element by element in type T; the order of integer overflow is wrapping.
template <class T, class F>
void integer_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<T*>(out)[i] = static_cast<T>((*static_cast<const F*>(f))(a[i], b[i]));
}

// Integer and bool tensors through f in the wrapping unsigned sense.
template <class F>
Tensor integer_binary(const Tensor& x, const Tensor& y, DType type, F f) {
  const Tensor a = as_type(x, type), b = as_type(y, type);
  const Tensor* in[] = {&a, &b};
  Tensor out = tile_output(in, 2, type);
  dispatch_all(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_floating_point_v<T>)
      run_tiles({&integer_tile<T, F>, &f, 1.0, copied_bytes<F>()}, out, in, 2);
  });
  return out;
}

// The same as an operation, for exporters; attributes: as of traced().
template <class F, class... A>
Tensor integer_binary(const char* op, const Tensor& x, const Tensor& y, DType type, F f, const Location& at,
                      A... attributes) {
  return traced(op, integer_binary(x, y, type, f), {x, y}, at, attributes...);
}
// With a number in the place of y.
template <class Name, class F>
Tensor integer_with_number(const char* op, const Tensor& x, Scalar y, DType type, F f, const Location& at, Name name) {
  return traced(op, integer_binary(x, scalar_tensor(y, type), type, f), {x}, at, name);
}

inline constexpr auto kWrap = [](auto v) {  // signed overflow is undefined; unsigned wraps
  if constexpr (std::is_same_v<decltype(v), bool>)
    return static_cast<std::uint64_t>(v);
  else
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(v));
};

// Where the backward formula is not linear in the operands, they are cast on the tape instead.
inline bool is_mixed(const Tensor& x, const Tensor& y, DType type) {
  return impl(x).dtype != type || impl(y).dtype != type;
}

}  // namespace xgrad::detail
