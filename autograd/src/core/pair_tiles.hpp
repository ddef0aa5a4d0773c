// Elementwise kernels of two inputs that also take one number beside a tile: a column, a channel or a vector that is
// broadcast along rows is read once for each row, and no tile is filled with it.
#pragma once

#include <xgrad/detail/tiles.hpp>

namespace xgrad::detail {

struct PairKernel {
  TileKernel plain;
  TileFn first, second;  // in[0], or in[1], is one number
};

// As run_tiles().
void run_pair_tiles(const PairKernel& k, Tensor& out, const Tensor* const* in);

}  // namespace xgrad::detail
