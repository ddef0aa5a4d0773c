// Ticks of an axis and the way from numbers to pixels.
#pragma once

#include <string>
#include <vector>

#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

struct Tick {
  double value;
  std::string text;
};

// Longer sides are refused: programs that read pictures have no room for them.
inline constexpr int kMostPixels = 30000;

// Whether a user's range can be told apart: the ends differ by more than rounding and by a finite number.
bool is_drawable(const Range& r, Scale scale);

// Where v is on the way from low to high: 0 and 1 at the ends. For all finite numbers, denormals and ranges whose width
// is no double included. The ends differ.
double fraction(double v, const Range& r);

class Axis {
 public:
  // From low to high, which become the pixels `from` and `to`.
  Axis(Scale scale, Range range, double from, double to);
  double pixel(double v) const;  // of a value that is shown; finite, though perhaps far away
  bool shows(double v) const;    // finite and, on a log scale, positive
  const Range& range() const { return range_; }
  // About `wanted` round numbers inside the range (1, 2 or 5 times a power of ten); powers of ten on a log scale.
  // enough: a few more than wanted where those would be less than three, which tell little of the scale.
  std::vector<Tick> ticks(int wanted, bool enough = true) const;

 private:
  Scale scale_;
  Range range_, spread_;  // spread_: the same, as logarithms on a log scale
  double from_, to_;
};

// The range that holds all values, with a margin; a usable one also for no value or only one.
Range range_of(const std::vector<double>& values, Scale scale, double margin);

}  // namespace xgrad::viz
