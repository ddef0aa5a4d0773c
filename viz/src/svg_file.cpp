#include "svg_file.hpp"

#include <fmt/format.h>

#include <string_view>
#include <xgrad/atomic_file.hpp>
#include <xgrad/check.hpp>

#include "converter.hpp"

namespace xgrad::viz {

double text_width(const std::string& text, double font_size) {
  double em = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // the rest of a character already counted
    const std::string_view narrow = "iljI.,:;'|! tf()[]r-/", wide = "mMWw%@";
    em += narrow.find(c) != std::string_view::npos ? 0.29
          : wide.find(c) != std::string_view::npos ? 0.84
          : c >= 'A' && c <= 'Z'                   ? 0.69
                                                   : 0.55;
  }
  return em * font_size;
}

void require_picture_suffix(const char* op, const std::string& path, const Location& at) {
  const std::string suffix = suffix_of(path);
  if (suffix != "svg" && suffix != "png" && suffix != "pdf")
    ErrorReport(op, fmt::format("'{}': the name must end in .svg, .png or .pdf", path), at).value_error();
}

std::string save_svg(const char* op, const std::string& svg, const std::string& path, const Location& at) {
  require_picture_suffix(op, path, at);
  const std::string suffix = suffix_of(path);
  if (suffix == "svg") {
    write_file_atomically(op, path, {{svg.data(), svg.size()}}, at);
    return path;
  }
  std::vector<std::string> command{"rsvg-convert", "-f", suffix};
  // Twice the size in pixels: sharp on dense screens and in slides.
  if (suffix == "png") command.insert(command.end(), {"-z", "2"});
  return save_converted(op, svg, path,
                        {command, "rsvg-convert", "librsvg2-bin", "svg", "picture", std::chrono::seconds(60)}, at);
}

}  // namespace xgrad::viz
