// Resampling images and sequences.
#pragma once

#include <ostream>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

enum class Interpolation { nearest, nearest_exact, linear, bilinear, bicubic, trilinear, area };
inline std::ostream& operator<<(std::ostream& os, Interpolation v) {
  return detail::print_choice(os, static_cast<int>(v),
                              {"nearest", "nearest_exact", "linear", "bilinear", "bicubic", "trilinear", "area"});
}
struct InterpolateOptions {
  ByName by_name = ByName();
  std::vector<std::int64_t> size = {};    // of the spatial dimensions; one number stands for all
  std::vector<double> scale_factor = {};  // instead of size: the results are floor(size * factor)
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;           // the corner points keep their values (linear, bicubic)
  bool recompute_scale_factor = false;  // measure distances by the resulting sizes, not by scale_factor
  bool antialias = false;               // bilinear, bicubic: where images shrink, over all that a result covers
};
// Resamples (N, C, *spatial). nearest and area: 1 to 3 spatial dimensions; linear, bilinear and bicubic, trilinear: 1,
// 2, 3. bicubic: R. Keys 1981 with a = -0.75, with antialias -0.5. ValueError: not exactly one of size and
// scale_factor, sizes below 1.
[[nodiscard]] XGRAD_API Tensor interpolate(const Tensor& x, const InterpolateOptions& options,
                                           Location at = Location::current());

}  // namespace xgrad
