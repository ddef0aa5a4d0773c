// Reading images at given places. float32 or float64, of one type (DTypeError).
#pragma once

#include <ostream>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

enum class GridMode { bilinear, nearest, bicubic };
enum class GridPadding { zeros, border, reflection };
inline std::ostream& operator<<(std::ostream& os, GridMode v) {
  return detail::print_choice(os, static_cast<int>(v), {"bilinear", "nearest", "bicubic"});
}
inline std::ostream& operator<<(std::ostream& os, GridPadding v) {
  return detail::print_choice(os, static_cast<int>(v), {"zeros", "border", "reflection"});
}
struct GridSampleOptions {
  ByName by_name = ByName();
  GridMode mode = GridMode::bilinear;             // of volumes trilinear; bicubic is for images
  GridPadding padding_mode = GridPadding::zeros;  // what lies outside
  bool align_corners = false;                     // -1 and 1 are the centres of the first and last element, not edges
};

// x (N, C, H, W) read at grid (N, H', W', 2), whose numbers are (x, y) from -1 to 1 across the image, to (N, C, H',
// W'); or volumes (N, C, D, H, W) at (N, D', H', W', 3), (x, y, z). NaN counts as -1. Differentiable to any order in
// both; mode nearest gives the grid a gradient of 0. M. Jaderberg et al. 2015. ShapeError: ranks or sizes that do not
// fit, images without elements; ValueError: volumes with bicubic.
[[nodiscard]] XGRAD_API Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {},
                                           Location at = Location::current());
Tensor grid_sample(const Tensor&, const Tensor&, const char*,  // by name: {.mode = GridMode::bicubic}
                   const char* = "", bool = false) = delete;
// The grid of the affine maps theta (N, 2, 3), or (N, 3, 4), for images of `size` (N, C, H, W), or (N, C, D, H, W).
[[nodiscard]] XGRAD_API Tensor affine_grid(const Tensor& theta, const Shape& size, bool align_corners = false,
                                           Location at = Location::current());

}  // namespace xgrad
