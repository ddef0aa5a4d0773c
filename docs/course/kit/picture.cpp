#include "picture.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>

#include <xgrad/tape.hpp>
#include <xgrad/viz.hpp>

#include "child.hpp"

namespace course {
namespace {

constexpr const char* kRed = "#B3001B";  // what xgrad's pictures use for NaN
constexpr std::size_t kMostCells = 36;
constexpr std::size_t kMany = 20;  // operations
constexpr int kSeconds = 20;

std::string escaped(const std::string& text) {
  std::string s;
  for (const char c : text) s += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return s;
}

std::string words(const std::string& text, const char* colour, const char* size = "9") {
  return std::string("<font point-size=\"") + size + "\" color=\"" + colour + "\">" + escaped(text) + "</font>";
}

// Numbers on cells, the wrong ones red.
std::string cells(const Numbers& n, const std::vector<std::size_t>& wrong) {
  const auto columns = n.shape.empty() ? 1 : static_cast<std::size_t>(n.shape.back());
  std::string s = R"(<table border="0" cellborder="1" cellspacing="0" cellpadding="2" color="#C9CED6"><tr>)";
  for (std::size_t i = 0; i < n.data.size(); ++i) {
    const bool bad = std::find(wrong.begin(), wrong.end(), i) != wrong.end();
    if (i > 0 && i % columns == 0) s += "</tr><tr>";
    s += std::string("<td bgcolor=\"") + (bad ? "#F9D5DA" : "#FFFFFF") + "\">" +
         words(text_of(n.data[i]), bad ? kRed : "#374151", "8.5") + "</td>";
  }
  return s + "</tr></table>";
}

bool fits_cells(const Numbers& n) {
  return !n.data.empty() && n.data.size() <= kMostCells &&
         (n.shape.empty() || (n.shape.back() > 0 && n.shape.back() <= 6));
}

std::string rows_of(const Verdict& v) {
  std::string s = R"(<tr><td colspan="2" align="left"><b>)" + words("wrong " + v.what, kRed, "10") + "</b></td></tr>";
  if (fits_cells(v.expected) && (fits_cells(v.found) || v.found.data.empty())) {
    const bool none = v.found.data.empty();
    const std::string yours = none ? words("nothing", kRed) : cells(v.found, differing(v.expected, v.found));
    s += R"(<tr><td colspan="2" align="left">)";
    s += R"(<table border="0" cellborder="0" cellspacing="0" cellpadding="2"><tr><td>)" + cells(v.expected, {});
    s += "</td><td>" + yours + "</td></tr><tr><td>" + words("must be", "#5F6B76", "8") + "</td><td>";
    return s + words("yours", kRed, "8") + "</td></tr></table></td></tr>";
  }
  const auto line = [&s](const std::string& text, const char* colour) {
    s += R"(<tr><td colspan="2" align="left">)" + words(text, colour, "8.5") + "</td></tr>";
  };
  line("must be " + text_of_shape(v.expected.shape) + ": " + text_of(v.expected), "#374151");
  line(v.found.data.empty() ? "yours: nothing" : "yours " + text_of_shape(v.found.shape) + ": " + text_of(v.found),
       kRed);
  const std::vector<std::size_t> wrong = differing(v.expected, v.found);
  if (v.expected.shape == v.found.shape && !wrong.empty()) {
    const std::size_t i = wrong.front();
    line("first at " + index_text(v.expected.shape, i) + ": " + text_of(v.found.data[i]) + " for " +
             text_of(v.expected.data[i]),
         kRed);
  }
  return s;
}

// Ids in the text of xgrad::viz: operation 3 of tape::Graph is "n3", source 2 is "s2".
std::string id_of(const xgrad::tape::Graph& graph, const std::string& name) {
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const xgrad::tape::OpNode& op = graph.nodes[i];
    if (!op.names.empty() && op.names[0] == name) return "n" + std::to_string(i);
    for (const auto* inputs : {&op.inputs, &op.data})
      for (const xgrad::tape::Input& in : *inputs)
        if (in.source && in.source->name == name) return "s" + std::to_string(in.source->id);
  }
  return "";
}

// Puts `with` in the place of what stands between `before` and `after`, in the text from `from` to `end`.
void replace_between(std::string& text, std::size_t from, std::size_t end, const std::string& before,
                     const std::string& after, const std::string& with) {
  const std::size_t at = text.find(before, from);
  if (at == std::string::npos || at >= end) return;
  const std::size_t first = at + before.size(), last = text.find(after, first);
  if (last != std::string::npos && last < end) text.replace(first, last - first, with);
}

bool mark(std::string& dot, const std::string& id, const Verdict& v) {
  const std::size_t begin = dot.find(" [id=\"" + id + "\", class=\"");
  if (id.empty() || begin == std::string::npos) return false;
  const auto end = [&] { return dot.find("\n", begin); };
  if (const std::size_t last = dot.rfind("</table>>]", end()); last != std::string::npos && last > begin)
    dot.insert(last, rows_of(v));
  replace_between(dot, begin, end(), "class=\"", "\"", "wrong");
  replace_between(dot, begin, end(), "penwidth=", ",", "4.0");
  replace_between(dot, begin, end(), ", color=\"", "\"", kRed);
  replace_between(dot, begin, end(), "fillcolor=\"", "\"", "#FFF5F6");
  return true;
}

}  // namespace

std::string marked_graph(const xgrad::Tensor& result, const Verdict& verdict, const std::string& caption) {
  const xgrad::tape::Graph graph = xgrad::tape::collect(result);
  const std::string id = id_of(graph, verdict.node);
  std::string dot = xgrad::viz::to_dot(result, {.fold_repeats = graph.nodes.size() > kMany, .fit_page = false});
  if (!mark(dot, id, verdict) && graph.nodes.size() > kMany) {  // folded away
    dot = xgrad::viz::to_dot(result, {.fold_repeats = false, .fit_page = false});
    mark(dot, id, verdict);
  }
  // The label of the whole picture is its legend: a table, which becomes the last row of another.
  static const std::string kLegend = "labelloc=b, label=<", kEnd = "</table>>];";
  const std::size_t legend = dot.find(kLegend), end = dot.find(kEnd, legend);
  if (legend != std::string::npos && end != std::string::npos) {
    const std::string row = R"(<tr><td align="left">)";
    std::string lines = R"(<table border="0" cellborder="0" cellspacing="0" cellpadding="2">)";
    lines += row + words("■  " + caption, kRed, "11") + "</td></tr>" + row;
    lines +=
        words("look at " + verdict.function + (verdict.hint.empty() ? "" : "; perhaps " + verdict.hint), "#374151");
    dot.insert(end + 8, "</td></tr></table>");
    dot.insert(legend + kLegend.size(), lines + "</td></tr>" + row);
  }
  return dot;
}

std::string draw(const std::string& dot, const std::string& path) {
  const std::size_t point = path.rfind('.'), slash = path.rfind('/');
  const bool has_suffix = point != std::string::npos && (slash == std::string::npos || point > slash);
  const std::string suffix = has_suffix ? path.substr(point + 1) : "svg";
  if (suffix != "dot") {
    const std::string failed = run_program({"dot", "-T" + suffix, "-o", path}, dot, kSeconds);
    if (failed.empty()) return path;
    std::cout << "           no picture: dot: " << failed << "\n";
  }
  const std::string text = (has_suffix ? path.substr(0, point) : path) + ".dot";
  std::ofstream file(text);
  file << dot;
  file.close();
  return file ? text : "";
}

}  // namespace course
