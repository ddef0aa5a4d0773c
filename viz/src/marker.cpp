#include "marker.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include <xgrad/detail/png_encoder.hpp>

#include "png.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

constexpr double kPi = 3.14159265358979, kEdge = 0.7;  // width of the white line around a marker
constexpr double kMostMarkerDots = 1.6e7;              // of an image

// Corners around the middle, r the size; none for a circle, which is drawn as such.
Polyline corners(Marker m, double r) {
  switch (m) {
    case Marker::none:
    case Marker::circle:
      return {};
    case Marker::square:
      return {{-.9 * r, -.9 * r}, {.9 * r, -.9 * r}, {.9 * r, .9 * r}, {-.9 * r, .9 * r}};
    case Marker::triangle:
      return {{0, -1.2 * r}, {1.1 * r, .8 * r}, {-1.1 * r, .8 * r}};
    case Marker::diamond:
      return {{0, -1.3 * r}, {1.3 * r, 0}, {0, 1.3 * r}, {-1.3 * r, 0}};
    case Marker::cross: {
      const double a = .35 * r, b = 1.2 * r;
      return {{-a, -b}, {a, -b}, {a, -a}, {b, -a}, {b, a},   {a, a},
              {a, b},   {-a, b}, {-a, a}, {-b, a}, {-b, -a}, {-a, -a}};
    }
    case Marker::star:
      break;
  }
  Polyline tips;
  for (int i = 0; i < 10; ++i) {
    const double angle = kPi * i / 5, length = i % 2 ? 0.6 * r : 1.5 * r;
    tips.push_back({length * std::sin(angle), -length * std::cos(angle)});
  }
  return tips;
}

std::string outline(const MarkerLook& look, const Pixel& at) {
  const double r = look.size;
  if (look.shape == Marker::circle)
    return fmt::format("M{},{}a{},{} 0 1 0 {},0a{},{} 0 1 0 {},0Z", number(at.x - r), number(at.y), number(r),
                       number(r), number(2 * r), number(r), number(r), number(-2 * r));
  Polyline moved = corners(look.shape, r);
  for (Pixel& p : moved) p = {at.x + p.x, at.y + p.y};
  return path_data(moved) + "Z";
}

double distance_to_piece(const Pixel& p, const Pixel& a, const Pixel& b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// How far p is from the outline, negative inside.
double distance(const Pixel& p, Marker shape, const Polyline& ring, double r) {
  if (shape == Marker::circle) return std::hypot(p.x, p.y) - r;
  double nearest = INFINITY;
  bool in = false;
  for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
    nearest = std::min(nearest, distance_to_piece(p, ring[j], ring[i]));
    if ((ring[i].y > p.y) != (ring[j].y > p.y) &&
        p.x < (ring[j].x - ring[i].x) * (p.y - ring[i].y) / (ring[j].y - ring[i].y) + ring[i].x)
      in = !in;
  }
  return in ? -nearest : nearest;
}

using Rgba = std::array<float, 4>;  // red, green and blue times the opacity, all from 0 to 1

// Later ones over earlier ones (Porter and Duff 1984).
void put_over(Rgba& below, const Rgba& above) {
  for (std::size_t i = 0; i < 4; ++i) below[i] = above[i] + (1 - above[3]) * below[i];
}

// A marker as dots, for its middle at a fraction of a dot.
class Stamp {
 public:
  Stamp(const MarkerLook& look, double dots_per_pixel, double dx, double dy)
      : reach_(static_cast<int>(std::ceil((1.5 * look.size + kEdge) * dots_per_pixel)) + 1) {
    const Polyline ring = corners(look.shape, look.size);
    const auto channel = [&](std::size_t i) {
      return static_cast<float>(std::stoi(look.color.substr(i, 2), nullptr, 16)) / 255;
    };
    const Rgba ink{channel(1), channel(3), channel(5), 1}, white{1, 1, 1, 1};
    constexpr int kFine = 4;  // samples across a dot
    const auto weight = static_cast<float>(look.opacity / (kFine * kFine));
    for (int y = -reach_; y <= reach_; ++y)
      for (int x = -reach_; x <= reach_; ++x) {
        Rgba sum{};
        for (int k = 0; k < kFine * kFine; ++k) {
          const auto sample = [](int i) { return (i + 0.5) / kFine; };
          const Pixel p{(x + sample(k % kFine) - dx) / dots_per_pixel, (y + sample(k / kFine) - dy) / dots_per_pixel};
          const double d = distance(p, look.shape, ring, look.size);
          if (d > kEdge / 2) continue;
          const Rgba& c = d > -kEdge / 2 ? white : ink;
          for (std::size_t i = 0; i < 4; ++i) sum[i] += weight * c[i];
        }
        if (sum[3] > 0) dots_.push_back({x, y, sum});
      }
  }
  struct Dot {
    int x, y;
    Rgba color;
  };
  const std::vector<Dot>& dots() const { return dots_; }

 private:
  int reach_;
  std::vector<Dot> dots_;
};

class Canvas {
 public:
  // Whole pixels, so that dots of the image are dots of a picture twice the size.
  explicit Canvas(const Box& box)
      : left_(std::floor(box.left)),
        top_(std::floor(box.top)),
        width_(std::ceil(box.right) - left_),
        height_(std::ceil(box.bottom) - top_),
        dense_(std::min(2.0, std::sqrt(kMostMarkerDots / (width_ * height_)))),
        columns_(static_cast<int>(std::ceil(width_ * dense_))),
        rows_(static_cast<int>(std::ceil(height_ * dense_))),
        dots_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_)) {}

  void draw(const MarkerLook& look, const Polyline& places) {
    std::vector<Stamp> stamps;
    for (int i = 0; i < kSteps * kSteps; ++i)
      stamps.emplace_back(look, dense_, (i % kSteps + 0.5) / kSteps, (i / kSteps + 0.5) / kSteps);
    for (const Pixel& p : places) {
      const double x = (p.x - left_) * dense_, y = (p.y - top_) * dense_, column = std::floor(x), row = std::floor(y);
      const auto step = [](double share) {
        return std::min(static_cast<std::size_t>(share * kSteps), std::size_t{kSteps - 1});
      };
      for (const Stamp::Dot& d : stamps[step(y - row) * kSteps + step(x - column)].dots()) {
        const int at_x = static_cast<int>(column) + d.x, at_y = static_cast<int>(row) + d.y;
        if (at_x < 0 || at_y < 0 || at_x >= columns_ || at_y >= rows_) continue;
        put_over(
            dots_[static_cast<std::size_t>(at_y) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(at_x)],
            d.color);
      }
    }
  }

  std::string svg() const {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(4 * dots_.size());
    for (const Rgba& d : dots_) {
      for (std::size_t i = 0; i < 3; ++i)
        bytes.push_back(static_cast<std::uint8_t>(std::lround(d[3] > 0 ? 255 * std::min(1.0f, d[i] / d[3]) : 0)));
      bytes.push_back(static_cast<std::uint8_t>(std::lround(255 * std::min(1.0f, d[3]))));
    }
    return fmt::format("<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" href=\"data:image/png;base64,{}\"/>\n",
                       number(left_), number(top_), number(columns_ / dense_), number(rows_ / dense_),
                       base64(xgrad::detail::encode_png({columns_, rows_, 4, 8, bytes})));
  }

 private:
  static constexpr int kSteps = 4;  // places of a marker within a dot, each way
  double left_, top_, width_, height_, dense_;
  int columns_, rows_;
  std::vector<Rgba> dots_;
};

}  // namespace

std::string marker_svg(const MarkerLook& look, const Pixel& at) {
  if (look.shape == Marker::none) return "";
  return fmt::format("<path d=\"{}\" fill=\"{}\" stroke=\"#FFFFFF\" stroke-width=\"{}\"{}/>\n", outline(look, at),
                     look.color, kEdge, look.opacity < 1 ? fmt::format(" opacity=\"{}\"", look.opacity) : "");
}

std::string markers_image(const MarkerLook& look, const Polyline& places, const Box& box) {
  if (look.shape == Marker::none) return "";
  Canvas canvas(box);
  canvas.draw(look, places);
  return canvas.svg();
}

}  // namespace xgrad::viz
