// Plots that move, as one SVG without a script:
//
//   std::vector<std::vector<std::vector<viz::Plot>>> frames;        // each as viz::subplots takes it
//   for (int step = 0; step <= 50; ++step) frames.push_back({{path_up_to(step)}});
//   viz::animation(frames, "out/path.svg", {.seconds = 5});
//
// Give the plots fixed ranges: what is the same in all frames is in the file once, and what changes many times. Readers
// that do not move pictures, and paper, show the last frame; so does a browser whose user wants less motion, when the
// file is opened by itself.
#pragma once

#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

struct AnimationOptions {
  ByName by_name = ByName();
  std::string title = {};
  int gap = 8;         // pixels between two plots
  double seconds = 6;  // from the first frame to the end of the last one
  double hold = 1.5;   // of these the last frame stays
  bool repeat = true;  // from the beginning, for ever
};
// Written as by Plot::save; .png and .pdf are the last frame. ShapeError: no frame, a frame without a plot, frames of
// different sizes. ValueError: seconds that are not above 0 and at most 3600, a hold that is negative or not below
// seconds.
XGRAD_API std::string animation(const std::vector<std::vector<std::vector<Plot>>>& frames, const std::string& path,
                                const AnimationOptions& options = {}, Location at = Location::current());
XGRAD_API std::string animation_svg(const std::vector<std::vector<std::vector<Plot>>>& frames,
                                    const AnimationOptions& options = {}, Location at = Location::current());

}  // namespace xgrad::viz
