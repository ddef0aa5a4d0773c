#include "contour.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>

namespace xgrad::viz {
namespace {

// The grid with a rim of "outside" around it, so that every outline closes.
class Padded {
 public:
  Padded(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z, double level)
      : x_(x), y_(y), z_(z), level_(level) {}

  std::int64_t columns() const { return static_cast<std::int64_t>(x_.size()) + 2; }
  std::int64_t rows() const { return static_cast<std::int64_t>(y_.size()) + 2; }
  bool on_grid(std::int64_t r, std::int64_t c) const { return r > 0 && c > 0 && r < rows() - 1 && c < columns() - 1; }
  double value(std::int64_t r, std::int64_t c) const {
    const double v = on_grid(r, c) ? z_[static_cast<std::size_t>(r - 1) * x_.size() + static_cast<std::size_t>(c - 1)]
                                   : std::numeric_limits<double>::infinity();
    return std::isnan(v) ? std::numeric_limits<double>::infinity() : v;
  }
  double level() const { return level_; }
  bool inside(std::int64_t r, std::int64_t c) const { return value(r, c) < level_; }
  std::pair<double, double> place(std::int64_t r, std::int64_t c) const {
    return {x_[clamp(c, x_.size())], y_[clamp(r, y_.size())]};
  }

  // Where the level is crossed between two neighbours, of which exactly one is inside.
  std::pair<double, double> crossing(std::int64_t r0, std::int64_t c0, std::int64_t r1, std::int64_t c1) const {
    const double a = value(r0, c0), b = value(r1, c1);
    const auto [x0, y0] = place(r0, c0);
    const auto [x1, y1] = place(r1, c1);
    const double t = !std::isfinite(a) ? 1 : !std::isfinite(b) ? 0 : (level_ - a) / (b - a);
    return {x0 + t * (x1 - x0), y0 + t * (y1 - y0)};
  }

 private:
  static std::size_t clamp(std::int64_t i, std::size_t n) {
    return static_cast<std::size_t>(std::min(std::max<std::int64_t>(i - 1, 0), static_cast<std::int64_t>(n) - 1));
  }
  const std::vector<double>&x_, &y_, &z_;
  double level_;
};

// Edges of the grid are numbered: horizontal ones even, vertical ones odd.
using Edge = std::int64_t;

// Directed pieces of outline, the inside on their left: each edge that is crossed leads to exactly one other.
std::map<Edge, Edge> pieces(const Padded& p) {
  std::map<Edge, Edge> next;
  const std::int64_t n = p.columns();
  for (std::int64_t r = 0; r + 1 < p.rows(); ++r)
    for (std::int64_t c = 0; c + 1 < n; ++c) {
      // Corners counterclockwise from the lower left; edge i leads from corner i to the next.
      const std::array<bool, 4> in{p.inside(r, c), p.inside(r, c + 1), p.inside(r + 1, c + 1), p.inside(r + 1, c)};
      const std::array<Edge, 4> edge{2 * (r * n + c), 2 * (r * n + c + 1) + 1, 2 * ((r + 1) * n + c),
                                     2 * (r * n + c) + 1};
      // Of two opposite corners inside: do their areas meet in the middle?
      const double middle = (p.value(r, c) + p.value(r, c + 1) + p.value(r + 1, c) + p.value(r + 1, c + 1)) / 4;
      const std::size_t direction = middle < p.level() ? 1 : 3;
      for (std::size_t i = 0; i < 4; ++i) {
        if (!in[i] || in[(i + 1) % 4]) continue;  // the inside does not end on edge i
        std::size_t j = i;
        do j = (j + direction) % 4;
        while (in[j] || !in[(j + 1) % 4]);  // until one where it begins
        next[edge[i]] = edge[j];
      }
    }
  return next;
}

std::pair<double, double> point_on(const Padded& p, Edge e) {
  const std::int64_t r = e / 2 / p.columns(), c = e / 2 % p.columns();
  return e % 2 ? p.crossing(r, c, r + 1, c) : p.crossing(r, c, r, c + 1);
}

// Adds a point, without repeating one or keeping those in the middle of a straight piece along an axis.
void append(Loop& loop, const std::pair<double, double>& q) {
  if (!loop.empty() && loop.back() == q) return;
  if (loop.size() >= 2) {
    const auto &a = loop[loop.size() - 2], &b = loop.back();
    if ((a.first == b.first && b.first == q.first) || (a.second == b.second && b.second == q.second)) loop.pop_back();
  }
  loop.push_back(q);
}

}  // namespace

std::vector<Loop> sublevel_outline(const std::vector<double>& x, const std::vector<double>& y,
                                   const std::vector<double>& z, double level) {
  const Padded p(x, y, z, level);
  std::map<Edge, Edge> next = pieces(p);
  std::vector<Loop> loops;
  while (!next.empty()) {
    Loop loop;
    for (auto at = next.begin(); at != next.end();) {
      append(loop, point_on(p, at->first));
      const Edge to = at->second;
      next.erase(at);
      at = next.find(to);
    }
    if (loop.size() >= 3) loops.push_back(std::move(loop));
  }
  return loops;
}

}  // namespace xgrad::viz
