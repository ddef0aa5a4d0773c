#include "svg_file.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/atomic_file.hpp>

#include "converter.hpp"
#include "png.hpp"

namespace xgrad::viz {

void require_picture_path(const char* op, const std::string& path, const Location& at) {
  const std::string suffix = suffix_of(path);
  if (suffix != "svg" && suffix != "png" && suffix != "pdf")
    ErrorReport(op, fmt::format("'{}': the name must end in .svg, .png or .pdf", path), at).value_error();
  require_path(op, path, at);
}

namespace {

// Pixels of a PNG per pixel of the picture: 2, which is sharp on dense screens and in slides, or as many as fit.
double png_zoom(const std::string& svg) {
  constexpr double kSharp = 2;
  double width = 0, height = 0;
  const auto at = svg.find("width=\"");
  if (at == std::string::npos || std::sscanf(svg.c_str() + at, "width=\"%lf\" height=\"%lf\"", &width, &height) != 2)
    return kSharp;
  const double fits = std::min(kLongestPngSide / std::max(width, height), std::sqrt(kMostPngPixels / (width * height)));
  return std::min(kSharp, std::floor(fits * 1000) / 1000);
}

Source svg_source(const std::string& svg, const std::string& suffix, double zoom) {
  Source s{{"rsvg-convert", "-f", suffix}, svg};
  if (suffix == "png") s.command.insert(s.command.end(), {"-z", fmt::format("{:.4g}", zoom)});
  s.command.push_back("--unlimited");  // also above 10 MB
  return s;
}

}  // namespace

std::string save_svg(const char* op, const std::function<std::string()>& draw, const std::string& path,
                     const Location& at) {
  return without_throwing(op, at, [&]() -> std::string {
    const std::string svg = draw(), suffix = suffix_of(path);
    if (suffix == "svg") {
      write_file_atomically(op, path, {{svg.data(), svg.size()}}, at);
      return path;
    }
    const double zoom = png_zoom(svg);
    Simpler simpler;
    if (suffix == "png")
      simpler = [&](bool) {
        Source s = svg_source(svg, suffix, zoom / 2);
        s.reduced = "at half the size";
        return s;
      };
    const Remark remark = [&](const std::string& picture, const std::string&) -> std::string {
      const auto [width, height] = png_size(picture);
      if (suffix != "png" || zoom == 2) return "";
      return fmt::format(
          "the picture is too large for a PNG in the usual size: drawn with {:.4g} instead of 2 pixels per unit, {} x "
          "{} pixels; "
          ".svg and .pdf have no such limit",
          zoom, width, height);
    };
    return save_converted(op, path, svg_source(svg, suffix, zoom), simpler,
                          {"rsvg-convert", "librsvg2-bin", "svg", "picture", std::chrono::seconds(60)}, remark, at);
  });
}

}  // namespace xgrad::viz
