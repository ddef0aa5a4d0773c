#include "explorer/layout.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/error.hpp>

#include "child_process.hpp"
#include "explorer/simple_layout.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

constexpr double kPointsPerInch = 72;
constexpr std::size_t kMostLayouts = 16, kFewBoxes = 4;
constexpr int kNodesAtFirst = 60;  // that a page shows at once
constexpr std::chrono::seconds kMostTime{10};
constexpr double kTitleFont = 11, kSmallFont = 8.5;
constexpr double kLongestTitle = 190;

bool operation(const PicNode& n) {
  return n.kind == Kind::operation || n.kind == Kind::result || n.kind == Kind::output;
}

bool within(const Picture& p, int box, int outer) {
  while (box >= 0 && box != outer) box = p.boxes[static_cast<std::size_t>(box)].parent;
  return box == outer;
}

std::vector<int> boxes_of(const Picture& p) {
  std::vector<int> all;
  for (std::size_t b = 0; b < p.boxes.size(); ++b)
    if (p.boxes[b].members >= 2) all.push_back(static_cast<int>(b));
  return all;
}

int depth_of(const Picture& p, int box) {
  int d = 0;
  for (; box >= 0; box = p.boxes[static_cast<std::size_t>(box)].parent) ++d;
  return d;
}

// Without those inside of others.
std::set<int> outermost(const Picture& p, const std::vector<int>& boxes) {
  std::set<int> kept;
  for (const int b : boxes)
    if (std::ranges::none_of(boxes, [&](int o) { return o != b && within(p, b, o); })) kept.insert(b);
  return kept;
}

int shown_nodes(const Picture& p, const std::set<int>& collapsed) {
  int n = 0;
  for (std::size_t i = 0; i < p.nodes.size(); ++i) n += hidden_in(p, static_cast<int>(i), collapsed) < 0;
  return n;
}

std::set<int> at_depth(const Picture& p, int depth) {
  std::vector<int> boxes;
  for (const int b : boxes_of(p))
    if (depth_of(p, b) > depth) boxes.push_back(b);
  return outermost(p, boxes);
}

// Equal blocks in a row stay closed, until one of them is opened.
std::vector<int> folds_of(const Picture& p) {
  std::vector<int> all = boxes_of(p);
  std::erase_if(all, [&](int b) { return !p.boxes[static_cast<std::size_t>(b)].fold; });
  return all;
}
std::set<int> with_folds(const Picture& p, const std::set<int>& state) {
  std::vector<int> all = folds_of(p);
  all.insert(all.end(), state.begin(), state.end());
  return outermost(p, all);
}

// The states of the page that are laid out beforehand: all of a few boxes; of many each depth, and each box alone; and
// each row of equal blocks opened.
std::vector<std::set<int>> states(const Picture& p) {
  const std::vector<int> folds = folds_of(p);
  std::vector<int> boxes = boxes_of(p);
  std::erase_if(boxes, [&](int b) { return std::ranges::any_of(folds, [&](int f) { return within(p, b, f); }); });
  std::vector<std::set<int>> all;
  const auto add_as_it_is = [&](std::set<int> s) {
    if (std::ranges::find(all, s) == all.end()) all.push_back(std::move(s));
  };
  const auto add = [&](const std::set<int>& s) { add_as_it_is(with_folds(p, s)); };
  for (const int open : folds) {
    std::vector<int> others(folds);
    std::erase(others, open);
    add_as_it_is(outermost(p, others));
  }
  add({});
  if (boxes.size() <= kFewBoxes) {
    for (unsigned chosen = 1; chosen < 1u << boxes.size(); ++chosen) {
      std::vector<int> some;
      for (std::size_t k = 0; k < boxes.size(); ++k)
        if (chosen >> k & 1) some.push_back(boxes[k]);
      add(outermost(p, some));
    }
    return all;
  }
  int deepest = 0;
  for (const int b : boxes) deepest = std::max(deepest, depth_of(p, b));
  for (int d = deepest; d-- > 0;) add(at_depth(p, d));
  for (const int b : boxes) add({b});
  if (all.size() > kMostLayouts) all.resize(kMostLayouts);
  return all;
}

// The first depth at which the graph is small enough for a page, the deepest first.
std::set<int> collapsed_at_first(const Picture& p) {
  int deepest = 0;
  for (const int b : boxes_of(p)) deepest = std::max(deepest, depth_of(p, b));
  std::set<int> state;
  for (int d = deepest; d >= 0; --d) {
    state = with_folds(p, at_depth(p, d));
    if (shown_nodes(p, state) <= kNodesAtFirst) break;
  }
  return state;
}

class DotWriter {
 public:
  DotWriter(const Picture& p, const std::set<int>& collapsed, bool across)
      : p_(p), collapsed_(collapsed), across_(across) {
    nodes_in_.resize(p.boxes.size() + 1);
    boxes_in_.resize(p.boxes.size() + 1);
    for (std::size_t i = 0; i < p.nodes.size(); ++i)
      if (hidden_in(p, static_cast<int>(i), collapsed) < 0)
        nodes_in_[level(p.nodes[i].box)].push_back(static_cast<int>(i));
    for (const int b : boxes_of(p)) boxes_in_[level(p.boxes[static_cast<std::size_t>(b)].parent)].push_back(b);
  }

  std::string text() {
    out_ = fmt::format(
        "digraph g {{\ngraph [rankdir={}, nodesep=0.2, ranksep=0.36, nslimit=2, nslimit1=2];\n"
        "node [shape=box, fixedsize=true, label=\"\"];\n",
        across_ ? "LR" : "TB");
    write_level(-1);
    std::set<std::pair<std::string, std::string>> seen;
    for (const PicEdge& e : p_.edges) write_edge(e, seen);
    return out_ + "}\n";
  }

 private:
  static std::size_t level(int box) { return static_cast<std::size_t>(box + 1); }
  std::string id(int node) const {
    const int b = hidden_in(p_, node, collapsed_);
    return b < 0 ? fmt::format("n{}", node) : fmt::format("m{}", b);
  }
  void write_box(const std::string& id, BoxSize s) {
    out_ += fmt::format("{} [width={:.3f}, height={:.3f}];\n", id, s.width / kPointsPerInch, s.height / kPointsPerInch);
  }
  void write_level(int box) {
    for (const int i : nodes_in_[level(box)])
      write_box(fmt::format("n{}", i), node_size(p_.nodes[static_cast<std::size_t>(i)]));
    for (const int b : boxes_in_[level(box)]) {
      const PicBox& x = p_.boxes[static_cast<std::size_t>(b)];
      if (collapsed_.contains(b)) {
        write_box(fmt::format("m{}", b), folder_size(x));
        continue;
      }
      // An empty cell keeps room for the label.
      const double room = std::min(text_width(x.label, kTitleFont), kLongestTitle) + 24;
      out_ += fmt::format(
          "subgraph \"cluster_m{}\" {{ labeljust=l; labelloc=t; margin=9; label=<<table border=\"0\" cellborder=\"0\" "
          "cellspacing=\"0\" cellpadding=\"0\"><tr><td fixedsize=\"true\" width=\"{:.0f}\" "
          "height=\"13\"></td></tr></table>>;\n",
          b, room);
      write_level(b);
      out_ += "}\n";
    }
  }
  void write_edge(const PicEdge& e, std::set<std::pair<std::string, std::string>>& seen) {
    const std::string from = id(e.from), to = id(e.to);
    if (from == to || !seen.emplace(from, to).second) return;
    const PicNode &a = p_.nodes[static_cast<std::size_t>(e.from)], &b = p_.nodes[static_cast<std::size_t>(e.to)];
    const bool main = (operation(a) || a.main_line) && operation(b);
    const bool enters = from[0] == 'n' && to[0] == 'n' && b.box >= 0 && !within(p_, a.box, b.box);
    const bool beside = e.beside && across_;
    out_ += fmt::format("{} -> {} [id=\"{}>{}\", weight={}{}{}];\n", from, to, from, to, main ? 200 : 1,
                        enters && across_ ? ", minlen=2" : "", beside ? ", constraint=false" : "");
    if (beside) out_ += fmt::format("{{ rank=same; {}; {}; }}\n", from, to);
  }

  const Picture& p_;
  const std::set<int>& collapsed_;
  bool across_;
  std::vector<std::vector<int>> nodes_in_, boxes_in_;
  std::string out_;
};

// What `dot -Tjson0` says. Coordinates are in points, upwards.
class JsonReader {
 public:
  explicit JsonReader(const std::string& text) : json_(nlohmann::json::parse(text)) {}

  PageLayout read() {
    const auto [x0, y0, x1, y1] = corners(json_.at("bb"));
    l_.width = x1 - x0;
    l_.height = y1 - y0;
    top_ = y1;
    for (const auto& o : json_.value("objects", nlohmann::json::array())) read_object(o);
    for (const auto& e : json_.value("edges", nlohmann::json::array())) read_edge(e);
    return std::move(l_);
  }

 private:
  static std::array<double, 4> corners(const nlohmann::json& bb) {
    std::array<double, 4> c{};
    std::sscanf(bb.get_ref<const std::string&>().c_str(), "%lf,%lf,%lf,%lf", c.data(), &c[1], &c[2], &c[3]);
    return c;
  }
  void read_object(const nlohmann::json& o) {
    const std::string name = o.at("name");
    static constexpr std::string_view kCluster = "cluster_";
    if (o.contains("bb") && name.starts_with(kCluster)) {
      const auto [x0, y0, x1, y1] = corners(o.at("bb"));
      l_.boxes[name.substr(kCluster.size())] = {x0, top_ - y1, x1 - x0, y1 - y0};
    } else if (o.contains("pos")) {
      double x = 0, y = 0;
      std::sscanf(o.at("pos").get_ref<const std::string&>().c_str(), "%lf,%lf", &x, &y);
      const double w = std::stod(o.at("width").get<std::string>()) * kPointsPerInch;
      const double h = std::stod(o.at("height").get<std::string>()) * kPointsPerInch;
      l_.nodes[name] = {x - w / 2, top_ - y - h / 2, w, h};
    }
  }
  // "e,x,y x,y x,y x,y x,y": the end of the arrow, then points of Bézier curves.
  void read_edge(const nlohmann::json& e) {
    if (!e.contains("pos") || !e.contains("id")) return;
    const std::string ends = e.at("id");
    PlacedEdge out{ends.substr(0, ends.find('>')), ends.substr(ends.find('>') + 1), ""};
    std::string tip, start;
    std::istringstream words(e.at("pos").get<std::string>());
    int points = 0;
    for (std::string word; words >> word;) {
      const bool is_tip = word.starts_with("e,"), is_start = word.starts_with("s,");
      double x = 0, y = 0;
      if (std::sscanf(word.c_str() + (is_tip || is_start ? 2 : 0), "%lf,%lf", &x, &y) != 2) continue;
      const std::string point = fmt::format("{:.1f} {:.1f}", x, top_ - y);
      if (is_tip)
        tip = "L" + point;
      else if (!is_start)
        out.path += (points == 0 ? "M" : points == 1 ? "C" : " ") + point, ++points;
    }
    out.path += tip;
    l_.edges.push_back(std::move(out));
  }

  nlohmann::json json_;
  PageLayout l_;
  double top_ = 0;
};

}  // namespace

BoxSize map_size(const Shape& s) {
  const int rank = s.rank();
  const double columns = rank == 0 ? 1 : static_cast<double>(s[rank - 1]);
  double rows = 1;
  for (int d = 0; d + 1 < rank; ++d) rows *= static_cast<double>(s[d]);
  const double width = std::clamp(17 * columns, 24.0, 90.0), height = std::clamp(13 * rows, 17.0, 66.0);
  return {width, height};
}

BoxSize node_size(const PicNode& n) {
  const BoxSize m = map_size(n.shape);
  double title = std::min(text_width(n.title, kTitleFont) * 1.08, kLongestTitle);
  if (!n.number.empty()) title += text_width(n.number, kTitleFont) + 6;
  if (!n.name.empty()) title += std::min(text_width(n.name, kTitleFont), 90.0) + 8;
  const bool numbered = n.op >= 0 && n.symbol.empty() && n.name.empty();  // "v7"
  const double symbol = n.layer ? 34 : numbered ? 28 : n.symbol.empty() ? 0 : 18;
  double type = 24 + 6.0 * n.shape.rank() * 2.2;
  if (!n.told.empty()) type += text_width(n.told, kSmallFont) + 10;
  const bool ghost = n.kind == Kind::ghost;
  const bool alone = n.kind == Kind::data || n.kind == Kind::frozen;
  const double maps = ghost ? 0 : alone ? m.width : 2 * m.width + 4;
  return {std::max({title + symbol, std::min(type, 190.0), maps}) + 16, ghost ? 36 : m.height + 44};
}

BoxSize folder_size(const PicBox& b) {
  const double label = std::min(text_width(b.label, kTitleFont) * 1.08, 220.0) + 34;
  return b.fold ? BoxSize{std::max(label, 190.0), 62} : BoxSize{label, 46};  // with room for a strip
}

int hidden_in(const Picture& p, int node, const std::set<int>& collapsed) {
  int found = -1;
  for (int b = p.nodes[static_cast<std::size_t>(node)].box; b >= 0; b = p.boxes[static_cast<std::size_t>(b)].parent)
    if (collapsed.contains(b)) found = b;
  return found;
}

namespace {

// Adds the state as dot lays it out; else says why not.
std::string lay_out_by_dot(Layouts& out, const Picture& p, const std::set<int>& state, std::chrono::seconds time) {
  if (time.count() <= 0) return "Graphviz took too long";
  try {
    const ChildResult r = run_child({"dot", "-Tjson0"}, DotWriter(p, state, out.across).text(), time);
    if (r.outcome == Outcome::missing) return "Graphviz not found";
    if (r.outcome == Outcome::timed_out) return "Graphviz took too long";
    if (r.outcome == Outcome::failed) return "Graphviz failed: " + r.message;
    PageLayout l = JsonReader(r.output).read();
    l.collapsed = state;
    out.all.push_back(std::move(l));
    return "";
  } catch (const std::exception& e) {  // what it wrote is no layout, or there was no memory for it
    return fmt::format("Graphviz failed: {}", e.what());
  }
}

}  // namespace

Layouts lay_out(const Picture& p, bool across, std::chrono::seconds timeout) {
  Layouts out;
  out.across = across;
  out.first = collapsed_at_first(p);
  std::vector<std::set<int>> wanted = states(p);
  if (const auto at = std::ranges::find(wanted, out.first); at != wanted.end()) wanted.erase(at);
  wanted.insert(wanted.begin(), out.first);
  const auto start = std::chrono::steady_clock::now();
  for (const std::set<int>& state : wanted) {
    const auto used = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    if (out.problem.empty()) out.problem = lay_out_by_dot(out, p, state, std::min(timeout, kMostTime) - used);
    if (!out.problem.empty()) out.all.push_back(simple_layout(p, state, across));
  }
  return out;
}

}  // namespace xgrad::viz
