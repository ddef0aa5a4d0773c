// Copies: to another type, to fresh memory, to row-major order.

#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"

namespace xgrad {

Tensor Tensor::to(DType dtype, Location at) const {
  require_defined("to", *this, at);
  const DType from = detail::impl(*this).dtype;
  if (from == dtype) return *this;
  Tensor y = detail::cast_raw(*this, dtype);
  if (!is_floating(dtype) || !is_floating(from)) return y;
  return detail::record_op(
      "to", y, {*this}, {}, [from](const Saved&, const Tensor& g) -> Grads { return {g.to(from)}; }, at);
}

Tensor Tensor::clone(Location at) const {
  require_defined("clone", *this, at);
  Tensor y = detail::make_tensor(shape(), dtype());
  detail::copy_raw(y, *this);
  return detail::record_op(
      "clone", y, {*this}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

Tensor Tensor::contiguous(Location at) const {
  require_defined("contiguous", *this, at);
  if (detail::impl(*this).contiguous) return *this;
  return detail::record_op(
      "contiguous", detail::contiguous_copy(*this), {*this}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

}  // namespace xgrad
