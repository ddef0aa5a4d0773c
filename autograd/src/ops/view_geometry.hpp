// Undifferentiated helpers that the shape, slice, join and index operations share.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Another geometry over the memory of x, `first` elements behind its own start; not recorded.
inline Tensor view_of(const Tensor& x, const Shape& shape, const Shape& strides, std::int64_t first = 0) {
  return make_view(x, shape, strides, impl(x).offset() + first);
}
// The size of a dimension; a 0-d tensor counts as one of rank 1.
inline std::int64_t size_along(const Tensor& x, int dim) { return impl(x).shape.rank() ? impl(x).shape[dim] : 1; }
// Elements [start, start + length) along dim as a view, not recorded; the caller has checked the bounds.
Tensor narrow_view(const Tensor& x, int dim, std::int64_t start, std::int64_t length);
// A contiguous copy in memory of its own, not recorded.
Tensor fresh_copy(const Tensor& x, const Location& at);

}  // namespace xgrad::detail
