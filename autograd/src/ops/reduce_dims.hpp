// What all reductions share: which dimensions, and how a gradient gets back to the input's shape.
#pragma once

#include <xgrad/tensor.hpp>

#include "core/tape/attributes.hpp"
#include "kernels/reduce.hpp"

namespace xgrad::detail {

// The dimensions as a set, all for an empty list. ValueError for an undefined x; IndexError for a dimension out of
// range or given twice.
DimSet dim_set(const char* op, const Tensor& x, const Shape& dims, const Location& at);
// ShapeError when there is nothing to choose from.
void require_nonempty(const char* op, const Tensor& x, DimSet dims, const Location& at);
Shape dim_list(DimSet dims);
// As an attribute.
struct Dims {
  DimSet set;
};
inline void add_attribute(Attributes& list, const char* name, Dims d) { list.add(name, dim_list(d.set)); }

// A reduced tensor with its reduced dimensions as size 1 (`full` is the shape before the reduction).
Tensor with_kept_dims(const Tensor& t, const Shape& full, DimSet dims);
// The adjoint of sum: t repeated over the reduced dimensions, as a view.
Tensor spread(const Tensor& t, const Shape& full, DimSet dims);
// g shared evenly among the elements of x that equal the value y chosen from theirs (all NaNs, when y is NaN).
Tensor share_evenly(const Tensor& g, const Tensor& x, const Tensor& y, DimSet dims);

}  // namespace xgrad::detail
