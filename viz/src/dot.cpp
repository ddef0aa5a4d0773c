// The picture as Graphviz text.
#include <algorithm>

#include <fmt/format.h>
#include <xgrad/check.hpp>

#include "heatmap.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kMaxCells = 16, kMaxColumns = 8, kMaxNodesWithCells = 40;
constexpr int kNarrow = 5;              // operations
constexpr std::size_t kSavesWidth = 56;  // characters

struct Style {
  const char *fill, *border;
  double width;
  const char* extra;
};
Style style_of(Kind k) {
  switch (k) {
    case Kind::data: return {"#F1F3F5", "#6B7280", 1.0, "filled"};
    case Kind::parameter: return {"#DCEBFA", "#0072B2", 2.0, "filled"};
    case Kind::ghost: return {"#F3F8FD", "#0072B2", 1.0, "filled,dashed"};
    case Kind::frozen: return {"#DCEBFA", "#0072B2", 1.0, "filled,dashed"};
    case Kind::result: return {"#FFFFFF", "#111827", 1.4, "filled"};
    case Kind::operation:
    case Kind::output: break;
  }
  return {"#FFFFFF", "#4B5563", 1.0, "rounded,filled"};
}
const char* class_of(Kind k) {
  switch (k) {
    case Kind::data: return "node-input";
    case Kind::parameter: return "node-parameter";
    case Kind::ghost: return "node-ghost";
    case Kind::frozen: return "node-frozen";
    case Kind::result: return "node-result";
    case Kind::output: return "node-output";
    case Kind::operation: break;
  }
  return "node-op";
}

std::string shape_text(const Shape& s) { return s.empty() ? "scalar" : fmt::format("{}", fmt::join(s.begin(), s.end(), "×")); }

class Writer {
 public:
  Writer(const Picture& p, const Options& o) : p_(p), o_(o) {}

  std::string text() {
    across_ = o_.rankdir == Rankdir::left_to_right || (o_.rankdir == Rankdir::automatic && p_.main_length <= 12);
    out_ = fmt::format("digraph xgrad {{\n  graph [rankdir={}, pad=\"0.15\", nodesep=\"0.22\", ranksep=\"0.42\", nslimit=2, nslimit1=2, mclimit=0.2, "
                       "fontname=\"{}\", fontsize=11, labeljust=l, labelloc=b, label=<{}>];\n", across_ ? "LR" : "TB", kFont, footer());
    out_ += fmt::format("  node [fontname=\"{}\", fontsize=11, margin=\"0.06,0.04\", fontcolor=\"#1A1A1A\"];\n", kFont);
    out_ += fmt::format("  edge [fontname=\"{}\", fontsize=8, color=\"#4B5563\", arrowsize=0.7, penwidth=1.1];\n", kFont);
    write_level(-1, "  ");
    for (const PicEdge& e : p_.edges) write_edge(e);
    return out_ + "}\n";
  }

 private:
  bool across_ = true;  // the main line runs from left to right, not downwards
  static constexpr const char* kFont = "Helvetica,Arial,sans-serif";

  void write_level(int box, const std::string& indent) {
    for (std::size_t i = 0; i < p_.nodes.size(); ++i)
      if (p_.nodes[i].box == box) write_node(static_cast<int>(i), indent);
    for (std::size_t b = 0; b < p_.boxes.size(); ++b) {
      const PicBox& x = p_.boxes[b];
      if (x.parent != box || x.members < 2) continue;
      out_ += fmt::format("{}subgraph \"cluster_{}\" {{ id=\"cluster-{}\"; class=\"module\"; label=<{}>; labeljust={}; labelloc=t; style=\"rounded,filled\"; "
                          "fillcolor=\"{}\"; color=\"#AEB6BF\"; fontcolor=\"#374151\"; fontsize=11; margin=10;\n", indent, escape(x.id), escape(x.id), escape(x.label), free_corner(static_cast<int>(b)),
                          box < 0 ? "#FAFBFC" : "#F3F5F7");
      write_level(static_cast<int>(b), indent + "  ");
      out_ += indent + "}\n";
    }
  }

  // Where no edge enters the box: downwards they cross the left corner, and so do those that pass a column of parameters.
  const char* free_corner(int box) const {
    const auto passes_here = [&](const PicEdge& e) { return e.passes && p_.nodes[static_cast<std::size_t>(e.to)].box == box; };
    return across_ && std::ranges::none_of(p_.edges, passes_here) ? "l" : "r";
  }

  void write_node(int i, const std::string& indent) {
    const PicNode& n = p_.nodes[static_cast<std::size_t>(i)];
    Style s = style_of(n.kind);
    const char* word = nullptr;
    const bool bad = (n.value.defined() && has_nonfinite(n.value, word)) || (n.grad.defined() && has_nonfinite(n.grad, word));
    out_ += fmt::format("{}n{} [id=\"n{}\", class=\"{}\", tooltip=\"{}  {} [{}]{}\"{}, shape=box, style=\"{}\", fillcolor=\"{}\", color=\"{}\", penwidth={:.1f}{}, label=<{}>];\n",
                        indent, i, i, class_of(n.kind), escape(n.title), short_name(n.dtype), shape_text(n.shape), n.source.empty() ? "" : "  " + escape(n.source),
                        n.main_line ? ", group=main" : "", s.extra, s.fill, bad ? "#B3001B" : s.border, bad ? 3.0 : s.width,
                        n.kind == Kind::result ? ", peripheries=2" : "", node_label(n, bad ? word : nullptr));
    std::string rank;
    for (const PicEdge& e : p_.edges)
      if (e.to == i && e.side != Side::none) rank += fmt::format(" n{};", e.from);
    if (!rank.empty()) out_ += fmt::format("{}{{ rank=same; n{};{} }}\n", indent, i, rank);
  }

  std::string node_label(const PicNode& n, const char* bad) const {
    const bool op = n.kind == Kind::operation || n.kind == Kind::result;
    std::string title = escape(n.title);
    if (op) title = "<b>" + title + "</b>";
    if (!n.number.empty()) title += " " + n.number;
    if (!n.name.empty()) title += "&#160;&#160;" + escape(n.name);
    if (bad) title = fmt::format("<font color=\"#B3001B\"><b>{}</b></font> {}", bad, title);
    if (n.kind == Kind::frozen) title += " <font point-size=\"7.5\" color=\"#5F6B76\">frozen</font>";
    std::string symbol;
    if (!n.symbol.empty()) {
      symbol = fmt::format("&#160;&#160;<i>{}</i>", n.symbol);
      if (n.layer) symbol += fmt::format("<font point-size=\"9\"><sup>[{}]</sup></font>&#160;", n.layer);
    }
    std::string s = fmt::format("<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\"><tr><td align=\"left\">{}</td><td align=\"right\">{}</td></tr>"
                                "<tr><td align=\"left\" colspan=\"2\"><font point-size=\"8.5\" color=\"#5F6B76\">{} [{}]</font></td></tr>",
                                title, symbol, short_name(n.dtype), shape_text(n.shape));
    s += values(n);
    for (const std::string& note : n.notes)
      s += fmt::format(R"(<tr><td align="left" colspan="2"><font point-size="7.5" color="#5F6B76">{}</font></td></tr>)",
                       escape(note));
    if (!n.saves.empty())
      s += fmt::format("<tr><td align=\"left\" colspan=\"2\"><font point-size=\"7.5\" color=\"#8A6100\">saves {}</font></td></tr>", saved_names(n));
    return s + "</table>";
  }

  // In lines of about the width of a row of numbers.
  static std::string saved_names(const PicNode& n) {
    std::string text;
    std::size_t width = 6;  // "saves "
    for (const std::string& name : n.saves) {
      const bool last = &name == &n.saves.back();
      if (width > 6 && width + name.size() > kSavesWidth) text += "<br align=\"left\"/>", width = 0;
      text += escape(name) + (last ? "" : ", ");
      width += name.size() + 2;
    }
    return text + (text.find("<br") == std::string::npos ? "" : "<br align=\"left\"/>");
  }

  bool as_cells(const Tensor& t) const {
    if (o_.values == Values::cells) return t.numel() <= 256;
    return o_.values == Values::automatic && t.numel() <= kMaxCells && (t.dim() == 0 || t.size(-1) <= kMaxColumns) && p_.nodes.size() <= kMaxNodesWithCells;
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
      top += "<td>" + cells(t) + "</td>";
      bottom += fmt::format("<td><font point-size=\"7.5\" color=\"{}\">{}</font></td>", colour, caption);
    };
    column(n.value, "value", "#5F6B76");
    column(n.grad, "grad", "#B34700");
    return fmt::format("<tr><td colspan=\"2\"><table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"2\"><tr>{}</tr><tr>{}</tr></table></td></tr>", top, bottom);
  }

  static std::string stat_row(const char* caption, const char* colour, const Tensor& t) {
    return fmt::format("<tr><td align=\"left\" colspan=\"2\"><font point-size=\"7.5\" color=\"{}\">{}  {}</font></td></tr>", colour, caption, stats(t));
  }

  // Forward and backward edge are written in the same direction, the one that ranks the nodes: Graphviz then draws them
  // side by side. Within a rank, what comes first in an edge stands left, or, when the main line runs across, above;
  // below in a box, though.
  void write_edge(const PicEdge& e) {
    const bool main = p_.nodes[static_cast<std::size_t>(e.from)].main_line && p_.nodes[static_cast<std::size_t>(e.to)].main_line;
    const bool boxed = p_.nodes[static_cast<std::size_t>(e.to)].box >= 0;
    const bool turned = e.side == (across_ && boxed ? Side::first : Side::second);
    const std::string ends = turned ? fmt::format("n{} -> n{}", e.to, e.from) : fmt::format("n{} -> n{}", e.from, e.to);
    const std::string rank = std::string(e.beside ? ", constraint=false" : "") + (e.passes ? ", minlen=2" : "");
    out_ += fmt::format("  {} [id=\"e-n{}-n{}\", class=\"fwd\", weight={}{}{}];\n", ends, e.from, e.to, main ? 4 : 1, turned ? ", dir=back" : "", rank);
    if (e.beside) out_ += fmt::format("  {{ rank=same; n{}; n{}; }}\n", e.from, e.to);
    if (!e.backward) return;
    out_ += fmt::format("  {} [id=\"b-n{}-n{}\", class=\"bwd\", style=dashed, color=\"#D55E00\", fontcolor=\"#B34700\", {}{}{}];\n", ends, e.to, e.from,
                        turned ? "arrowhead=empty" : "dir=back, arrowtail=empty", rank, norm_label(e));
  }
  std::string norm_label(const PicEdge& e) const {
    if (e.norm < 0) return "";
    if (e.side == Side::none || !across_) return fmt::format(", label=\" {}\"", short_number(e.norm));
    // Graphviz puts the label of an upright edge onto it: an empty cell keeps it off.
    return fmt::format(R"(, label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td>{}</td><td width="12"></td></tr></table>>)", short_number(e.norm));
  }

  std::string footer() const {
    std::string rows;
    const auto row = [&](const std::string& cells) { rows += "<tr>" + cells + "</tr>"; };
    const auto words = [](const std::string& text, int columns = 1) {
      return fmt::format(R"(<td align="left" colspan="{}"><font point-size="9" color="#374151">{}&#160;&#160;</font></td>)", columns, text);
    };
    const auto swatch = [&](const char* fill, const char* border, const char* text, int columns = 1) {
      return fmt::format(R"(<td fixedsize="true" width="20" height="11" bgcolor="{}" border="1.5" color="{}"></td>)", fill, border) + words(text, columns);
    };
    const auto arrow = [&](const char* glyph, const char* colour, const char* text) {
      return fmt::format(R"(<td><font color="{}"><b>{}</b></font></td>)", colour, glyph) + words(text);
    };
    if (o_.legend) {
      std::string kinds = swatch("#F1F3F5", "#6B7280", "data") + swatch("#DCEBFA", "#0072B2", "parameter (learned)") + swatch("#FFFFFF", "#4B5563", "operation and its result") +
                          arrow("⟶", "#4B5563", "forward");
      const bool backward = o_.backward && p_.backward_ran;
      if (backward) kinds += arrow("⇠", "#D55E00", "backward, with the norm of the gradient that flows");
      const bool wide = across_ && p_.main_length > kNarrow;  // else the legend would be wider than the picture
      std::string scale;
      if (any_cells())
        scale = swatch("#762A83", "#762A83", "negative") + swatch("#F7F7F7", "#9AA3AD", "0") +
                swatch("#1B7837", "#1B7837", "positive (each map scaled by its largest |value|)", wide ? 1 : backward ? 5 : 3);
      row(wide ? kinds + scale : kinds);
      if (!wide && !scale.empty()) row(scale);
    }
    std::string note;
    if (!p_.backward_ran) note = "backward has not run";
    if (p_.left_out) note += fmt::format("{}{} earlier operations left out: {} of {} shown", note.empty() ? "" : "; ", p_.left_out, operations(), operations() + p_.left_out);
    if (!note.empty()) row(words(note, 14));
    return rows.empty() ? "" : R"(<table border="0" cellborder="0" cellspacing="4" cellpadding="1">)" + rows + "</table>";
  }
  bool any_cells() const {
    return o_.values != Values::off && std::ranges::any_of(p_.nodes, [&](const PicNode& n) { return n.value.defined() && n.value.numel() > 0 && as_cells(n.value); });
  }
  int operations() const {
    return static_cast<int>(std::ranges::count_if(p_.nodes, [](const PicNode& n) { return n.kind == Kind::operation || n.kind == Kind::result; }));
  }

  const Picture& p_;
  const Options& o_;
  std::string out_;
};

}  // namespace

std::string to_dot(const Tensor& root, const Options& options, Location at) {
  require_defined("viz", root, at);
  if (!root.requires_grad() || root.is_leaf())
    ErrorReport("viz", "the tensor is not the result of recorded operations: there is no graph to draw", at).operand("root", root).autograd_error();
  NoGradGuard off;
  return Writer(build_picture(root, options), options).text();
}

}  // namespace xgrad::viz
