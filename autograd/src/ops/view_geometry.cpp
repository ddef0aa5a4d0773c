#include "ops/view_geometry.hpp"

namespace xgrad::detail {

Tensor narrow_view(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  Shape shape = impl(x).shape;
  shape[dim] = length;
  return view_of(x, shape, impl(x).strides, start * impl(x).strides[dim]);
}

}  // namespace xgrad::detail
