// The main line, what stands beside it, which boxes are worth their ink, and which part of a graph is kept.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr std::size_t kMostStubs = 12;

bool is_computed(Kind k) { return k == Kind::operation || k == Kind::result || k == Kind::output || k == Kind::module; }

std::string label_of(const PicNode& n) {
  if (n.kind == Kind::module) return n.title.substr(0, n.title.find(" : "));
  if (n.symbol.empty()) return n.title;
  return n.layer ? fmt::format("{}[{}]", n.symbol, n.layer) : n.symbol;
}

class Arranger {
 public:
  Arranger(Picture& p, const Options& options) : p_(p), options_(options) {}

  void run() {
    add_stubs();
    mark_main_line();
    finish_edges();
    place_parameters();
    name_saved();
    drop_small_boxes();
  }

 private:
  PicNode& node(int i) { return p_.nodes[static_cast<std::size_t>(i)]; }

  // In the place of what is left out; where they would be many, lines in the nodes.
  void add_stubs() {
    std::vector<int> cut;
    for (std::size_t i = 0; i < p_.nodes.size(); ++i)
      if (p_.nodes[i].cut) cut.push_back(static_cast<int>(i));
    const std::string text = fmt::format("… {} more", p_.left_out);
    for (const int i : cut) {
      if (cut.size() > kMostStubs) {
        node(i).notes.push_back("from what is left out");
        continue;
      }
      PicNode n;
      n.kind = Kind::stub;
      n.id = node(i).id + "x";
      n.title = text;
      n.box = -1;
      p_.nodes.push_back(std::move(n));
      PicEdge e;
      e.from = static_cast<int>(p_.nodes.size()) - 1;
      e.to = i;
      p_.edges.push_back(std::move(e));
    }
  }

  // From the result back along the longest way through operations.
  void mark_main_line() {
    const std::vector<int> rank = ranks(p_);
    const auto [first, last] = std::ranges::minmax(rank);
    for (PicEdge& e : p_.edges)
      e.back = e.carried && rank[static_cast<std::size_t>(e.to)] < rank[static_cast<std::size_t>(e.from)];
    p_.depth = last - first + 1;
    std::vector<std::vector<int>> inputs(p_.nodes.size());
    for (const PicEdge& e : p_.edges)
      if (!e.carried) inputs[static_cast<std::size_t>(e.to)].push_back(e.from);
    // An operation before data before a parameter.
    const auto worth = [&](int i) {
      const Kind k = node(i).kind;
      const int kind = is_computed(k) ? 2 : k == Kind::data ? 1 : 0;
      return std::pair(kind, kind == 2 ? rank[static_cast<std::size_t>(i)] : 0);
    };
    int at = static_cast<int>(std::ranges::find_if(p_.nodes, &PicNode::root) - p_.nodes.begin());
    while (at >= 0 && !node(at).main_line) {
      node(at).main_line = true;
      ++p_.main_length;
      int next = -1;
      for (const int from : inputs[static_cast<std::size_t>(at)])
        if (next < 0 || worth(from) > worth(next)) next = from;
      at = next;
    }
  }

  void finish_edges() {
    std::map<int, int> uses;
    for (const PicEdge& e : p_.edges) ++uses[e.from];
    for (PicEdge& e : p_.edges)  // (Graphviz takes a node out of its box where another rank names it)
      e.beside = node(e.to).box < 0 && node(e.to).kind == Kind::result && node(e.from).kind == Kind::data &&
                 !node(e.from).main_line && uses[e.from] == 1;
  }

  // Up to two stand beside an operation of the main line or in a box; more would hide each other, and stand before it.
  void place_parameters() {
    std::map<int, std::vector<PicEdge*>> owned;
    for (PicEdge& e : p_.edges) {
      const PicNode &from = node(e.from), &to = node(e.to);
      const bool learnt = from.kind == Kind::parameter || from.kind == Kind::frozen ||
                          (from.kind == Kind::ghost && from.ghost_of == Kind::parameter);
      const bool own = options_.params != Params::shared;
      if (own && learnt && (to.main_line || to.box >= 0) && from.box == to.box) owned[e.to].push_back(&e);
    }
    for (auto& [operation, edges] : owned) {
      if (edges.size() <= 2) {
        edges.front()->side = Side::first;
        if (edges.size() == 2) edges.back()->side = Side::second;
        continue;
      }
      for (PicEdge& e : p_.edges)
        e.passes |= !e.carried && e.to == operation && std::ranges::find(edges, &e) == edges.end();
    }
  }

  void name_saved() {
    for (PicNode& n : p_.nodes) {
      if (n.kind == Kind::kept) continue;
      for (const auto& [source, text] : n.keeps) n.saves.push_back(source < 0 ? text : saved_name(n, source));
    }
    if (options_.saved != Saved::nodes) return;
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) {
      PicNode& n = p_.nodes[i];
      if (n.kind != Kind::kept) continue;
      n.title = "keeps " + node(n.original).saves[static_cast<std::size_t>(n.operations)];
      PicEdge e;
      e.from = n.original;
      e.to = static_cast<int>(i);
      p_.edges.push_back(std::move(e));
    }
    for (PicNode& n : p_.nodes) n.saves.clear();
  }

  // Of a folded operation: what the first step keeps may come from outside, and later ones keep what the step before
  // made.
  std::string saved_name(const PicNode& n, int source) {
    const int self = static_cast<int>(&n - p_.nodes.data());
    int position = -1;
    for (const PicEdge& e : p_.edges)
      if (e.to == self && e.from == source && !e.carried) position = e.position;
    for (const PicEdge& e : p_.edges)
      if (position >= 0 && e.to == self && e.carried && e.position == position)
        return fmt::format("{} (then {})", label_of(node(source)), label_of(node(e.from)));
    return label_of(node(source));
  }

  // A box around a single node only adds ink.
  void drop_small_boxes() {
    const auto box = [&](int b) -> PicBox& { return p_.boxes[static_cast<std::size_t>(b)]; };
    for (const PicNode& n : p_.nodes)
      for (int b = n.box; b >= 0; b = box(b).parent) ++box(b).members;
    for (PicBox& b : p_.boxes) b.worth = b.members >= 2 || (b.fold && b.members == 1);
    const auto kept = [&](int b) {
      while (b >= 0 && !box(b).worth) b = box(b).parent;
      return b;
    };
    for (PicNode& n : p_.nodes) n.box = kept(n.box);
    for (PicBox& b : p_.boxes) b.parent = kept(b.parent);
  }

  Picture& p_;
  const Options& options_;
};

// Computed nodes by their distance from the result, each with what it alone reads, as long as there is room.
std::vector<bool> nearest(const Picture& p, std::size_t most) {
  std::vector<std::vector<int>> inputs(p.nodes.size());
  for (const PicEdge& e : p.edges) inputs[static_cast<std::size_t>(e.to)].push_back(e.from);
  std::vector<bool> kept(p.nodes.size()), seen(p.nodes.size());
  std::vector<int> queue{static_cast<int>(std::ranges::find_if(p.nodes, &PicNode::root) - p.nodes.begin())};
  seen[static_cast<std::size_t>(queue[0])] = true;
  std::size_t used = 0;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const auto i = static_cast<std::size_t>(queue[at]);
    std::size_t more = 1;
    for (const int from : inputs[i])
      more += !is_computed(p.nodes[static_cast<std::size_t>(from)].kind) && !kept[static_cast<std::size_t>(from)];
    if (at > 0 && used + more > most) break;
    used += more;
    kept[i] = true;
    for (const int from : inputs[i]) {
      const auto f = static_cast<std::size_t>(from);
      if (!is_computed(p.nodes[f].kind))
        kept[f] = true;
      else if (!seen[f])
        seen[f] = true, queue.push_back(from);
    }
  }
  for (std::size_t i = 0; i < p.nodes.size(); ++i)
    if (const PicNode& n = p.nodes[i]; n.kind == Kind::kept) kept[i] = kept[static_cast<std::size_t>(n.original)];
  return kept;
}

// What nothing but a first step reads says so itself: words on its edge would lie on the frame of the fold.
void note_states_to_begin_with(Picture& p) {
  std::map<int, std::vector<PicEdge*>> first;
  std::set<int> read_elsewhere;
  for (PicEdge& e : p.edges) {
    const PicNode& from = p.nodes[static_cast<std::size_t>(e.from)];
    const bool begins = e.label == "first step" || e.label == "first block";
    if (begins && from.op < 0 && from.kind != Kind::ghost)
      first[e.from].push_back(&e);
    else
      read_elsewhere.insert(e.from);
  }
  for (const auto& [from, edges] : first) {
    if (read_elsewhere.contains(from)) continue;
    p.nodes[static_cast<std::size_t>(from)].notes.push_back("for the " + edges[0]->label);
    for (PicEdge* e : edges) e->label.clear();
  }
}

}  // namespace

void arrange(Picture& p, const Options& options) {
  note_states_to_begin_with(p);
  Arranger(p, options).run();
}

Picture nearest_part(const Picture& whole, std::size_t most) {
  const std::vector<bool> kept = nearest(whole, most);
  Picture p;
  p.boxes = whole.boxes;
  p.shown_as = whole.shown_as;
  p.folded = whole.folded;
  p.backward_ran = whole.backward_ran;
  p.complete = whole.complete;
  p.operations = whole.operations;
  p.left_out = whole.left_out;
  std::vector<int> place(whole.nodes.size(), -1);
  for (std::size_t i = 0; i < whole.nodes.size(); ++i)
    if (kept[i]) {
      place[i] = static_cast<int>(p.nodes.size());
      p.nodes.push_back(whole.nodes[i]);
    }
  const auto placed = [&](int i) { return i < 0 ? -1 : place[static_cast<std::size_t>(i)]; };
  for (PicNode& n : p.nodes) {
    n.original = placed(n.original);
    for (auto& [source, text] : n.keeps) {
      if (source >= 0 && placed(source) < 0) text = label_of(whole.nodes[static_cast<std::size_t>(source)]);
      source = placed(source);
    }
  }
  for (const PicEdge& e : whole.edges) {
    const int from = placed(e.from), to = placed(e.to);
    if (to >= 0 && from < 0 && is_computed(whole.nodes[static_cast<std::size_t>(e.from)].kind))
      p.nodes[static_cast<std::size_t>(to)].cut = true;
    if (to < 0 || from < 0) continue;
    p.edges.push_back(e);
    p.edges.back().from = from;
    p.edges.back().to = to;
  }
  for (int& i : p.shown_as) {
    if (i >= 0 && placed(i) < 0) ++p.left_out;
    i = placed(i);
  }
  return p;
}

}  // namespace xgrad::viz
