// Patches of images as columns, and channels as pixels. float32 or float64 for the columns (DTypeError), any type for
// the rest; images (N, C, H, W) or (C, H, W), but for the shuffles, where any dimensions may stand before the last
// three. ShapeError for sizes that do not fit, ValueError for options out of range.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/ops/extents.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct PatchOptions {
  ByName by_name = ByName();
  Extents<2> dilation = 1, padding = 0, stride = 1;
};

// Every patch that a kernel of this size sees becomes a column: (N, C kh kw, L), L patches row by row
// (torch.nn.Unfold). Padding is zeros.
[[nodiscard]] XGRAD_API Tensor im2col(const Tensor& x, Extents<2> kernel_size, PatchOptions options = {},
                                      Location at = Location::current());
// The adjoint: columns (N, C kh kw, L) added up where their patches lie in images (N, C) + output_size (torch.nn.Fold).
[[nodiscard]] XGRAD_API Tensor col2im(const Tensor& x, Extents<2> output_size, Extents<2> kernel_size,
                                      PatchOptions options = {}, Location at = Location::current());

// (*, C r^2, H, W) to (*, C, H r, W r) and back. W. Shi et al. 2016
[[nodiscard]] XGRAD_API Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor,
                                             Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor,
                                               Location at = Location::current());
// Channels (N, C, *) as a matrix of `groups` rows, transposed. X. Zhang et al. 2018
[[nodiscard]] XGRAD_API Tensor channel_shuffle(const Tensor& x, std::int64_t groups, Location at = Location::current());

}  // namespace xgrad
