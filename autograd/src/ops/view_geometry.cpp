#include "ops/view_geometry.hpp"

#include "core/elementwise_loop.hpp"

namespace xgrad::detail {

Tensor narrow_view(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  Shape shape = impl(x).shape;
  shape[dim] = length;
  return view_of(x, shape, impl(x).strides, start * impl(x).strides[dim]);
}

Tensor fresh_copy(const Tensor& x, const Location& at) {
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  copy_raw(y, x);
  return y;
}

}  // namespace xgrad::detail
