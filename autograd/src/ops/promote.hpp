// Result types of operations on tensors, and the casts they imply.
#pragma once

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// PyTorch's rule: a 0-d tensor does not widen the type of a tensor with dimensions within the same category
// (bool < integer < floating).
inline DType promote_kinds(DType a, bool a_is_0d, DType b, bool b_is_0d) {
  if (a_is_0d == b_is_0d) return promote_types(a, b);
  const auto category = [](DType d) { return is_floating(d) ? 2 : is_integral(d) ? 1 : 0; };
  const DType strong = a_is_0d ? b : a, weak = a_is_0d ? a : b;
  return category(weak) > category(strong) ? weak : strong;
}
inline DType result_type(const Tensor& x, const Tensor& y) {
  const DType a = impl(x).dtype, b = impl(y).dtype;
  return a == b ? a : promote_kinds(a, impl(x).shape.rank() == 0, b, impl(y).shape.rank() == 0);
}
// The same of three.
inline DType result_type(const Tensor& x, const Tensor& y, const Tensor& z) {
  const bool zx = impl(x).shape.rank() == 0, zy = impl(y).shape.rank() == 0, zz = impl(z).shape.rank() == 0;
  if (zx == zy && zy == zz) return promote_types(impl(x).dtype, promote_types(impl(y).dtype, impl(z).dtype));
  // Those without dimensions, or those with them, are two: their common type counts as one operand.
  if (zx != zy && zx != zz) return promote_kinds(impl(x).dtype, zx, promote_types(impl(y).dtype, impl(z).dtype), zy);
  if (zy != zx && zy != zz) return promote_kinds(impl(y).dtype, zy, promote_types(impl(x).dtype, impl(z).dtype), zx);
  return promote_kinds(impl(z).dtype, zz, promote_types(impl(x).dtype, impl(y).dtype), zx);
}

// x as a floating tensor (integers in float32), undifferentiated.
inline Tensor as_floating(const Tensor& x) { return is_floating(impl(x).dtype) ? x : cast_raw(x, DType::float32); }
inline Tensor as_type(const Tensor& x, DType d) { return impl(x).dtype == d ? x : cast_raw(x, d); }

// A number as a tensor.
inline Tensor scalar_tensor(Scalar v, DType type) {
  Tensor t = make_tensor({}, type);
  fill_raw(t, v);
  return t;
}

// ShapeError with the caller's place when x and y do not broadcast.
inline void require_broadcast(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  require_defined(op, x, at);
  require_defined(op, y, at);
  if (!(impl(x).shape == impl(y).shape)) broadcast_shapes(op, x, y, at);
}

}  // namespace xgrad::detail
