#include "polyline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

// Shares of the way from a to b between which it is inside the box (Liang and Barsky 1984); empty when first > second.
std::pair<double, double> inside(const Pixel& a, const Pixel& b, const Box& box) {
  double from = 0, to = 1;
  const std::array<std::array<double, 2>, 4> sides{{{a.x - b.x, a.x - box.left},
                                                    {b.x - a.x, box.right - a.x},
                                                    {a.y - b.y, a.y - box.top},
                                                    {b.y - a.y, box.bottom - a.y}}};
  for (const auto& [p, q] : sides) {
    if (p == 0 && q < 0) return {1, 0};
    if (p < 0) from = std::max(from, q / p);
    if (p > 0) to = std::min(to, q / p);
  }
  return {from, to};
}

Pixel between(const Pixel& a, const Pixel& b, double t) { return {a.x * (1 - t) + b.x * t, a.y * (1 - t) + b.y * t}; }

// Marks of what has been drawn, in squares of half a pixel, or larger ones where the picture is huge.
class Cover {
 public:
  explicit Cover(const Box& box)
      : box_(box),
        side_(std::max(0.5, std::sqrt((box.right - box.left) * (box.bottom - box.top) / kMost))),
        columns_(static_cast<std::size_t>((box.right - box.left) / side_) + 1),
        covered_(columns_ * (static_cast<std::size_t>((box.bottom - box.top) / side_) + 1)) {}

  // Whether a piece covers anything new; then it is marked.
  bool add(const Pixel& a, const Pixel& b) {
    const auto [from, to] = inside(a, b, box_);
    if (from > to) return false;
    const Pixel p = between(a, b, from), q = between(a, b, to);
    const int steps = static_cast<int>(std::max(std::fabs(q.x - p.x), std::fabs(q.y - p.y)) / side_) + 1;
    bool any = false;
    for (int k = 0; k <= steps; ++k) {
      const Pixel at = between(p, q, static_cast<double>(k) / steps);
      auto mark =
          covered_.begin() + static_cast<std::ptrdiff_t>(place(at.y - box_.top) * columns_ + place(at.x - box_.left));
      any |= !*mark;
      *mark = 1;
    }
    return any;
  }

 private:
  static constexpr double kMost = 1.6e7;  // squares
  std::size_t place(double v) const { return static_cast<std::size_t>(std::max(v, 0.0) / side_); }
  Box box_;
  double side_;
  std::size_t columns_;
  std::vector<std::uint8_t> covered_;
};

}  // namespace

std::vector<Polyline> clipped_line(const Polyline& line, const Box& box) {
  if (std::ranges::all_of(line, [&](const Pixel& p) { return box.holds(p); })) return {line};
  std::vector<Polyline> parts;
  bool open = false;
  for (std::size_t i = 1; i < line.size(); ++i) {
    const auto [from, to] = inside(line[i - 1], line[i], box);
    if (from > to) {
      open = false;
      continue;
    }
    if (!open) parts.push_back({from > 0 ? between(line[i - 1], line[i], from) : line[i - 1]});
    parts.back().push_back(to < 1 ? between(line[i - 1], line[i], to) : line[i]);
    open = to == 1;
  }
  return parts;
}

// One side after the other (Sutherland and Hodgman 1974).
Polyline clipped_area(const Polyline& outline, const Box& box) {
  Polyline area = outline;
  const auto cut = [&](double Pixel::*axis, double limit, double sign) {
    Polyline kept;
    for (std::size_t i = 0; i < area.size(); ++i) {
      const Pixel &a = area[i], &b = area[(i + 1) % area.size()];
      const bool a_in = sign * (a.*axis - limit) <= 0, b_in = sign * (b.*axis - limit) <= 0;
      if (a_in) kept.push_back(a);
      if (a_in != b_in) kept.push_back(between(a, b, (limit - a.*axis) / (b.*axis - a.*axis)));
    }
    area = std::move(kept);
  };
  if (std::ranges::all_of(outline, [&](const Pixel& p) { return box.holds(p); })) return area;
  cut(&Pixel::x, box.left, -1);
  cut(&Pixel::x, box.right, 1);
  cut(&Pixel::y, box.top, -1);
  cut(&Pixel::y, box.bottom, 1);
  return area;
}

Polyline thinned(const Polyline& line) {
  constexpr double kColumns = 4;  // to a pixel
  Polyline kept;
  for (std::size_t i = 0; i < line.size();) {
    const double column = std::floor(line[i].x * kColumns);
    std::size_t end = i, low = i, high = i;
    for (; end < line.size() && std::floor(line[end].x * kColumns) == column; ++end) {
      if (line[end].y < line[low].y) low = end;
      if (line[end].y > line[high].y) high = end;
    }
    std::array<std::size_t, 4> four{i, std::min(low, high), std::max(low, high), end - 1};
    const auto last = std::unique(four.begin(), four.end());
    for (auto at = four.begin(); at != last; ++at) kept.push_back(line[*at]);
    i = end;
  }
  return kept;
}

std::vector<Polyline> without_hidden(const std::vector<Polyline>& lines, const Box& box) {
  Cover cover(box);
  std::vector<Polyline> seen;
  for (const Polyline& line : lines) {
    bool open = false;
    for (std::size_t i = 1; i < line.size(); ++i) {
      const bool shows = cover.add(line[i - 1], line[i]);
      if (shows && !open) seen.push_back({line[i - 1]});
      if (shows) seen.back().push_back(line[i]);
      open = shows;
    }
  }
  return seen;
}

std::int64_t pixels_within(const Polyline& line, const Box& box) {
  std::int64_t n = 0;
  for (std::size_t i = 1; i < line.size(); ++i) {
    const auto [ax, ay] = line[i - 1];
    const auto [bx, by] = line[i];
    if (std::max(ax, bx) < box.left || std::min(ax, bx) > box.right || std::max(ay, by) < box.top ||
        std::min(ay, by) > box.bottom)
      continue;
    const int steps = static_cast<int>(std::min(std::hypot(bx - ax, by - ay) + 1, 1000.0));
    for (int k = 0; k <= steps; ++k) n += box.holds({ax + (bx - ax) * k / steps, ay + (by - ay) * k / steps});
  }
  return n;
}

std::string path_data(const Polyline& line) {
  std::string d;
  for (const Pixel& p : line) d += (d.empty() ? "M" : "L") + number(p.x) + "," + number(p.y);
  return line.size() == 1 ? d + "h0" : d;  // a dot
}

}  // namespace xgrad::viz
