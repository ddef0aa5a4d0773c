// Dashed copies in the place of edges. Graphviz lays out the nodes and a virtual one for every rank that an edge
// passes; its time grows much faster than their number, and a node with many edges pulls everything out of line.
#include <algorithm>
#include <climits>

#include <fmt/format.h>

#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kOften = 4;                  // uses: a residual stream has four in attention
constexpr int kLong = 8;                   // ranks: around a block of a network it is no more
constexpr std::size_t kMostVirtual = 400;  // nodes on long edges

bool is_copied_at_once(Kind k) { return k == Kind::ghost || k == Kind::parameter; }  // by whoever made the nodes

class Ghosts {
 public:
  explicit Ghosts(Picture& p) : p_(p) {}

  void add() {
    for_frequent_use();
    for_distant_use();
  }

 private:
  PicNode& node(int i) { return p_.nodes[static_cast<std::size_t>(i)]; }
  const PicNode& node(int i) const { return p_.nodes[static_cast<std::size_t>(i)]; }

  // Of what is used often the first edge stays.
  void for_frequent_use() {
    std::vector<int> uses(p_.nodes.size()), seen(p_.nodes.size());
    for (const PicEdge& e : p_.edges) uses[static_cast<std::size_t>(e.from)] += !e.carried;
    for (PicEdge& e : p_.edges) {
      if (e.carried) continue;
      const auto from = static_cast<std::size_t>(e.from);
      if (!is_copied_at_once(node(e.from).kind) && uses[from] > kOften && seen[from]++ > 0) copy_source(e);
    }
  }

  // The longest edges, until the rest is few enough.
  void for_distant_use() {
    const std::vector<int> rank = ranks(p_);
    std::vector<std::pair<int, PicEdge*>> longest;
    std::size_t passed = 0;
    for (PicEdge& e : p_.edges) {
      const int length = rank[static_cast<std::size_t>(e.to)] - rank[static_cast<std::size_t>(e.from)];
      if (!e.carried && length > kLong) longest.emplace_back(length, &e), passed += static_cast<std::size_t>(length);
    }
    std::ranges::stable_sort(longest, [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [length, edge] : longest) {
      if (passed <= kMostVirtual) return;
      passed -= static_cast<std::size_t>(length);
      copy_source(*edge);
    }
  }

  void copy_source(PicEdge& e) { e.from = add_ghost(p_, e.from, e.to); }

  Picture& p_;
};

}  // namespace

int add_ghost(Picture& p, int of, int user) {
  PicNode& source = p.nodes[static_cast<std::size_t>(of)];
  const PicNode& reader = p.nodes[static_cast<std::size_t>(user)];
  const bool computed = source.kind == Kind::operation || source.kind == Kind::output;
  if (computed && source.symbol.empty() && source.name.empty() && !source.numbered) {
    source.title += fmt::format(" #{}", ++p.numbered);
    source.numbered = true;
  }
  PicNode ghost = source;
  if (source.kind != Kind::ghost) {
    ghost.ghost_of = source.kind;
    ghost.original = of;
    ghost.title = "↺ " + source.title;
  }
  if (source.kind == Kind::module) ghost.name.clear();
  ghost.kind = Kind::ghost;
  ghost.id = fmt::format("{}u{}i{}", source.id, reader.id, p.nodes.size());
  ghost.root = ghost.main_line = false;
  ghost.norms.clear();
  ghost.keeps.clear();
  ghost.saves.clear();
  ghost.notes.clear();
  ghost.alarm = nullptr;
  ghost.value = ghost.grad = Tensor();
  ghost.largest_grad = -1;
  ghost.box = reader.box;
  p.nodes.push_back(std::move(ghost));
  return static_cast<int>(p.nodes.size()) - 1;
}

std::vector<int> ranks(const Picture& p) {
  const std::size_t n = p.nodes.size();
  std::vector<std::vector<std::size_t>> inputs(n), users(n);
  for (const PicEdge& e : p.edges) {
    if (e.carried) continue;
    inputs[static_cast<std::size_t>(e.to)].push_back(static_cast<std::size_t>(e.from));
    users[static_cast<std::size_t>(e.from)].push_back(static_cast<std::size_t>(e.to));
  }
  std::vector<int> rank(n);
  for (std::size_t i = 0; i < n; ++i)  // inputs stand before their users, or have no inputs themselves
    for (const std::size_t from : inputs[i]) rank[i] = std::max(rank[i], rank[from] + 1);
  const auto stands_late = [&](std::size_t i) {
    int latest = INT_MAX;
    for (const std::size_t to : users[i]) latest = std::min(latest, rank[to] - 1);
    if (!users[i].empty()) rank[i] = latest;
  };
  for (std::size_t i = n; i-- > 0;) {
    const auto pulls_back = std::ranges::count_if(inputs[i], [&](std::size_t k) { return !inputs[k].empty(); });
    if (!inputs[i].empty() && pulls_back <= std::ssize(users[i])) stands_late(i);
  }
  for (std::size_t i = 0; i < n; ++i)
    if (inputs[i].empty()) stands_late(i);
  return rank;
}

void add_ghosts(Picture& p) { Ghosts(p).add(); }

}  // namespace xgrad::viz
