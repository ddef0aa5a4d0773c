// What operations that take index tensors share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <xgrad/parallel.hpp>
#include <xgrad/tensor.hpp>

#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Contiguous int64 form of an index tensor.
Tensor as_index(const Tensor& index);

// A 0-d tensor counts as one of rank 1.
inline Shape sizes_of(const Tensor& x) { return impl(x).shape.rank() ? impl(x).shape : Shape{1}; }
inline Shape strides_of(const Tensor& x) { return impl(x).shape.rank() ? impl(x).strides : Shape{1}; }

// IndexError that names the first element of `index`, in the form of as_index(), which is no place along dim of x.
void require_in_range(const char* op, const Tensor& index, std::int64_t size, int dim, const Tensor& x,
                      const Location& at);

// The numbers of `index` as a 1-D tensor of 0..size-1; negative ones count from the end. IndexError for others.
Tensor as_wrapped_index(const char* op, const Tensor& index, std::int64_t size, const Tensor& x, const Location& at);

// a + b; integers wrap.
template <class T>
T add_wrapping(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a || b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) + static_cast<std::make_unsigned_t<T>>(b));
  else
    return a + b;
}

// Zeros of `shape` with g added at the places of index along dim: the adjoint of gather, recorded.
Tensor gather_backward(const Tensor& g, const Shape& shape, int dim, const Tensor& index);

// Calls f with an unsigned integer as wide as an element: enough to move one.
template <class F>
void dispatch_width(DType d, F f) {
  switch (item_size(d)) {
    case 1:
      return f(std::uint8_t{});
    case 4:
      return f(std::uint32_t{});
    default:
      return f(std::uint64_t{});
  }
}

// Records y = x with src added at the places of index; `take`, gather or index_select, is the adjoint.
template <Tensor (*take)(const Tensor&, std::int64_t, const Tensor&, Location)>
Tensor record_added(const char* op, Tensor y, const Tensor& x, const Tensor& index, const Tensor& src, int dim,
                    const Location& at) {
  return record_reading(
      op, {index}, std::move(y), {x, src}, {index},
      [dim, shape = impl(src).shape](const Saved& s, const Tensor& g) -> Grads {
        Tensor gs;
        if (s.needs(1)) {
          gs = take(g, dim, s[0], Location::current());
          if (!(gs.shape() == shape)) gs = gs.reshape(shape);
        }
        return {g, gs};
      },
      at, detail::named<"dim">(dim));
}

// Items per thread so that starting one is worth it.
inline std::int64_t grain(std::int64_t items, double total_ns) {
  return grain_for(total_ns / static_cast<double>(std::max<std::int64_t>(items, 1)));
}

}  // namespace xgrad::detail
