// Growing, cropping and resampling images and sequences.
#pragma once

#include <vector>
#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// reflect: c b | a b c | b a; replicate: a a | a b c | c c; circular: b c | a b c | a b.
enum class PadMode { constant, reflect, replicate, circular };
inline std::ostream& operator<<(std::ostream& os, PadMode v) {
  return detail::print_choice(os, static_cast<int>(v), {"constant", "reflect", "replicate", "circular"});
}
// x with elements added: `sizes` holds (before, after) of the last dimension, then of the one before, and so on;
// negative numbers crop. value: what is put there (constant mode). Any dtype in constant mode, else floating.
// ShapeError: an odd number of sizes or too many, a negative result, padding that reflects over the whole dimension
// ("padding 3 must be less than size 3 of dim 2") or wraps around more than once.
[[nodiscard]] XGRAD_API Tensor pad(const Tensor& x, const std::vector<std::int64_t>& sizes,
                                   PadMode mode = PadMode::constant, Scalar value = 0,
                                   Location at = Location::current());

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
};
// Resamples (N, C, *spatial). nearest and area: 1 to 3 spatial dimensions; linear, bilinear and bicubic, trilinear: 1,
// 2, 3. bicubic: R. Keys 1981 with a = -0.75. ValueError: not exactly one of size and scale_factor, sizes below 1.
[[nodiscard]] XGRAD_API Tensor interpolate(const Tensor& x, const InterpolateOptions& options,
                                           Location at = Location::current());

}  // namespace xgrad
