// What operations share that choose elements along a dimension and say where they were.
#pragma once

#include <vector>

#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/index_places.hpp"

namespace xgrad::detail {

// values, which are the elements of x at indices along dim. reduced: both have size 1 there, which goes unless keepdim.
// attributes: those beside dim, and keepdim of what reduces.
template <class... A>
ValuesIndices record_picked(const char* op, Tensor values, Tensor indices, const Tensor& x, int dim, bool reduced,
                            bool keepdim, const Location& at, A... attributes) {
  const Tensor places = indices;  // of x's rank
  const bool drop = reduced && !keepdim && impl(x).shape.rank() > 0;
  if (drop) {
    Shape shape = impl(values).shape;
    shape.erase(dim);
    values = make_alias(make_view(values, shape, shape.contiguous_strides(), impl(values).offset()));
    indices = make_alias(make_view(indices, shape, shape.contiguous_strides(), impl(indices).offset()));
  }
  std::vector<Tensor> out = detail::record_op(
      op, std::vector<Tensor>{std::move(values), std::move(indices)}, {x}, {places},
      [dim, drop, shape = impl(x).shape](const Saved& s, std::span<const Tensor> g) -> Grads {
        return {gather_backward(drop ? unsqueeze(g[0], dim) : g[0], shape, dim, s[0])};
      },
      at, detail::named<"dim">(dim), attributes...);
  return {std::move(out[0]), std::move(out[1])};
}

}  // namespace xgrad::detail
