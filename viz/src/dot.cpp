// The picture as Graphviz text.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>

#include "heatmap.hpp"
#include "legend.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kMaxCells = 16, kMaxColumns = 8, kMaxNodesWithCells = 40;
constexpr std::size_t kMaxNodesWithRoomForLabels = 100;
constexpr int kMaxRanksAcross = 12;
constexpr int kWeight = 200, kManyInputs = 4;
constexpr const char* kAlarm = "#B3001B";                      // NaN or infinity
constexpr int kNarrow = 5;                                     // operations
constexpr std::size_t kSavesWidth = 56;                        // characters
constexpr std::size_t kWideLegend = 260, kNarrowLegend = 150;  // characters
constexpr std::size_t kLongestTitle = 48, kLongestLabel = 80;  // characters; the whole of a title is in the tooltip

struct Style {
  const char *fill, *border;
  double width;
  const char* extra;
};
Style style_of(const PicNode& n) {
  if (n.kind == Kind::ghost && n.ghost_of == Kind::data) return {"#F8F9FA", "#6B7280", 1.0, "filled,dashed"};
  if (n.kind == Kind::ghost && (n.ghost_of == Kind::operation || n.ghost_of == Kind::output))
    return {"#FFFFFF", "#4B5563", 1.0, "rounded,filled,dashed"};
  switch (n.kind) {
    case Kind::data:
      return {"#F1F3F5", "#6B7280", 1.0, "filled"};
    case Kind::parameter:
      return {"#DCEBFA", "#0072B2", 2.0, "filled"};
    case Kind::ghost:
      return {"#F3F8FD", "#0072B2", 1.0, "filled,dashed"};
    case Kind::frozen:
      return {"#DCEBFA", "#0072B2", 1.0, "filled,dashed"};
    case Kind::result:
      return {"#FFFFFF", "#111827", 1.4, "filled"};
    case Kind::operation:
    case Kind::output:
      break;
  }
  return {"#FFFFFF", "#4B5563", 1.0, "rounded,filled"};
}
const char* class_of(Kind k) {
  switch (k) {
    case Kind::data:
      return "node-input";
    case Kind::parameter:
      return "node-parameter";
    case Kind::ghost:
      return "node-ghost";
    case Kind::frozen:
      return "node-frozen";
    case Kind::result:
      return "node-result";
    case Kind::output:
      return "node-output";
    case Kind::operation:
      break;
  }
  return "node-op";
}

std::string shape_text(const Shape& s) {
  return s.empty() ? "scalar" : fmt::format("{}", fmt::join(s.begin(), s.end(), "×"));
}

std::string shortened(const std::string& name, std::size_t longest = kLongestTitle) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) & 0xC0) == 0x80) continue;  // the rest of a character
    if (++characters > longest) return name.substr(0, i) + "…";
  }
  return name;
}

// Graphviz takes \N and the like in a text for the node's name and such; that stops at two backslashes in a label, four
// in a tooltip, of which it draws one.
std::string escape_for_graphviz(const std::string& text, int backslashes) {
  const std::string one = "&#92;";
  std::string s = escape(text), many;
  for (int i = 0; i < backslashes; ++i) many += one;
  for (std::size_t at = 0; (at = s.find(one, at)) != std::string::npos; at += many.size())
    s.replace(at, one.size(), many);
  return s;
}
std::string label_text(const std::string& s, std::size_t longest = kLongestTitle) {
  return escape_for_graphviz(shortened(s, longest), 2);
}
std::string tooltip_text(const std::string& s) { return escape_for_graphviz(s, 4); }

class Writer {
 public:
  Writer(Picture p, const Options& o, Layout layout) : p_(std::move(p)), o_(o), plain_(layout == Layout::plain) {
    nodes_in_.resize(p_.boxes.size() + 1);
    boxes_in_.resize(p_.boxes.size() + 1);
    beside_.resize(p_.nodes.size());
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) nodes_in_[level(p_.nodes[i].box)].push_back(static_cast<int>(i));
    for (std::size_t b = 0; b < p_.boxes.size(); ++b)
      if (p_.boxes[b].members >= 2) boxes_in_[level(p_.boxes[b].parent)].push_back(static_cast<int>(b));
    inputs_.resize(p_.nodes.size());
    for (PicEdge& e : p_.edges) {
      if (Inputs& in = inputs_[static_cast<std::size_t>(e.to)]; is_operation(e.from))
        ++in.operations, in.last = std::max(in.last, e.from);
      if (plain_) e.side = Side::none, e.beside = e.passes = false;
      if (e.side != Side::none) beside_[static_cast<std::size_t>(e.to)].push_back(e.from);
      if (e.passes && p_.nodes[static_cast<std::size_t>(e.to)].box >= 0)
        passed_.insert(p_.nodes[static_cast<std::size_t>(e.to)].box);
    }
  }

  std::string text() {
    across_ = o_.rankdir == Rankdir::left_to_right || (o_.rankdir == Rankdir::automatic && p_.depth <= kMaxRanksAcross);
    write_level(-1, "  ");
    for (const PicEdge& e : p_.edges) write_edge(e);
    return fmt::format(
        "digraph xgrad {{\n  graph [rankdir={}, pad=\"0.15\", nodesep=\"0.22\", ranksep=\"0.42\", nslimit=2, "
        "nslimit1=2, "
        "fontname=\"{}\", fontsize=11, labeljust=l, labelloc=b, label=<{}>];\n"
        "  node [fontname=\"{}\", fontsize=11, margin=\"0.06,0.04\", fontcolor=\"#1A1A1A\"];\n"
        "  edge [fontname=\"{}\", fontsize=8, color=\"#4B5563\", arrowsize=0.7, penwidth=1.1];\n{}}}\n",
        across_ ? "LR" : "TB", kFont, footer(), kFont, kFont, out_);
  }

 private:
  struct Inputs {
    int operations = 0, last = -1;
  };
  bool across_ = true;  // the main line runs from left to right, not downwards
  static constexpr const char* kFont = "Helvetica,Arial,sans-serif";

  static std::size_t level(int box) { return static_cast<std::size_t>(box + 1); }

  void write_level(int box, const std::string& indent) {
    for (const int i : nodes_in_[level(box)]) write_node(i, indent);
    for (const int b : boxes_in_[level(box)]) {
      const PicBox& x = p_.boxes[static_cast<std::size_t>(b)];
      out_ += fmt::format(
          "{}subgraph \"cluster_{}\" {{ id=\"cluster-{}\"; class=\"module\"; label=<{}>; labeljust={}; labelloc=t; "
          "style=\"rounded,filled\"; "
          "fillcolor=\"{}\"; color=\"#AEB6BF\"; fontcolor=\"#374151\"; fontsize=11; margin=10;\n",
          indent, escape(x.id), escape(x.id), label_text(x.label, kLongestLabel), free_corner(b),
          box < 0 ? "#FAFBFC" : "#F3F5F7");
      write_level(b, indent + "  ");
      out_ += indent + "}\n";
    }
  }

  // Where no edge enters the box: downwards they cross the left corner, and so do those that pass a column of
  // parameters.
  const char* free_corner(int box) const { return across_ && !passed_.contains(box) ? "l" : "r"; }

  void write_node(int i, const std::string& indent) {
    const PicNode& n = p_.nodes[static_cast<std::size_t>(i)];
    Style s = style_of(n);
    const char* word = nullptr;
    const bool bad = (n.value.defined() && has_nonfinite(n.value, word, n.masks)) ||
                     (n.grad.defined() && has_nonfinite(n.grad, word));
    any_nonfinite_ |= bad;
    out_ += fmt::format(
        "{}n{} [id=\"n{}\", class=\"{}\", tooltip=\"{}  {} [{}]{}\", shape=box, style=\"{}\", fillcolor=\"{}\", "
        "color=\"{}\", penwidth={:.1f}{}, label=<{}>];\n",
        indent, i, i, class_of(n.kind), tooltip_text(n.title), short_name(n.dtype), shape_text(n.shape),
        n.source.empty() ? "" : "  " + tooltip_text(n.source), s.extra, s.fill, bad ? kAlarm : s.border,
        bad ? 3.0 : s.width, n.kind == Kind::result ? ", peripheries=2" : "", node_label(n, bad ? word : nullptr));
    std::string rank;
    for (const int from : beside_[static_cast<std::size_t>(i)]) rank += fmt::format(" n{};", from);
    if (!rank.empty()) out_ += fmt::format("{}{{ rank=same; n{};{} }}\n", indent, i, rank);
  }

  std::string node_label(const PicNode& n, const char* bad) const {
    const bool op = n.kind == Kind::operation || n.kind == Kind::result;
    std::string title = label_text(n.title);
    if (!n.number.empty()) title += " " + n.number;
    if (op) title = "<b>" + title + "</b>";
    if (!n.name.empty()) title += "&#160;&#160;" + escape(n.name);
    if (bad) title = fmt::format("<font color=\"#B3001B\"><b>{}</b></font> {}", bad, title);
    if (n.kind == Kind::frozen) title += " <font point-size=\"7.5\" color=\"#5F6B76\">frozen</font>";
    std::string symbol;
    if (!n.symbol.empty()) {
      symbol = fmt::format("&#160;&#160;<i>{}</i>", n.symbol);
      if (n.layer) symbol += fmt::format("<font point-size=\"9\"><sup>[{}]</sup></font>&#160;", n.layer);
    }
    std::string s = fmt::format(
        "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\"><tr><td align=\"left\">{}</td><td "
        "align=\"right\">{}</td></tr>"
        "<tr><td align=\"left\" colspan=\"2\"><font point-size=\"8.5\" color=\"#5F6B76\">{} [{}]</font></td></tr>",
        title, symbol, short_name(n.dtype), shape_text(n.shape));
    s += values(n);
    for (const std::string& note : n.notes)
      s += fmt::format(R"(<tr><td align="left" colspan="2"><font point-size="7.5" color="#5F6B76">{}</font></td></tr>)",
                       escape(note));
    if (!n.saves.empty())
      s += fmt::format(
          "<tr><td align=\"left\" colspan=\"2\"><font point-size=\"7.5\" color=\"#8A6100\">saves {}</font></td></tr>",
          saved_names(n));
    return s + "</table>";
  }

  // In lines of about the width of a row of numbers.
  static std::string saved_names(const PicNode& n) {
    std::string text;
    std::size_t width = 6;  // "saves "
    for (const std::string& name : n.saves) {
      const bool last = &name == &n.saves.back();
      if (width > 6 && width + name.size() > kSavesWidth) text += "<br align=\"left\"/>", width = 0;
      text += label_text(name) + (last ? "" : ", ");
      width += std::min(name.size(), kLongestTitle) + 2;
    }
    return text + (text.find("<br") == std::string::npos ? "" : "<br align=\"left\"/>");
  }

  bool as_cells(const Tensor& t) const {
    if (o_.values == Values::cells) return t.numel() <= 256;
    return o_.values == Values::automatic && t.numel() <= kMaxCells && (t.dim() == 0 || t.size(-1) <= kMaxColumns) &&
           p_.nodes.size() <= kMaxNodesWithCells;
  }

  std::string values(const PicNode& n) const {
    if (o_.values == Values::off || (!n.value.defined() && !n.grad.defined())) return "";
    const Tensor& any = n.value.defined() ? n.value : n.grad;
    if (any.numel() == 0) return "";
    if (!as_cells(any)) {
      std::string s;
      if (n.value.defined()) s += stat_row("value", "#5F6B76", n.value);
      if (n.grad.defined()) s += stat_row("grad", "#B34700", n.grad);
      return s;
    }
    std::string top, bottom;
    const auto column = [&](const Tensor& t, const char* caption, const char* colour) {
      if (!t.defined()) return;
      top += "<td>" + cells(t, n.masks && &t == &n.value) + "</td>";
      bottom += fmt::format("<td><font point-size=\"7.5\" color=\"{}\">{}</font></td>", colour, caption);
    };
    column(n.value, "value", "#5F6B76");
    column(n.grad, "grad", "#B34700");
    return fmt::format(
        "<tr><td colspan=\"2\"><table border=\"0\" cellborder=\"0\" cellspacing=\"0\" "
        "cellpadding=\"2\"><tr>{}</tr><tr>{}</tr></table></td></tr>",
        top, bottom);
  }

  static std::string stat_row(const char* caption, const char* colour, const Tensor& t) {
    return fmt::format(
        "<tr><td align=\"left\" colspan=\"2\"><font point-size=\"7.5\" color=\"{}\">{}  {}</font></td></tr>", colour,
        caption, stats(t));
  }

  // Graphviz does not hold that an edge into or out of a box leads onward: running backwards only costs ten times its
  // weight. So all edges between operations, which no other number may outweigh, have the same large one; of many into
  // one operation, which together could outweigh the one that comes last, the others share it.
  int weight_of(const PicEdge& e) const {
    if (!is_operation(e.from) || !is_operation(e.to)) return 1;
    const Inputs& in = inputs_[static_cast<std::size_t>(e.to)];
    return in.operations > kManyInputs && e.from != in.last ? std::max(1, kWeight / in.operations) : kWeight;
  }
  bool is_operation(int i) const {
    const Kind k = p_.nodes[static_cast<std::size_t>(i)].kind;
    return k == Kind::operation || k == Kind::result;
  }

  // Forward and backward edge are written in the same direction, the one that ranks the nodes: Graphviz then draws them
  // side by side. Within a rank, what comes first in an edge stands left, or, when the main line runs across, above;
  // below in a box, though.
  void write_edge(const PicEdge& e) {
    const bool boxed = p_.nodes[static_cast<std::size_t>(e.to)].box >= 0;
    const bool turned = e.side == (across_ && boxed ? Side::first : Side::second);
    const std::string ends = turned ? fmt::format("n{} -> n{}", e.to, e.from) : fmt::format("n{} -> n{}", e.from, e.to);
    const std::string rank = std::string(e.beside ? ", constraint=false" : "") + (e.passes ? ", minlen=2" : "");
    out_ += fmt::format("  {} [id=\"e-n{}-n{}\", class=\"fwd\", weight={}{}{}];\n", ends, e.from, e.to, weight_of(e),
                        turned ? ", dir=back" : "", rank);
    if (e.beside) out_ += fmt::format("  {{ rank=same; n{}; n{}; }}\n", e.from, e.to);
    if (!e.backward) return;
    any_nonfinite_ |= !std::isfinite(e.norm);
    out_ += fmt::format(
        "  {} [id=\"b-n{}-n{}\", class=\"bwd\", style=dashed, color=\"{}\", fontcolor=\"{}\", {}{}{}];\n", ends, e.to,
        e.from, std::isfinite(e.norm) ? "#D55E00" : kAlarm, std::isfinite(e.norm) ? "#B34700" : kAlarm,
        turned ? "arrowhead=empty" : "dir=back, arrowtail=empty", rank, norm_label(e));
  }
  // Graphviz gives a label a rank of its own. On edges into and out of boxes, of which there are many in a large graph,
  // it gets that wrong and stops ("trouble in init_rank"): there the label is put where there is room, afterwards.
  std::string norm_label(const PicEdge& e) const {
    if (e.norm < 0 || plain_) return "";
    const bool crosses = p_.nodes[static_cast<std::size_t>(e.from)].box != p_.nodes[static_cast<std::size_t>(e.to)].box;
    if (crosses && p_.nodes.size() > kMaxNodesWithRoomForLabels)
      return fmt::format(", xlabel=\"{}\"", short_number(e.norm));
    if (e.side == Side::none || !across_) return fmt::format(", label=\" {}\"", short_number(e.norm));
    // Graphviz puts the label of an upright edge onto it: an empty cell keeps it off.
    return fmt::format(R"(, label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td>{}</td>)"
                       R"(<td width="12"></td></tr></table>>)",
                       short_number(e.norm));
  }

  std::string footer() const {
    const bool wide = across_ && p_.main_length > kNarrow;
    Legend legend(wide ? kWideLegend : kNarrowLegend);
    if (o_.legend) {
      legend.swatch("#F1F3F5", "#6B7280", "data");
      legend.swatch("#DCEBFA", "#0072B2", "parameter (learned)");
      if (any(Kind::frozen)) legend.swatch("#DCEBFA", "#0072B2", "frozen: gets no gradient", "dashed", 1);
      legend.swatch("#FFFFFF", "#4B5563", "operation and its result", "rounded");
      if (any(Kind::ghost)) legend.swatch("#F3F8FD", "#0072B2", "↺ used here, shown elsewhere", "dashed", 1);
      if (any_nonfinite_) legend.swatch("#FFFFFF", kAlarm, "holds NaN or infinity", "solid", 3);
      legend.arrow("⟶", "#4B5563", "forward");
      if (o_.backward && p_.backward_ran)
        legend.arrow("⇠", "#D55E00", "backward, with the norm of the gradient that flows");
      if (any_cells()) {
        if (!wide) legend.end_line();
        legend.swatch("#762A83", "#762A83", "negative");
        legend.swatch("#F7F7F7", "#9AA3AD", "0");
        legend.swatch("#1B7837", "#1B7837", "positive (each map scaled by its largest |value|)");
      }
    }
    std::string note;
    const auto add = [&](const std::string& text) { note += (note.empty() ? "" : "; ") + text; };
    if (!p_.backward_ran) add("backward has not run");
    if (p_.left_out)
      add(fmt::format("{} earlier operations left out: {} of {} shown", p_.left_out, operations(),
                      operations() + p_.left_out));
    if (plain_) add("laid out plainly, with fewer options than requested: Graphviz could not draw the full picture");
    if (!note.empty()) legend.note(note);
    return legend.table();
  }
  bool any(Kind k) const {
    return std::ranges::any_of(p_.nodes, [k](const PicNode& n) { return n.kind == k; });
  }
  bool any_cells() const {
    return o_.values != Values::off && std::ranges::any_of(p_.nodes, [&](const PicNode& n) {
             return n.value.defined() && n.value.numel() > 0 && as_cells(n.value);
           });
  }
  int operations() const {
    return static_cast<int>(std::ranges::count_if(
        p_.nodes, [](const PicNode& n) { return n.kind == Kind::operation || n.kind == Kind::result; }));
  }

  Picture p_;
  const Options& o_;
  bool plain_, any_nonfinite_ = false;
  std::vector<std::vector<int>> nodes_in_, boxes_in_;  // by level
  std::vector<Inputs> inputs_;                         // by node
  std::vector<std::vector<int>> beside_;               // by node: the parameters in its rank
  std::set<int> passed_;                               // boxes with an edge that passes a column of parameters
  std::string out_;
};

}  // namespace

void require_graph(const Tensor& root, const Location& at) {
  require_defined("viz", root, at);
  if (!root.requires_grad() || root.is_leaf())
    ErrorReport("viz", "the tensor is not the result of recorded operations: there is no graph to draw", at)
        .operand("root", root)
        .autograd_error();
}

std::string dot_text(const Tensor& root, const Options& options, Layout layout) {
  NoGradGuard off;
  return Writer(build_picture(root, options), options, layout).text();
}

std::string to_dot(const Tensor& root, const Options& options, Location at) {
  require_graph(root, at);
  return dot_text(root, options);
}

}  // namespace xgrad::viz
