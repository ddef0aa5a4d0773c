// Elements by rank along a dimension, without differentiation. NaN counts as the largest value; equal elements keep
// their order. Results are contiguous, of x's shape but for the size of dim; positions are int64.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

struct Ranked {
  Tensor values, indices;
};
Ranked sort_raw(const Tensor& x, int dim, bool descending);
// The k largest or smallest, in order.
Ranked topk_raw(const Tensor& x, std::int64_t k, int dim, bool largest);
// The k-th smallest, k from 0; dim has size 1.
Ranked kth_raw(const Tensor& x, std::int64_t k, int dim);
// The lower middle value; the first NaN if there is one, or the middle one of the numbers.
Ranked median_raw(const Tensor& x, int dim, bool ignore_nan);
// The most frequent value, the smallest one of several, and its last position.
Ranked mode_raw(const Tensor& x, int dim);

}  // namespace xgrad::detail
