// Checks and the last step common to everything that makes a tensor.
#pragma once

#include <xgrad/ops/factory.hpp>

namespace xgrad::detail {

// DTypeError when gradients are asked for a type that has none.
void require_options(const char* op, const TensorOptions& o, const Location& at);
// ShapeError for a negative size or a count beyond 64 bits.
void require_shape(const char* op, const Shape& shape, const Location& at);
// -1: below the values of the integer type, or NaN; 1: above; 0: one of them, or the type is not an integer type.
int outside_of(const Scalar& v, DType dtype);
// ValueError when the number cannot be stored: NaN, infinite or out of range for an integer type.
void require_fits(const char* op, const Scalar& v, DType dtype, const Location& at);
Tensor finish(Tensor t, const TensorOptions& o);

}  // namespace xgrad::detail
