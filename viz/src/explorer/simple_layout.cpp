#include "explorer/simple_layout.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

constexpr double kGap = 18, kRankGap = 46, kMargin = 10, kLabel = 24;
constexpr int kRounds = 4;  // of moving nodes towards those that they read

struct Item {
  std::string id;
  BoxSize size;
  bool main = false;
  int rank = 0;
  double order = 0;
  std::vector<int> inputs, users;
  Area area{};
};

class LayoutBuilder {
 public:
  LayoutBuilder(const Picture& p, const std::set<int>& collapsed, bool across)
      : p_(p), collapsed_(collapsed), across_(across) {}

  PageLayout build() {
    add_items();
    add_edges();
    rank_items();
    order_ranks();
    place();
    l_.collapsed = collapsed_;
    for (const Item& i : items_) l_.nodes[i.id] = i.area;
    for (const auto& [from, to] : edges_) draw(from, to);
    for (std::size_t b = 0; b < p_.boxes.size(); ++b) frame(static_cast<int>(b));
    return std::move(l_);
  }

 private:
  void add_items() {
    for (int i = 0; i < static_cast<int>(p_.nodes.size()); ++i) {
      const PicNode& n = p_.nodes[static_cast<std::size_t>(i)];
      const int b = hidden_in(p_, i, collapsed_);
      const std::string id = b < 0 ? fmt::format("n{}", i) : fmt::format("m{}", b);
      const auto [known, fresh] = index_.try_emplace(id, static_cast<int>(items_.size()));
      if (fresh) items_.push_back({id, b < 0 ? node_size(n) : folder_size(p_.boxes[static_cast<std::size_t>(b)])});
      Item& item = items_[static_cast<std::size_t>(known->second)];
      item.main |= n.main_line;
      of_node_.push_back(known->second);
    }
  }
  void add_edges() {
    std::set<std::pair<int, int>> seen;
    for (const PicEdge& e : p_.edges) {
      const int from = of_node_[static_cast<std::size_t>(e.from)], to = of_node_[static_cast<std::size_t>(e.to)];
      if (from == to || !seen.emplace(from, to).second) continue;
      edges_.emplace_back(from, to);
      item(from).users.push_back(to);
      item(to).inputs.push_back(from);
    }
  }
  Item& item(int i) { return items_[static_cast<std::size_t>(i)]; }

  // Edges lead onward, but around a collapsed module that is entered twice: so not forever.
  void rank_items() {
    const int most = static_cast<int>(items_.size());
    bool moved = true;
    for (int round = 0; moved && round <= most; ++round) {
      moved = false;
      for (const auto& [from, to] : edges_)
        if (item(to).rank <= item(from).rank && item(from).rank + 1 < most)
          item(to).rank = item(from).rank + 1, moved = true;
    }
    for (Item& i : items_) {
      if (!i.inputs.empty() || i.users.empty()) continue;
      int first = most;
      for (const int u : i.users) first = std::min(first, item(u).rank);
      i.rank = std::max(0, first - 1);
    }
    ranks_.resize(static_cast<std::size_t>(most) + 1);
    for (int i = 0; i < most; ++i) ranks_[static_cast<std::size_t>(item(i).rank)].push_back(i);
    std::erase_if(ranks_, [](const std::vector<int>& r) { return r.empty(); });
  }

  void order_ranks() {
    const auto number = [&](std::vector<int>& rank) {
      for (std::size_t k = 0; k < rank.size(); ++k)
        item(rank[k]).order = static_cast<double>(k) - static_cast<double>(rank.size()) / 2;
    };
    for (auto& rank : ranks_) {
      std::ranges::stable_sort(rank, {}, [&](int i) { return !item(i).main; });
      number(rank);
    }
    for (int round = 0; round < kRounds; ++round)
      for (auto& rank : ranks_) {
        std::ranges::stable_sort(rank, {}, [&](int i) {
          double sum = 0;
          for (const int in : item(i).inputs) sum += item(in).order;
          return item(i).inputs.empty() ? item(i).order : sum / static_cast<double>(item(i).inputs.size());
        });
        number(rank);
      }
  }

  // Along the ranks and across them; x and y as the direction says.
  void place() {
    double along = 0, breadth = 0;
    std::vector<double> lengths;
    for (const auto& rank : ranks_) {
      double length = -kGap;
      for (const int i : rank) length += kGap + (across_ ? item(i).size.height : item(i).size.width);
      lengths.push_back(length);
      breadth = std::max(breadth, length);
    }
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      double thick = 0, at = (breadth - lengths[r]) / 2;
      for (const int i : ranks_[r]) thick = std::max(thick, across_ ? item(i).size.width : item(i).size.height);
      for (const int i : ranks_[r]) {
        const BoxSize s = item(i).size;
        const double middle = along + (thick - (across_ ? s.width : s.height)) / 2;
        item(i).area = {across_ ? middle : at, across_ ? at : middle, s.width, s.height};
        at += kGap + (across_ ? s.height : s.width);
      }
      along += thick + kRankGap;
    }
    l_.width = across_ ? along - kRankGap : breadth;
    l_.height = across_ ? breadth : along - kRankGap;
  }

  void draw(int from, int to) {
    const Area &a = item(from).area, &b = item(to).area;
    const double x1 = across_ ? a.x + a.width : a.x + a.width / 2, y1 = across_ ? a.y + a.height / 2 : a.y + a.height;
    const double x2 = across_ ? b.x : b.x + b.width / 2, y2 = across_ ? b.y + b.height / 2 : b.y;
    const double kx = across_ ? (x2 - x1) / 2 : 0, ky = across_ ? 0 : (y2 - y1) / 2;
    l_.edges.push_back({item(from).id, item(to).id,
                        fmt::format("M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x1, y1, x1 + kx,
                                    y1 + ky, x2 - kx, y2 - ky, x2, y2)});
  }

  bool inside(int i, int box) const {
    for (std::size_t n = 0; n < of_node_.size(); ++n) {
      if (of_node_[n] != i) continue;
      for (int b = p_.nodes[n].box; b >= 0; b = p_.boxes[static_cast<std::size_t>(b)].parent)
        if (b == box) return true;
    }
    return false;
  }
  // Around a module, unless something else stands between its nodes.
  void frame(int box) {
    if (p_.boxes[static_cast<std::size_t>(box)].members < 2 || index_.contains(fmt::format("m{}", box))) return;
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    std::vector<int> others;
    for (int i = 0; i < static_cast<int>(items_.size()); ++i) {
      if (!inside(i, box)) {
        others.push_back(i);
        continue;
      }
      const Area& a = item(i).area;
      x0 = std::min(x0, a.x - kMargin), y0 = std::min(y0, a.y - kLabel);
      x1 = std::max(x1, a.x + a.width + kMargin), y1 = std::max(y1, a.y + a.height + kMargin);
    }
    const bool clear = std::ranges::all_of(others, [&](int i) {
      const Area& a = item(i).area;
      return a.x > x1 || a.y > y1 || a.x + a.width < x0 || a.y + a.height < y0;
    });
    if (x0 < x1 && clear) l_.boxes[fmt::format("m{}", box)] = {x0, y0, x1 - x0, y1 - y0};
  }

  const Picture& p_;
  const std::set<int>& collapsed_;
  bool across_;
  std::vector<Item> items_;
  std::map<std::string, int> index_;
  std::vector<int> of_node_;
  std::vector<std::pair<int, int>> edges_;
  std::vector<std::vector<int>> ranks_;
  PageLayout l_;
};

}  // namespace

PageLayout simple_layout(const Picture& p, const std::set<int>& collapsed, bool across) {
  return LayoutBuilder(p, collapsed, across).build();
}

}  // namespace xgrad::viz
