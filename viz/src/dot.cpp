// The picture as Graphviz text.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>

#include "heatmap.hpp"
#include "legend.hpp"
#include "naming.hpp"
#include "node_label.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr std::size_t kMaxNodesWithRoomForLabels = 100;
constexpr std::size_t kMaxNodesWithMuchPatience = 400;
constexpr int kWeight = 200, kManyInputs = 4;
constexpr int kNarrow = 5;                                     // operations
constexpr std::size_t kWideLegend = 260, kNarrowLegend = 150;  // characters
constexpr std::size_t kLongestLabel = 80, kLongLabel = 34;     // characters

class Writer {
 public:
  Writer(Picture p, const Options& o, Layout layout)
      : p_(std::move(p)),
        o_(o),
        labels_(p_),
        plain_(layout == Layout::plain),
        across_(p_.across),
        tops_(p_.tops.begin(), p_.tops.end()) {
    nodes_in_.resize(p_.boxes.size() + 1);
    boxes_in_.resize(p_.boxes.size() + 1);
    beside_.resize(p_.nodes.size());
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) nodes_in_[level(p_.nodes[i].box)].push_back(static_cast<int>(i));
    for (std::size_t b = 0; b < p_.boxes.size(); ++b)
      if (p_.boxes[b].worth) boxes_in_[level(p_.boxes[b].parent)].push_back(static_cast<int>(b));
    inputs_.resize(p_.nodes.size());
    for (PicEdge& e : p_.edges) {
      if (e.carried) continue;
      if (Inputs& in = inputs_[static_cast<std::size_t>(e.to)]; is_operation(e.from))
        ++in.operations, in.last = std::max(in.last, e.from);
      if (plain_) e.side = Side::none, e.beside = e.passes = false;
      if (e.side != Side::none) beside_[static_cast<std::size_t>(e.to)].push_back(e.from);
      if (e.passes && p_.nodes[static_cast<std::size_t>(e.to)].box >= 0)
        passed_.insert(p_.nodes[static_cast<std::size_t>(e.to)].box);
    }
    find_flown_over();
  }

  std::string text() {
    write_level(-1, "  ");
    for (const PicEdge& e : p_.edges) write_edge(e);
    return fmt::format(
        "digraph xgrad {{\n  graph [rankdir={}, pad=\"0.15\", nodesep=\"0.22\", ranksep=\"0.42\", nslimit={}, "
        "nslimit1={}, "
        "fontname=\"{}\", fontsize=11, labeljust=l, labelloc=b, label=<{}>];\n"
        "  node [fontname=\"{}\", fontsize=11, margin=\"0.06,0.04\", fontcolor=\"#1A1A1A\"];\n"
        "  edge [fontname=\"{}\", fontsize=8, color=\"#4B5563\", arrowsize=0.7, penwidth=1.1];\n{}}}\n",
        across_ ? "LR" : "TB", patience(), patience(), kFont, footer(), kFont, kFont, out_);
  }

 private:
  struct Inputs {
    int operations = 0, last = -1;
  };
  static constexpr const char* kFont = "Helvetica,Arial,sans-serif";

  // How long Graphviz may look for better places, in passes over the nodes: with 2 it leaves edges of a page in loops
  // that are straight with 20; large graphs would take minutes.
  int patience() const { return p_.nodes.size() <= kMaxNodesWithMuchPatience ? 20 : 2; }

  static std::size_t level(int box) { return static_cast<std::size_t>(box + 1); }

  void write_level(int box, const std::string& indent, bool folded = false) {
    for (const int i : nodes_in_[level(box)]) write_node(i, indent);
    write_tops(box, indent);
    for (const int b : boxes_in_[level(box)]) {
      const PicBox& x = p_.boxes[static_cast<std::size_t>(b)];
      out_ += fmt::format(
          "{}subgraph \"cluster_{}\" {{ id=\"cluster-{}\"; class=\"{}\"; label=<{}>; labeljust={}; labelloc=t; "
          "style=\"rounded,filled\"; "
          "fillcolor=\"{}\"; color=\"{}\"; fontcolor=\"#374151\"; fontsize=11; margin=10;{}\n",
          indent, b, escape(x.id), x.fold ? "fold" : "module", box_label(x), free_corner(b),
          box < 0 ? "#FAFBFC" : "#F3F5F7", x.fold ? "#374151" : "#AEB6BF",
          x.fold   ? " penwidth=2;"
          : folded ? " penwidth=1;"
                   : "");
      write_level(b, indent + "  ", folded || x.fold);
      out_ += indent + "}\n";
    }
  }

  // A long name in two lines, where the main line runs down through the middle of the box and would cross it.
  std::string box_label(const PicBox& x) const {
    const std::string whole = shortened(x.label, kLongestLabel);
    std::size_t at = std::string::npos;
    if (!across_ && whole.size() > kLongLabel)
      for (std::size_t k = whole.find(", "); k != std::string::npos; k = whole.find(", ", k + 1))
        if (at == std::string::npos || k <= whole.size() / 2) at = k;
    if (at == std::string::npos) return label_text(whole, kLongestLabel);
    return label_text(whole.substr(0, at + 1)) + R"(<br align="right"/>)" + label_text(whole.substr(at + 2)) +
           R"(<br align="right"/>)";
  }

  // Columns stand in their order.
  void write_tops(int box, const std::string& indent) {
    std::string row;
    for (const int i : p_.tops)
      if (p_.nodes[static_cast<std::size_t>(i)].box == box) row += (row.empty() ? "" : " -> ") + id(i);
    if (has_several(row)) out_ += fmt::format("{}{{ rank=same; {} [style=invis]; }}\n", indent, row);
  }
  static bool has_several(const std::string& row) { return row.find("->") != std::string::npos; }

  // Boxes that an edge enters beyond their first rank, above or below what stands there.
  void find_flown_over() {
    const std::vector<int> rank = ranks(p_);
    const auto around = [&](int i) {
      std::vector<int> all;
      for (int b = p_.nodes[static_cast<std::size_t>(i)].box; b >= 0; b = p_.boxes[static_cast<std::size_t>(b)].parent)
        all.push_back(b);
      return all;
    };
    std::map<int, int> first;  // rank of a box
    for (std::size_t i = 0; i < p_.nodes.size(); ++i)
      for (const int b : around(static_cast<int>(i))) {
        const auto [it, fresh] = first.try_emplace(b, rank[i]);
        if (!fresh) it->second = std::min(it->second, rank[i]);
      }
    for (const PicEdge& e : p_.edges) {
      if (e.carried) continue;
      const std::vector<int> left = around(e.from);
      for (const int b : around(e.to))
        if (std::ranges::find(left, b) == left.end() && rank[static_cast<std::size_t>(e.from)] < first[b] &&
            rank[static_cast<std::size_t>(e.to)] > first[b])
          passed_.insert(b);
    }
  }

  // Where no edge enters the box: downwards they cross the left corner, unless a parameter stands there alone beside
  // its operation; and so do those that pass a column of parameters, or what stands first in the box.
  const char* free_corner(int box) const {
    const std::vector<int>& inside = nodes_in_[level(box)];
    const bool alone = inside.size() == 2 && boxes_in_[level(box)].empty() && std::ranges::any_of(inside, [&](int i) {
                         return !beside_[static_cast<std::size_t>(i)].empty();
                       });
    return (across_ ? !passed_.contains(box) : alone) ? "l" : "r";
  }

  void write_node(int i, const std::string& indent) {
    const PicNode& n = p_.nodes[static_cast<std::size_t>(i)];
    const NodeStyle s = style_of(n);
    const bool bad = labels_.alarm(n) != nullptr;
    any_nonfinite_ |= bad;
    const std::string what = n.kind == Kind::stub ? "" : "  " + type_text(n);
    out_ += fmt::format(
        "{}{} [id=\"{}\", class=\"{}\", tooltip=\"{}{}{}\", shape={}, style=\"{}\", fillcolor=\"{}\", "
        "color=\"{}\", penwidth={:.1f}{}, label=<{}>];\n",
        indent, n.id, svg_id(n), class_of(n.kind), tooltip_text(n.title), what,
        n.source.empty() ? "" : "  " + tooltip_text(n.source), shape_of(n.kind), s.extra, s.fill,
        bad ? kAlarm : s.border, bad ? 3.0 : s.width, n.root ? ", peripheries=2" : "", labels_.label(n));
    std::string rank;
    for (const int from : beside_[static_cast<std::size_t>(i)]) rank += fmt::format(" {};", id(from));
    if (!rank.empty()) out_ += fmt::format("{}{{ rank=same; {};{} }}\n", indent, n.id, rank);
  }
  static const char* shape_of(Kind k) { return k == Kind::module ? "folder" : k == Kind::kept ? "note" : "box"; }
  const std::string& id(int i) const { return p_.nodes[static_cast<std::size_t>(i)].id; }

  // Graphviz does not hold that an edge into or out of a box leads onward: running backwards only costs ten times its
  // weight. So all edges between operations, which no other number may outweigh, have the same large one; of many into
  // one operation, which together could outweigh the one that comes last, the others share it.
  // A ghost stands straight above the column that begins with it, and so does what is left out above what reads it.
  int weight_of(const PicEdge& e) const {
    if (p_.nodes[static_cast<std::size_t>(e.from)].kind == Kind::stub || tops_.contains(e.from)) return kWeight;
    if (!is_operation(e.from) || !is_operation(e.to)) return 1;
    const Inputs& in = inputs_[static_cast<std::size_t>(e.to)];
    return in.operations > kManyInputs && e.from != in.last ? std::max(1, kWeight / in.operations) : kWeight;
  }
  bool is_operation(int i) const {
    const Kind k = p_.nodes[static_cast<std::size_t>(i)].kind;
    return k == Kind::operation || k == Kind::result || k == Kind::module;
  }

  // Forward and backward edge are written in the same direction, the one that ranks the nodes: Graphviz then draws them
  // side by side. Within a rank, what comes first in an edge stands left, or, when the main line runs across, above;
  // below in a box, though.
  void write_edge(const PicEdge& e) {
    if (e.carried) return write_carried(e);
    if (p_.nodes[static_cast<std::size_t>(e.to)].kind == Kind::kept) return write_keeping(e);
    const bool boxed = p_.nodes[static_cast<std::size_t>(e.to)].box >= 0;
    const bool turned = e.side == (across_ && boxed ? Side::first : Side::second);
    const std::string ends =
        turned ? fmt::format("{} -> {}", id(e.to), id(e.from)) : fmt::format("{} -> {}", id(e.from), id(e.to));
    const std::string rank = std::string(e.beside ? ", constraint=false" : "") + (e.passes ? ", minlen=2" : "");
    const int again = seen_[{e.from, e.to}]++;
    const std::string number = again ? fmt::format("-{}", again) : "";
    const bool stub = p_.nodes[static_cast<std::size_t>(e.from)].kind == Kind::stub;
    out_ += fmt::format("  {} [id=\"e-{}-{}{}\", class=\"{}\", weight={}{}{}{}];\n", ends, id(e.from), id(e.to), number,
                        stub ? "stub" : "fwd", weight_of(e), turned ? ", dir=back" : "", rank,
                        (stub ? ", style=dotted" : "") + words(e));
    if (e.beside) out_ += fmt::format("  {{ rank=same; {}; {}; }}\n", id(e.from), id(e.to));
    if (!e.backward) return;
    any_nonfinite_ |= !std::isfinite(e.norm);
    out_ +=
        fmt::format("  {} [id=\"b-{}-{}{}\", class=\"bwd\", style=dashed, color=\"{}\", fontcolor=\"{}\", {}{}{}];\n",
                    ends, id(e.to), id(e.from), number, std::isfinite(e.norm) ? "#D55E00" : kAlarm,
                    std::isfinite(e.norm) ? "#B34700" : kAlarm,
                    turned ? "arrowhead=empty" : "dir=back, arrowtail=empty", rank, norm_label(e));
  }
  // "last step", of an edge out of a fold; on pages where labels fit. White, because it may lie on the frame of the
  // fold.
  std::string words(const PicEdge& e) const {
    if (e.label.empty() || plain_) return "";
    return fmt::format(R"(, label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="0" bgcolor="#FFFFFF">)"
                       R"(<tr><td> {} </td></tr></table>>, fontcolor="#374151")",
                       escape(e.label));
  }
  // From one step to the next: back to where it is read, beside the edges that lead on. Its words may lie on others.
  void write_carried(const PicEdge& e) {
    const int again = seen_[{e.from, e.to}]++;
    out_ += fmt::format(
        "  {} -> {} [id=\"c-{}-{}{}\", class=\"carried\", style=dotted, penwidth=1.8, {}, fontcolor=\"#374151\"{}];\n",
        id(e.back ? e.to : e.from), id(e.back ? e.from : e.to), id(e.from), id(e.to),
        again ? fmt::format("-{}", again) : "", e.back ? "dir=back" : "constraint=false",
        plain_ ? "" : fmt::format(", label=<{}>", off_the_edge(label_text(e.label), R"( bgcolor="#FFFFFF")")));
  }
  // Empty cells keep words off edges that run beside them, or below and above.
  std::string off_the_edge(const std::string& text, const char* plate = "") const {
    const char* room = across_ ? R"(<tr><td colspan="3" height="6"></td></tr>)" : "";
    return fmt::format(R"(<table border="0" cellborder="0" cellspacing="0" cellpadding="0">{}<tr><td width="6"></td>)"
                       R"(<td{}>{}</td><td width="6"></td></tr>{}</table>)",
                       *plate ? room : "", plate, text, room);
  }
  void write_keeping(const PicEdge& e) {
    out_ += fmt::format(
        "  {0} -> {1} [id=\"k-{0}-{1}\", class=\"keeps\", style=dotted, color=\"#8A6100\", arrowhead=none];\n",
        id(e.from), id(e.to));
  }
  // Graphviz gives a label a rank of its own. On edges into and out of boxes, of which there are many in a large graph,
  // it gets that wrong and stops ("trouble in init_rank"): there the label is put where there is room, afterwards.
  std::string norm_label(const PicEdge& e) const {
    if (plain_ || (e.norm < 0 && !e.is_signed && e.derivative.empty())) return "";
    std::string text = e.norm < 0 && !e.is_signed ? "" : short_number(e.norm);
    const bool crosses = p_.nodes[static_cast<std::size_t>(e.from)].box != p_.nodes[static_cast<std::size_t>(e.to)].box;
    if (crosses && p_.nodes.size() > kMaxNodesWithRoomForLabels) return fmt::format(", xlabel=\"{}\"", text);
    const bool upright = e.side != Side::none && across_;
    if (e.derivative.empty() && !upright) return fmt::format(", label=<{}>", off_the_edge(text));
    if (!e.derivative.empty()) return fmt::format(", label=<{}>", two_lines(text, label_text(e.derivative), upright));
    // Graphviz puts the label of an upright edge onto it: an empty cell keeps it off.
    return fmt::format(R"(, label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td>{}</td>)"
                       R"(<td width="12"></td></tr></table>>)",
                       text);
  }
  // Empty cells keep both off the edge, which runs below or beside them; an upright one through the middle.
  std::string two_lines(const std::string& norm, const std::string& derivative, bool upright) const {
    const bool below = across_ && !upright;
    const auto letters =
        std::ranges::count_if(derivative, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    const char* align = below ? "center" : upright ? "right" : "left";
    return fmt::format(
        R"(<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr><td rowspan="2" width="{}"></td>)"
        R"(<td align="{}">{}</td><td rowspan="2" width="{}"></td></tr><tr><td align="{}">)"
        R"(<font point-size="7.5" color="#6B7280">{}</font></td></tr>{}</table>)",
        below || upright ? 0 : 8, align, norm, upright ? 4 * letters + 6 : 0, align, derivative,
        below ? R"(<tr><td colspan="3" height="5"></td></tr>)" : "");
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
      if (any(Kind::module)) legend.swatch("#EEF0F3", "#374151", "▸ module, collapsed");
      if (any(Kind::kept)) legend.swatch("#FFF4D6", "#8A6100", "kept for the backward pass");
      legend.arrow("⟶", "#4B5563", "forward");
      if (std::ranges::any_of(p_.edges, &PicEdge::carried)) legend.arrow("⋯", "#4B5563", "from one step to the next");
      if (o_.backward && p_.backward_ran) legend.arrow("⇠", "#D55E00", backward_words());
      if (any_cells()) {
        if (!wide) legend.end_line();
        legend.swatch("#762A83", "#762A83", "negative");
        legend.swatch("#F7F7F7", "#9AA3AD", "0");
        legend.swatch("#1B7837", "#1B7837", "positive (each map scaled by its largest |value|)");
      }
    }
    if (o_.legend && p_.highest_norm > 0 && p_.values != Values::off) {
      legend.swatch("#B34700", "#B34700", strip_words().c_str());
    }
    std::string note;
    const auto add = [&](const std::string& text) { note += (note.empty() ? "" : "; ") + text; };
    if (!p_.backward_ran) add("backward has not run");
    const std::string folded = folded_words();
    if (!folded.empty()) add(folded);
    if (const auto n = std::ranges::count(p_.nodes, Kind::module, &PicNode::kind); n > 0)
      add(fmt::format("{} {} collapsed", n, n == 1 ? "module" : "modules"));
    for (const std::string& step : p_.done) add(escape(step));
    if (p_.left_out)
      add(fmt::format("only the part nearest the result: {} of {} operations left out", p_.left_out, p_.operations));
    if (any(Kind::module) || !folded.empty() || p_.left_out)
      add(fmt::format("{} nodes shown for {} operations", p_.nodes.size(), p_.operations));
    if (!p_.complete) add(fmt::format("only the last {} operations of the graph were looked at", p_.operations));
    if (std::ranges::any_of(p_.nodes, [](const PicNode& n) { return !time_text(n).empty(); }))
      add("µs, ms and s: time forward and backward, as the profile saw it");
    if (plain_) add("laid out plainly, with fewer options than requested: Graphviz could not draw the full picture");
    if (!note.empty()) legend.note(note);
    return legend.table();
  }
  bool any(Kind k) const {
    return std::ranges::any_of(p_.nodes, [k](const PicNode& n) { return n.kind == k; });
  }
  // Of the folds of which something is seen.
  std::string folded_words() const {
    constexpr std::size_t kFew = 4;
    std::set<int> seen;
    for (const PicNode& n : p_.nodes)
      for (int f = n.fold; f >= 0; f = p_.folded[static_cast<std::size_t>(f)].first) seen.insert(f);
    std::string s;
    std::size_t i = 0;
    for (const int f : seen)
      if (i++ < kFew) s += (i > 1 ? ", " : "") + p_.folded[static_cast<std::size_t>(f)].second;
    if (seen.size() > kFew) s += fmt::format(" and {} more times", seen.size() - kFew);
    return seen.empty() ? "" : s + (seen.size() > 1 ? " folded into one each" : " folded into one");
  }
  bool any_cells() const {
    return p_.values != Values::off && std::ranges::any_of(p_.nodes, [&](const PicNode& n) {
             return n.kind != Kind::module && n.value.defined() && n.value.numel() > 0 && labels_.as_cells(n.value);
           });
  }
  const char* backward_words() const {
    const bool derived = std::ranges::any_of(p_.edges, [](const PicEdge& e) { return !e.derivative.empty(); });
    return derived ? "backward, with the norm of the gradient that flows (of a number: itself) and the local derivative"
                   : "backward, with the norm of the gradient that flows";
  }
  std::string strip_words() const {
    int each = 1;
    for (const PicNode& n : p_.nodes) each = std::max(each, n.norms.empty() ? 1 : steps_per_cell(n.norms.size()));
    return fmt::format("strip: norm of the gradient, first to last{}, on one logarithmic scale from {} to {}",
                       each > 1 ? fmt::format(" (a cell: the largest of {})", each) : "", short_number(p_.lowest_norm),
                       short_number(p_.highest_norm));
  }

  Picture p_;
  const Options& o_;
  NodeLabels labels_;
  bool plain_, across_, any_nonfinite_ = false;
  std::vector<std::vector<int>> nodes_in_, boxes_in_;  // by level
  std::vector<Inputs> inputs_;                         // by node
  std::vector<std::vector<int>> beside_;               // by node: the parameters in its rank
  std::set<int> tops_;                                 // of columns
  std::set<int> passed_;                               // boxes with an edge that passes what stands first in them
  std::map<std::pair<int, int>, int> seen_;            // edges between two nodes so far
  std::string out_;
};

}  // namespace

void require_graph(const Tensor& root, const Options& options, const Location& at) {
  require_defined("viz", root, at);
  if (!root.requires_grad() || root.is_leaf())
    ErrorReport("viz", "the tensor is not the result of recorded operations: there is no graph to draw", at)
        .operand("root", root)
        .autograd_error();
  if (options.depth < -1 || !options.collapse.paths().empty())
    require_plan(tape::collect_last(root, kMostOperations).graph, options, at);
}

std::string dot_text(Picture p, const Options& options, Layout layout) {
  return Writer(std::move(p), options, layout).text();
}

std::string dot_text(const Tensor& root, const Options& options, Layout layout) {
  NoGradGuard off;
  return dot_text(
      fitting_picture(options.unfold == Unfold::always ? Recorded(root, kUnfoldAll) : Recorded(root), options), options,
      layout);
}

std::string to_dot(const Tensor& root, const Options& options, Location at) {
  require_graph(root, options, at);
  return dot_text(root, options);
}

}  // namespace xgrad::viz
