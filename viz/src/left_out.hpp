// What of the series of a plot is not in the picture, so that none is blank without a word.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

struct ShownAxis {
  Scale scale;
  Range range;
  bool given;  // by the user: points may lie outside
};

class LeftOut {
 public:
  LeftOut(ShownAxis x, ShownAxis y) : x_(x), y_(y) {}
  void add_line(const std::vector<double>& x, const std::vector<double>& y);
  void add_points(const std::vector<double>& x, const std::vector<double>& y);
  void add_band(const std::vector<double>& x, const std::vector<double>& low, const std::vector<double>& high);
  void add_bars(const detail::Bars& bars);
  // "Not shown: 3 points that are not finite, 50 outside the range of the axes"; empty when all is shown.
  std::string text() const;

 private:
  // Where the points of one series are, as seen from the picture.
  struct Places {
    std::size_t points = 0, inside = 0, left = 0, right = 0, below = 0, above = 0;
    // A line that is on both sides may cross the picture.
    bool on_one_side() const { return left == points || right == points || below == points || above == points; }
  };
  bool drawn(double x, double y);
  void place(Places& p, double x, double low, double high) const;
  void add(const Places& p, bool outside);

  ShownAxis x_, y_;
  std::size_t series_ = 0, points_ = 0, not_finite_ = 0, not_positive_ = 0, outside_ = 0;
};

}  // namespace xgrad::viz
