#include "svg_file.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <xgrad/atomic_file.hpp>
#include <xgrad/check.hpp>

#include "child_process.hpp"

namespace xgrad::viz {
namespace {

std::string suffix_of(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos || path.find('/', dot) != std::string::npos ? "" : path.substr(dot + 1);
}

}  // namespace

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
  const auto write = [&](const std::string& to, const std::string& content) {
    write_file_atomically(op, to, {{content.data(), content.size()}}, at);
  };
  const std::string suffix = suffix_of(path);
  if (suffix == "svg") {
    write(path, svg);
    return path;
  }
  // Twice the size in pixels: sharp on dense screens and in slides.
  const std::chrono::seconds timeout{60};
  std::vector<std::string> command{"rsvg-convert", "-f", suffix};
  if (suffix == "png") command.insert(command.end(), {"-z", "2"});
  const ChildResult r = run_child(command, svg, timeout);
  if (r.outcome == Outcome::done) {
    write(path, r.output);
    return path;
  }
  const std::string kept = path.substr(0, path.size() - suffix.size()) + "svg";
  write(kept, svg);
  if (r.outcome == Outcome::failed)
    ErrorReport(op, fmt::format("rsvg-convert could not draw {}: {}; the picture is in {}", path, r.message, kept), at)
        .io_error();
  const std::string why = r.outcome == Outcome::missing
                              ? "rsvg-convert not found"
                              : fmt::format("rsvg-convert took longer than {} s", timeout.count());
  fmt::print(stderr, "{}: wrote {}; {}rsvg-convert -f {} {} -o {}\n", why, kept,
             r.outcome == Outcome::missing ? "apt install librsvg2-bin, then " : "", suffix, kept, path);
  return kept;
}

}  // namespace xgrad::viz
