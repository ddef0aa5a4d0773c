// Frames of plots as a picture that moves.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/viz/animation.hpp>

#include "svg_file.hpp"
#include "svg_film.hpp"

namespace xgrad::viz {
namespace {

constexpr const char* kAnimationOp = "viz::animation";
constexpr double kLongest = 3600;

void require_times(const AnimationOptions& o, const Location& at) {
  if (!(o.seconds > 0 && o.seconds <= kLongest))
    ErrorReport(kAnimationOp, fmt::format("seconds {} is not above 0 and at most {}", o.seconds, kLongest), at)
        .value_error();
  if (!(o.hold >= 0 && o.hold < o.seconds))
    ErrorReport(kAnimationOp, fmt::format("hold {} is not from 0 to below seconds, {}", o.hold, o.seconds), at)
        .value_error();
}

}  // namespace

std::string animation_svg(const std::vector<std::vector<std::vector<Plot>>>& frames, const AnimationOptions& o,
                          Location at) {
  require_times(o, at);
  if (frames.empty()) ErrorReport(kAnimationOp, "there is no frame", at).shape_error();
  std::vector<std::string> pictures;
  for (const std::vector<std::vector<Plot>>& rows : frames)
    pictures.push_back(subplots_svg(rows, {.title = o.title, .gap = o.gap}, at));
  const std::string svg = film(pictures, o.seconds, o.hold / o.seconds, o.repeat);
  if (svg.empty()) ErrorReport(kAnimationOp, "the frames have different sizes", at).shape_error();
  return svg;
}

std::string animation(const std::vector<std::vector<std::vector<Plot>>>& frames, const std::string& path,
                      const AnimationOptions& options, Location at) {
  require_picture_path(kAnimationOp, path, at);
  const std::string svg = animation_svg(frames, options, at);
  return save_svg(
      kAnimationOp, [&] { return svg; }, path, at);
}

}  // namespace xgrad::viz
