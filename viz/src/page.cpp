// About how large Graphviz makes a page, from the ranks and the sizes of the nodes: what decides which way it runs and
// what does not fit.
#include <algorithm>
#include <map>
#include <vector>

#include "explorer/plain_formula.hpp"
#include "node_label.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kMaxRanksAcross = 12;
constexpr double kStripRatio = 4, kSmallPage = 700;  // points: whatever its ratio, it is read at a glance
constexpr double kLongestTurned = 1800;
constexpr double kPageBetweenRanks = 30, kBetweenNodes = 16, kAroundBox = 28;
constexpr double kLetter = 3.6;  // of a local derivative
constexpr double kLegendWidth = 560, kLegendHeight = 46;

double widest(const std::map<int, double>& ranks) {
  double most = 0;
  for (const auto& [rank, breadth] : ranks) most = std::max(most, breadth);
  return most;
}

}  // namespace

Page page_of(const Picture& p, const Options& options, bool across) {
  const NodeLabels labels(p);
  std::vector<int> rank = ranks(p);
  for (const PicEdge& e : p.edges)  // these stand beside what they feed
    if (e.side != Side::none || e.beside) rank[static_cast<std::size_t>(e.from)] = rank[static_cast<std::size_t>(e.to)];
  std::map<int, double> along;                                    // by rank: the longest node
  std::vector<std::map<int, double>> beside(p.boxes.size() + 1);  // in a box, or outside of all: by rank, all nodes
  std::size_t deepest = 0;
  for (std::size_t i = 0; i < p.nodes.size(); ++i) {
    const double w = labels.width(p.nodes[i]), h = labels.height(p.nodes[i]);
    double& length = along[rank[i]];
    length = std::max(length, across ? w : h);
    beside[static_cast<std::size_t>(p.nodes[i].box + 1)][rank[i]] += (across ? h : w) + kBetweenNodes;
    std::size_t depth = 0;
    for (int b = p.nodes[i].box; b >= 0; b = p.boxes[static_cast<std::size_t>(b)].parent) ++depth;
    deepest = std::max(deepest, depth);
  }
  // Words on arrows: beside an operation they stand between it and its parameter, else between two ranks.
  std::map<int, double> labels_before;
  for (const PicEdge& e : p.edges) {
    if (!e.backward || e.derivative.empty()) continue;
    const int to = rank[static_cast<std::size_t>(e.to)];
    const double width = kLetter * static_cast<double>(count_letters(e.derivative));
    if (e.side == Side::none)
      labels_before[to] = std::max(labels_before[to], width);
    else if (!across)
      beside[static_cast<std::size_t>(p.nodes[static_cast<std::size_t>(e.to)].box + 1)][to] +=
          std::max(0.0, width - kBetweenNodes / 2);
  }
  // A box takes its greatest breadth in all of its ranks. Those inside come after those around them.
  for (std::size_t b = p.boxes.size(); b > 0; --b) {
    if (beside[b].empty()) continue;
    const double breadth = widest(beside[b]) + kAroundBox;
    std::map<int, double>& around = beside[static_cast<std::size_t>(p.boxes[b - 1].parent + 1)];
    for (int r = beside[b].begin()->first; r <= beside[b].rbegin()->first; ++r) around[r] += breadth;
  }
  const bool labelled = std::ranges::any_of(p.edges, [](const PicEdge& e) { return e.backward && e.norm >= 0; });
  Page page;
  for (const auto& [at, length] : along) {
    const double label = labelled ? across ? std::max(24.0, labels_before[at]) : 12 : 0;
    page.width += length + kPageBetweenRanks + label;
  }
  page.width += static_cast<double>(deepest) * kAroundBox;
  page.height = widest(beside[0]);
  if (!across) std::swap(page.width, page.height);
  if (options.legend) {
    page.width = std::max(page.width, kLegendWidth);
    page.height += kLegendHeight;
  }
  return page;
}

// A short picture runs as one reads; but not in a strip that is longer than a screen.
bool prefers_across(const Picture& p, const Options& options) {
  if (options.rankdir != Rankdir::automatic) return options.rankdir == Rankdir::left_to_right;
  const bool wanted = p.depth <= kMaxRanksAcross;
  const Page page = page_of(p, options, wanted), other = page_of(p, options, !wanted);
  const bool strip = page.ratio() > kStripRatio && page.longest() > kSmallPage;
  if (strip && other.ratio() < page.ratio()) return !wanted;
  return page.longest() > kLongestTurned && other.longest() < page.longest() ? !wanted : wanted;
}

}  // namespace xgrad::viz
