// Undifferentiated work on whole tensors that the core itself needs: fill, copy with cast, add, checks.
#pragma once

#include <string>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

void fill_raw(Tensor& t, Scalar v);
Tensor zeros_raw(const Shape& shape, DType dtype);
// dst takes the values of src, broadcast to dst's shape and cast to its dtype; any strides. Overlap-safe only when
// both have the same geometry.
void copy_raw(Tensor& dst, const Tensor& src);
// dst += src (broadcast to dst's shape, same dtype), floating or integer.
void add_raw(Tensor& dst, const Tensor& src);
// x itself when it is contiguous, or undefined.
Tensor contiguous_copy(const Tensor& x);
Tensor cast_raw(const Tensor& x, DType dtype);
bool all_finite(const Tensor& t);
std::string range_text(const Tensor& t);  // "min -1.5, max 3, 2 NaN, 0 Inf"

}  // namespace xgrad::detail
