// Tile kernels with several outputs: the backward passes of custom elementwise operations.
#pragma once

#include <xgrad/elementwise.hpp>

namespace xgrad::detail {

inline constexpr int kMaxCustomInputs = 8;
// The derivative of the derivative of n inputs: n directions, the gradient, n inputs.
inline constexpr int kMaxManyInputs = 2 * kMaxCustomInputs + 1, kMaxManyOutputs = kMaxCustomInputs + 1;

// n contiguous elements of each input to n of each output; outputs that nobody wants are null.
using ManyTilesFn = void (*)(const void* f, std::int64_t n, void* const* out, const void* const* in);

struct ManyTilesKernel {
  ManyTilesFn fn;
  const void* f;
  double ns_per_element;
};

// As run_tiles(). Outputs share the broadcast shape of the inputs; undefined ones are left out.
XGRAD_API void run_many_tiles(const ManyTilesKernel& k, const Tensor* out, int n_out, const Tensor* const* in,
                              int n_in);

}  // namespace xgrad::detail
