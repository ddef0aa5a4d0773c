// Undifferentiated helpers that the shape, index and factory operations share.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Elements [start, start + length) along dim as a view, not recorded; the caller has checked the bounds.
Tensor narrow_view(const Tensor& x, int dim, std::int64_t start, std::int64_t length);
// ValueError when the number cannot be stored: NaN, infinite or out of range for an integer type.
void require_fits(const char* op, const Scalar& v, DType dtype, const Location& at);

}  // namespace xgrad::detail
