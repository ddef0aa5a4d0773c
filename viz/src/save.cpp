#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/viz.hpp>

#include "converter.hpp"
#include "explorer/explorer.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr const char* kSaveOp = "viz::save";
constexpr int kMostDpi = 2400, kUsualDpi = 96;
constexpr int kFewNodes = 100;
constexpr std::chrono::seconds kUsualText{1};
constexpr std::size_t kMostMemory = std::size_t{1} << 30;
constexpr std::size_t kLongText = 100'000;  // of a graph whose page may be more than a PNG holds

std::string reduced_dpi(int dpi, int wanted) {
  return fmt::format(
      "the picture is larger than a PNG can be at {} dpi: drawn at {} dpi; .svg and .pdf have no such limit", wanted,
      dpi);
}

// `dot -Tplain` begins with the page: "graph 1 <inches> <inches>".
std::string fit_dpi(std::vector<std::string>& command, const std::string& plain, int wanted) {
  double width = 0, height = 0;
  if (std::sscanf(plain.c_str(), "graph %*f %lf %lf", &width, &height) != 2 || !(width > 0 && height > 0)) return "";
  const double fits = std::min(kLongestPngSide / std::max(width, height), std::sqrt(kMostPngPixels / (width * height)));
  const int dpi = std::max(1, static_cast<int>(std::min<double>(wanted, 0.98 * fits)));  // plain leaves out the margins
  command.back() = fmt::format("-Gdpi={}", dpi);
  return dpi < wanted ? reduced_dpi(dpi, wanted) : "";
}

Source graph_source(std::string text, const std::string& suffix, int dpi) {
  Source s{{"dot", "-T" + suffix}, std::move(text)};
  if (suffix != "png") return s;
  s.command.push_back(fmt::format("-Gdpi={}", dpi));
  if (s.text.size() < kLongText && dpi <= kUsualDpi) return s;
  s.measure = {"dot", "-Tplain"};
  s.fit = [dpi](std::vector<std::string>& command, const std::string& plain) { return fit_dpi(command, plain, dpi); };
  return s;
}

// One rung down: no wishes where the nodes stand, which dot may fail at; and few and small ones where it took too long.
Source simpler_source(const Tensor& root, Options options, const std::string& suffix, bool late) {
  const int most = late ? kFewNodes : Options().max_nodes;
  options.max_nodes = std::clamp(options.max_nodes, 1, most);
  if (late) options.values = Values::off, options.saved = false;
  Source s = graph_source(dot_text(root, options, Layout::plain), suffix, std::min(options.dpi, kUsualDpi));
  s.reduced = fmt::format("with fewer options (at most {} nodes{}, plain layout)", options.max_nodes,
                          late ? ", no values" : "");
  return s;
}

// dot shrinks what does not fit into a PNG, and tells nobody but standard error.
std::string shrunk(const std::string& said, int dpi) {
  static constexpr std::string_view kWords = "Scaling by ";
  const auto at = said.find(kWords);
  if (at == std::string::npos) return "";
  return reduced_dpi(static_cast<int>(std::atof(said.c_str() + at + kWords.size()) * dpi), dpi);
}

std::string save_page(const Tensor& root, const std::string& path, const Options& options, const Location& at) {
  const auto slash = path.find_last_of('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const Explorer e = explorer_of(root, options, name.substr(0, name.rfind('.')));
  write_file_atomically(kSaveOp, path, {{e.page.data(), e.page.size()}}, at);
  for (const std::string& warning : e.warnings) warn(kSaveOp, warning, at);
  return path;
}

}  // namespace

std::string save(const Tensor& root, const std::string& path, const Options& options, Location at) {
  const std::string suffix = suffix_of(path);
  if (suffix != "dot" && suffix != "svg" && suffix != "png" && suffix != "pdf" && suffix != "html")
    ErrorReport(kSaveOp, fmt::format("'{}': the name must end in .dot, .svg, .png, .pdf or .html", path), at)
        .value_error();
  require_path(kSaveOp, path, at);
  if (options.dpi < 1 || options.dpi > kMostDpi)
    ErrorReport(kSaveOp, fmt::format("dpi must be in 1..{}, got {}", kMostDpi, options.dpi), at).value_error();
  require_graph(root, options, at);
  return without_throwing(kSaveOp, at, [&] {
    if (suffix == "html") return save_page(root, path, options, at);
    const auto start = std::chrono::steady_clock::now();
    const Source source = graph_source(dot_text(root, options), suffix, options.dpi);
    if (suffix == "dot") {
      write_file_atomically(kSaveOp, path, {{source.text.data(), source.text.size()}}, at);
      return path;
    }
    const auto simpler = [&](bool late) { return simpler_source(root, options, suffix, late); };
    const Remark remark = [&](const std::string&, const std::string& said) { return shrunk(said, options.dpi); };
    // A second try needs the time for its text once more.
    const auto text = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start) - kUsualText;
    const std::chrono::seconds one{1}, second = std::max(one, options.timeout / 3),
                                       first = std::max(one, options.timeout - options.timeout / 3 - 2 * text);
    const Converter dot{"graphviz", "graphviz", "dot", "text", first, second, kMostMemory};
    return save_converted(kSaveOp, path, source, simpler, dot, remark, at);
  });
}

}  // namespace xgrad::viz
