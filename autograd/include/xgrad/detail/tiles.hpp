// Tile kernels: elementwise functions of n contiguous elements, and the driver that runs them over whole tensors.
#pragma once

#include <cstdint>
#include <type_traits>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// n contiguous elements of each input to n of the output. `f` points to the formula.
using TileFn = void (*)(const void* f, std::int64_t n, void* out, const void* const* in);

// Of a formula that cannot be copied as bytes: it is run before the call returns.
inline constexpr std::uint32_t kNotCopied = 0xffffffff;
inline constexpr std::uint32_t kMostCopied = 64;

struct TileKernel {
  TileFn fn;
  const void* f;
  double ns_per_element;               // rough cost on one thread, decides about threads
  std::uint32_t f_bytes = kNotCopied;  // what to copy of *f, so that the kernel can run later; nothing when f is null
};

template <class F>
constexpr std::uint32_t copied_bytes() {
  if (!std::is_trivially_copyable_v<F> || sizeof(F) > kMostCopied || alignof(F) > 16) return kNotCopied;
  return std::is_empty_v<F> ? 0 : sizeof(F);
}

inline constexpr int kMaxTileInputs = 8;

// Fills `out` (any strides, the broadcast shape of the inputs) by running the kernel over tiles.
XGRAD_API void run_tiles(const TileKernel& k, Tensor& out, const Tensor* const* in, int n_in);
// Common floating dtype of the inputs, or DTypeError; result of their broadcast shape, uninitialised.
XGRAD_API Tensor tile_output(const Tensor* const* in, int n_in, DType out);
XGRAD_API DType tile_dtype(const Tensor* const* in, int n_in);

// ---- several outputs: the backward passes of custom elementwise operations ----

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
