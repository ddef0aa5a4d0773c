// About how large Graphviz makes a page, from the ranks and the sizes of the nodes: what decides which way it runs and
// what does not fit.
#include <algorithm>
#include <map>

#include "node_label.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kMaxRanksAcross = 12;
constexpr double kLongestRatio = 4, kSmallPage = 700;  // points: whatever its ratio, it is read at a glance
constexpr double kLongestPage = 1800;
constexpr double kBetweenRanks = 30, kBetweenNodes = 16, kAroundBox = 28;
constexpr double kLegendWidth = 560, kLegendHeight = 46;

}  // namespace

Page page_of(const Picture& p, const Options& options, bool across) {
  const NodeLabels labels(p);
  std::vector<int> rank = ranks(p);
  for (const PicEdge& e : p.edges)  // these stand beside what they feed
    if (e.side != Side::none || e.beside) rank[static_cast<std::size_t>(e.from)] = rank[static_cast<std::size_t>(e.to)];
  std::map<int, Page> of_rank;  // width along the main line, height across it
  double boxes = 0;
  for (std::size_t i = 0; i < p.nodes.size(); ++i) {
    Page& r = of_rank[rank[i]];
    const double w = labels.width(p.nodes[i]), h = labels.height(p.nodes[i]);
    r.width = std::max(r.width, across ? w : h);
    r.height += (across ? h : w) + kBetweenNodes;
    double around = 0;
    for (int b = p.nodes[i].box; b >= 0; b = p.boxes[static_cast<std::size_t>(b)].parent) around += kAroundBox;
    boxes = std::max(boxes, around);
  }
  const bool labelled = std::ranges::any_of(p.edges, [](const PicEdge& e) { return e.backward && e.norm >= 0; });
  const double between = kBetweenRanks + (labelled ? (across ? 24 : 12) : 0);
  Page page;
  for (const auto& [at, r] : of_rank) {
    page.width += r.width + between;
    page.height = std::max(page.height, r.height);
  }
  page.width += boxes;
  page.height += boxes;
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
  const bool strip = page.ratio() > kLongestRatio && page.longest() > kSmallPage;
  if (strip && other.ratio() < page.ratio()) return !wanted;
  return page.longest() > kLongestPage && other.longest() < page.longest() ? !wanted : wanted;
}

}  // namespace xgrad::viz
