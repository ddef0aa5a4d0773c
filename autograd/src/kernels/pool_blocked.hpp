// Pooling of activations with their channels in blocks (core/blocked.hpp), as in pool.hpp: a window is pooled for all
// channels of a block at once.
#pragma once

#include "core/blocked.hpp"
#include "kernels/pool.hpp"

namespace xgrad::detail {

// The blocked form of x if its channels are what the pooling takes for channels: three-dimensional pooling of (N, C, H,
// W) takes C for the depth. Positions must be whole numbers of float.
inline BlockedRef pooled_form(const PoolShape& s, const Tensor& x) {
  return s.outer.rank() == 2 && volume(s.in) < (1 << 24) ? blocked_form(x) : BlockedRef();
}

// x and y are of the shapes that PoolShape says, all in blocks of one size.
void max_pool_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& y, const BlockedRef& positions);
void pool_gather_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& positions, const BlockedRef& y);
void pool_scatter_blocked(const PoolShape& s, const BlockedRef& g, const BlockedRef& positions, const BlockedRef& dx);
void avg_pool_blocked(const PoolShape& s, const BlockedRef& x, const BlockedRef& y);
void avg_pool_backward_blocked(const PoolShape& s, const BlockedRef& g, const BlockedRef& dx);

}  // namespace xgrad::detail
