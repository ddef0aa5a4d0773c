#include "contour.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>

#include "axis.hpp"

namespace xgrad::viz {
namespace {

// The grid with a rim of "outside" around it, so that every outline closes.
class Padded {
 public:
  Padded(const Field& f, double level) : x_(f.x), y_(f.y), z_(f.z), level_(level) {}

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
    const double t = !std::isfinite(a) ? 1 : !std::isfinite(b) ? 0 : fraction(level_, {a, b});
    return {std::lerp(x0, x1, t), std::lerp(y0, y1, t)};
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
      const double middle = std::midpoint(std::midpoint(p.value(r, c), p.value(r + 1, c + 1)),
                                          std::midpoint(p.value(r, c + 1), p.value(r + 1, c)));
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

void keep_where(Field& f, const std::function<bool(double)>& x, const std::function<bool(double)>& y) {
  if (std::ranges::all_of(f.x, x) && std::ranges::all_of(f.y, y)) return;
  Field kept;
  std::ranges::copy_if(f.x, std::back_inserter(kept.x), x);
  std::ranges::copy_if(f.y, std::back_inserter(kept.y), y);
  for (std::size_t r = 0; r < f.y.size(); ++r)
    for (std::size_t c = 0; c < f.x.size(); ++c)
      if (x(f.x[c]) && y(f.y[r])) kept.z.push_back(f.z[r * f.x.size() + c]);
  f = std::move(kept);
}

namespace {

std::size_t block(std::size_t n, double most) {
  return static_cast<std::size_t>(std::max(1.0, std::ceil(static_cast<double>(n) / std::max(most, 2.0))));
}

// One place for each block; the first and the last stay at the ends, so that the field keeps its size.
std::vector<double> places(const std::vector<double>& v, std::size_t size) {
  std::vector<double> out;
  for (std::size_t i = 0; i < v.size(); i += size)
    out.push_back(std::midpoint(v[i], v[std::min(i + size, v.size()) - 1]));
  out.front() = v.front();
  out.back() = v.back();
  return out;
}

double mean(const Field& f, std::size_t row, std::size_t column, std::size_t height, std::size_t width) {
  double sum = 0, any = 0, n = 0;
  for (std::size_t r = row; r < std::min(row + height, f.y.size()); ++r)
    for (std::size_t c = column; c < std::min(column + width, f.x.size()); ++c) {
      const double v = f.z[r * f.x.size() + c];
      any = v;
      if (std::isfinite(v)) sum += (v - sum) / ++n;
    }
  return n > 0 ? sum : any;
}

}  // namespace

void coarsen(Field& f, double columns, double rows) {
  const std::size_t width = block(f.x.size(), columns), height = block(f.y.size(), rows);
  if (width == 1 && height == 1) return;
  Field coarse{places(f.x, width), places(f.y, height), {}};
  for (std::size_t r = 0; r < f.y.size(); r += height)
    for (std::size_t c = 0; c < f.x.size(); c += width) coarse.z.push_back(mean(f, r, c, height, width));
  f = std::move(coarse);
}

std::vector<Loop> sublevel_outline(const Field& field, double level) {
  if (field.x.size() < 2 || field.y.size() < 2) return {};
  const Padded p(field, level);
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
