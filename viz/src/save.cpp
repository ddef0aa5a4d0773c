#include <fmt/format.h>

#include <xgrad/atomic_file.hpp>
#include <xgrad/check.hpp>
#include <xgrad/viz.hpp>

#include "converter.hpp"

namespace xgrad::viz {
namespace {
constexpr int kMostDpi = 2400;
}  // namespace

std::string save(const Tensor& root, const std::string& path, const Options& options, Location at) {
  const std::string suffix = suffix_of(path);
  if (suffix != "dot" && suffix != "svg" && suffix != "png" && suffix != "pdf")
    ErrorReport("viz::save", fmt::format("'{}': the name must end in .dot, .svg, .png or .pdf", path), at)
        .value_error();
  if (options.dpi < 1 || options.dpi > kMostDpi)
    ErrorReport("viz::save", fmt::format("dpi must be in 1..{}, got {}", kMostDpi, options.dpi), at).value_error();
  const std::string text = to_dot(root, options, at);
  if (suffix == "dot") {
    write_file_atomically("viz::save", path, {{text.data(), text.size()}}, at);
    return path;
  }
  std::vector<std::string> command{"dot", "-T" + suffix};
  if (suffix == "png") command.push_back(fmt::format("-Gdpi={}", options.dpi));
  return save_converted("viz::save", text, path, {command, "graphviz", "graphviz", "dot", "text", options.timeout}, at);
}

}  // namespace xgrad::viz
