#include "left_out.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace xgrad::viz {

// Whether the point has a place on the axes; counts it otherwise.
bool LeftOut::drawn(double x, double y) {
  ++points_;
  const bool finite = std::isfinite(x) && std::isfinite(y);
  const bool positive = (x_.scale == Scale::linear || x > 0) && (y_.scale == Scale::linear || y > 0);
  if (!finite)
    ++not_finite_;
  else if (!positive)
    ++not_positive_;
  return finite && positive;
}

void LeftOut::place(Places& p, double x, double low, double high) const {
  ++p.points;
  const bool left = x_.given && x < x_.range.low, right = x_.given && x > x_.range.high;
  const bool below = y_.given && high < y_.range.low, above = y_.given && low > y_.range.high;
  p.left += left;
  p.right += right;
  p.below += below;
  p.above += above;
  p.inside += !left && !right && !below && !above;
}

void LeftOut::add(const Places& p, bool outside) {
  ++series_;
  if (outside) outside_ += p.points;
}

void LeftOut::add_line(const std::vector<double>& x, const std::vector<double>& y) {
  Places p;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (drawn(x[i], y[i])) place(p, x[i], y[i], y[i]);
  add(p, p.points > 0 && p.on_one_side());
}

void LeftOut::add_points(const std::vector<double>& x, const std::vector<double>& y) {
  Places p;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (drawn(x[i], y[i])) place(p, x[i], y[i], y[i]);
  add(p, p.inside == 0);
}

void LeftOut::add_band(const std::vector<double>& x, const std::vector<double>& low, const std::vector<double>& high) {
  Places p;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double bottom = std::min(low[i], high[i]), top = std::max(low[i], high[i]);
    if (drawn(x[i], std::isfinite(low[i]) && std::isfinite(high[i]) ? top : NAN)) place(p, x[i], bottom, top);
  }
  add(p, p.points > 0 && p.on_one_side());
}

std::string LeftOut::text() const {
  if (series_ > 0 && points_ == 0) return "Not shown: series without points";
  std::string s;
  const auto add = [&](std::size_t n, const char* why) {
    if (n) s += fmt::format("{}{} {} {}", s.empty() ? "Not shown: " : ", ", n, n == 1 ? "point" : "points", why);
  };
  add(not_finite_, "not finite");
  add(not_positive_, "not above 0, on a log axis");
  add(outside_, "outside the range of the axes");
  return s;
}

}  // namespace xgrad::viz
