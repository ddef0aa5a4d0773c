#include <cstdio>

#include <fmt/format.h>
#include <xgrad/atomic_file.hpp>
#include <xgrad/check.hpp>
#include <xgrad/viz.hpp>

#include "child_process.hpp"

namespace xgrad::viz {
namespace {
constexpr int kMostDpi = 2400;
}  // namespace

std::string save(const Tensor& root, const std::string& path, const Options& options, Location at) {
  const auto write = [&](const std::string& to, const std::string& content) {
    write_file_atomically("viz::save", to, {{content.data(), content.size()}}, at);
  };
  const auto dot = path.rfind('.');
  const std::string suffix = dot == std::string::npos || path.find('/', dot) != std::string::npos ? "" : path.substr(dot + 1);
  if (suffix != "dot" && suffix != "svg" && suffix != "png" && suffix != "pdf")
    ErrorReport("viz::save", fmt::format("'{}': the name must end in .dot, .svg, .png or .pdf", path), at).value_error();
  if (options.dpi < 1 || options.dpi > kMostDpi)
    ErrorReport("viz::save", fmt::format("dpi must be in 1..{}, got {}", kMostDpi, options.dpi), at).value_error();
  const std::string text = to_dot(root, options, at);
  if (suffix == "dot") {
    write(path, text);
    return path;
  }
  std::vector<std::string> command{"dot", "-T" + suffix};
  if (suffix == "png") command.push_back(fmt::format("-Gdpi={}", options.dpi));
  const ChildResult r = run_child(command, text, options.timeout);
  if (r.outcome == Outcome::done) {
    write(path, r.output);
    return path;
  }
  const std::string kept = path.substr(0, dot) + ".dot";
  write(kept, text);
  if (r.outcome == Outcome::failed)
    ErrorReport("viz::save", fmt::format("dot could not draw {}: {}; the text is in {}", path, r.message, kept), at).io_error();
  const std::string why = r.outcome == Outcome::missing ? "graphviz not found" : fmt::format("dot took longer than {} s", options.timeout.count());
  fmt::print(stderr, "{}: wrote {}; {}dot -T{} {} -o {}\n", why, kept, r.outcome == Outcome::missing ? "apt install graphviz, then " : "", suffix, kept, path);
  return kept;
}

}  // namespace xgrad::viz
