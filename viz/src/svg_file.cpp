#include "svg_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <xgrad/atomic_file.hpp>
#include <xgrad/check.hpp>

#include "converter.hpp"

namespace xgrad::viz {

void require_picture_suffix(const char* op, const std::string& path, const Location& at) {
  const std::string suffix = suffix_of(path);
  if (suffix != "svg" && suffix != "png" && suffix != "pdf")
    ErrorReport(op, fmt::format("'{}': the name must end in .svg, .png or .pdf", path), at).value_error();
}

std::string save_svg(const char* op, const std::string& svg, double longest, const std::string& path,
                     const Location& at) {
  require_picture_suffix(op, path, at);
  const std::string suffix = suffix_of(path);
  if (suffix == "svg") {
    write_file_atomically(op, path, {{svg.data(), svg.size()}}, at);
    return path;
  }
  std::vector<std::string> command{"rsvg-convert", "-f", suffix};
  // Twice the size in pixels: sharp on dense screens and in slides. Pictures with more pixels than rsvg-convert can
  // draw get as many as it can.
  constexpr double kMostPngPixels = 32767;
  if (suffix == "png")
    command.insert(command.end(), {"-z", fmt::format("{:.4g}", std::min(2.0, kMostPngPixels / longest))});
  command.push_back("--unlimited");  // also above 10 MB
  return save_converted(op, svg, path,
                        {command, "rsvg-convert", "librsvg2-bin", "svg", "picture", std::chrono::seconds(60)}, at);
}

}  // namespace xgrad::viz
