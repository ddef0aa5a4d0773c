// Several plots as one picture.
#include "subplots.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/viz/plot.hpp>

#include "axis.hpp"
#include "heatmap.hpp"
#include "plot_strokes.hpp"
#include "svg_file.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

constexpr const char* kSubplotsOp = "viz::subplots";
constexpr double kSharedTitleSize = 14;
constexpr int kTitleRoom = 30;

void replace_all(std::string& s, const std::string& from, const std::string& to) {
  for (auto at = s.find(from); at != std::string::npos; at = s.find(from, at + to.size()))
    s.replace(at, from.size(), to);
}

}  // namespace

std::string as_part(std::string svg, const std::string& name, int x, int y) {
  // Texts of the program have no quotes and no "<": these are the drawing's own.
  replace_all(svg, "id=\"area\"", fmt::format("id=\"area-{}\"", name));
  replace_all(svg, "url(#area)", fmt::format("url(#area-{})", name));
  return svg.replace(0, 5, fmt::format("<svg x=\"{}\" y=\"{}\" ", x, y));
}

std::string subplots_svg(const std::vector<std::vector<Plot>>& rows, const SubplotsOptions& o, Location at) {
  if (o.gap < 0 || o.gap > kMostPixels)
    ErrorReport(kSubplotsOp, fmt::format("gap {} is not from 0 to {} pixels", o.gap, kMostPixels), at).value_error();
  std::string parts;
  std::int64_t width = 0, y = o.title.empty() ? 0 : kTitleRoom;
  int number = 0;
  for (const std::vector<Plot>& row : rows) {
    std::int64_t x = 0, height = 0;
    for (const Plot& p : row) {
      parts += as_part(p.svg(), fmt::format("{}", ++number), static_cast<int>(std::min<std::int64_t>(x, 1 << 30)),
                       static_cast<int>(std::min<std::int64_t>(y, 1 << 30)));
      x += p.width() + o.gap;
      height = std::max<std::int64_t>(height, p.height());
    }
    width = std::max(width, x - o.gap);
    y += height + o.gap;
  }
  if (number == 0) ErrorReport(kSubplotsOp, "there is no plot", at).shape_error();
  const std::int64_t height = y - o.gap;
  if (std::max(width, height) > kMostPixels)
    ErrorReport(kSubplotsOp,
                fmt::format("the picture would have {} x {} pixels, at most {} each way are possible", width, height,
                            kMostPixels),
                at)
        .value_error();
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"{2}\" role=\"img\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"#FFFFFF\"/>\n",
      width, height, kFontFamily);
  if (!o.title.empty())
    svg += fmt::format("<text x=\"14\" y=\"21\" font-size=\"{}\" font-weight=\"bold\" fill=\"#1A1A1A\">{}</text>\n",
                       kSharedTitleSize, escape(shortened(o.title, kTitleSize, static_cast<double>(width) - 28)));
  return svg + parts + "</svg>\n";
}

std::string subplots(const std::vector<std::vector<Plot>>& rows, const std::string& path,
                     const SubplotsOptions& options, Location at) {
  require_picture_path(kSubplotsOp, path, at);
  const std::string svg = subplots_svg(rows, options, at);
  return save_svg(
      kSubplotsOp, [&] { return svg; }, path, at);
}

}  // namespace xgrad::viz
