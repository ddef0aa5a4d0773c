#include "ops/view_geometry.hpp"

#include <cstring>

#include "core/elementwise_loop.hpp"

namespace xgrad::detail {

Tensor zeros_raw(const Shape& shape, DType dtype) {
  Tensor t = make_tensor(shape, dtype);
  const std::size_t bytes = static_cast<std::size_t>(impl(t).numel) * static_cast<std::size_t>(item_size(dtype));
  if (bytes <= 32 << 10)
    std::memset(impl(t).memory(), 0, bytes);
  else
    fill_raw(t, Scalar(0));
  return t;
}

Tensor narrow_view(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  Shape shape = impl(x).shape;
  shape[dim] = length;
  return view_of(x, shape, impl(x).strides, start * impl(x).strides[dim]);
}

}  // namespace xgrad::detail
