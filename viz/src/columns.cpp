// A long narrow picture in columns, as text is set: the main line is cut where few edges cross, and goes on at the top
// of the next column from a ghost of what it came from.
#include <algorithm>
#include <map>
#include <set>

#include "node_label.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kMostCrossing = 3;                       // values that go from one column to the next
constexpr double kShortestColumn = 0.55;               // of the longest
constexpr double kBetweenRanks = 42, kAroundAll = 90;  // points: with legend, without

class Columns {
 public:
  Columns(Picture& p, double longest) : p_(p), longest_(longest - kAroundAll), rank_(ranks(p)) { measure(); }

  bool set() {
    std::vector<int> cuts;  // the last rank of each column but the last
    for (auto at = height_.begin(); at != height_.end();) {
      double used = 0;
      int best = -1, least = kMostCrossing + 1;
      auto end = at;
      for (; end != height_.end() && used + end->second <= longest_; ++end) {
        used += end->second;
        if (used < kShortestColumn * longest_) continue;
        if (const int cost = cost_[end->first]; cost <= least && std::next(end) != height_.end())
          best = end->first, least = cost;
      }
      if (end == height_.end()) break;
      if (best < 0) return false;
      cuts.push_back(best);
      at = height_.upper_bound(best);
    }
    if (cuts.empty()) return false;
    cut(cuts);
    return true;
  }

 private:
  void measure() {
    const NodeLabels labels(p_);
    std::map<int, std::set<int>> crossing;
    std::vector<std::pair<int, int>> of_box(p_.boxes.size(), {1 << 30, -(1 << 30)});
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) {
      double& h = height_[rank_[i]];
      h = std::max(h, labels.height(p_.nodes[i]) + kBetweenRanks);
      for (int b = p_.nodes[i].box; b >= 0; b = p_.boxes[static_cast<std::size_t>(b)].parent) {
        auto& [low, high] = of_box[static_cast<std::size_t>(b)];
        low = std::min(low, rank_[i]), high = std::max(high, rank_[i]);
      }
    }
    for (const PicEdge& e : p_.edges)
      if (!e.carried)
        for (int r = rank_of(e.from); r < rank_of(e.to); ++r) crossing[r].insert(e.from);
    for (const auto& [r, sources] : crossing) cost_[r] = static_cast<int>(sources.size());
    // A box that is cut stands around all columns: only one around nearly everything may be.
    const int all = height_.rbegin()->first - height_.begin()->first;
    for (const auto& [low, high] : of_box)
      for (int r = low; r < high && 2 * (high - low) < all; ++r) cost_[r] += kMostCrossing;
  }
  int rank_of(int i) const { return rank_[static_cast<std::size_t>(i)]; }

  void cut(const std::vector<int>& cuts) {
    const auto column = [&](int i) { return std::ranges::lower_bound(cuts, rank_of(i)) - cuts.begin(); };
    std::map<std::pair<int, std::ptrdiff_t>, int> ghosts;
    for (PicEdge& e : p_.edges) {
      if (e.carried || column(e.from) == column(e.to)) continue;
      const auto [it, fresh] = ghosts.try_emplace({e.from, column(e.to)}, -1);
      if (fresh) {
        it->second = add_ghost(p_, e.from, e.to);
        p_.nodes.back().box = outermost(p_.nodes.back().box);
      }
      e.from = it->second;
    }
    std::map<std::ptrdiff_t, int> tops;
    for (const auto& [of, ghost] : ghosts) tops.try_emplace(of.second, ghost);
    tops[0] = first_in(p_.nodes[static_cast<std::size_t>(tops.begin()->second)].box, ghosts.begin()->first.first);
    for (const auto& [at, top] : tops)
      if (top >= 0) p_.tops.push_back(top);
  }
  // The first node that is directly in a box, up to the node `end`; -1: none.
  int first_in(int box, int end) const {
    int first = -1;
    for (int i = 0; i <= end; ++i)
      if (p_.nodes[static_cast<std::size_t>(i)].box == box && (first < 0 || rank_of(i) < rank_of(first))) first = i;
    return first;
  }
  int outermost(int box) const {
    while (box >= 0 && p_.boxes[static_cast<std::size_t>(box)].parent >= 0)
      box = p_.boxes[static_cast<std::size_t>(box)].parent;
    return box;
  }

  Picture& p_;
  double longest_;
  std::vector<int> rank_;
  std::map<int, double> height_;  // by rank
  std::map<int, int> cost_;       // of a cut behind the rank
};

}  // namespace

bool set_in_columns(Picture& p, double longest) { return Columns(p, longest).set(); }

}  // namespace xgrad::viz
