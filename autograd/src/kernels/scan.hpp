// Running totals along a dimension, without differentiation. Results are contiguous, of x's shape.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Sum from the first element on, or from the last one; of integers and bools in int64.
Tensor cumsum_raw(const Tensor& x, int dim, bool reverse);
Tensor cumprod_raw(const Tensor& x, int dim);
Tensor logcumsumexp_raw(const Tensor& x, int dim);  // floating
// Running extreme value and its position, the last one among equals; NaN stays.
struct RunningExtremum {
  Tensor values, indices;
};
RunningExtremum cumextremum_raw(const Tensor& x, int dim, bool largest);
// s_k = g_k + a_k s_(k-1), or with s_(k+1) from the last element on; g and a of one floating type and shape.
Tensor linear_scan_raw(const Tensor& g, const Tensor& a, int dim, bool reverse);

}  // namespace xgrad::detail
