// Checks the arguments of a pooling and turns them into its numbers.
#pragma once

#include <xgrad/ops/pool.hpp>

#include "kernels/pool.hpp"

namespace xgrad::detail {

template <int N>
PoolShape max_pool_shape(const char* op, const Tensor& x, const Extents<N>& kernel, const MaxPoolOptions<N>& o,
                         const Location& at);
template <int N>
PoolShape avg_pool_shape(const char* op, const Tensor& x, const Extents<N>& kernel, const AvgPoolOptions<N>& o,
                         const Location& at);
template <int N>
PoolShape adaptive_shape(const char* op, const Tensor& x, const Extents<N>& size, const Location& at);
// The pooling that max_unpool turns round: `in` is the result's size.
template <int N>
PoolShape unpool_shape(const char* op, const Tensor& x, const Tensor& indices, const Extents<N>& size,
                       const Location& at);

}  // namespace xgrad::detail
