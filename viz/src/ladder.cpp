// From the whole graph down to what fits on a page: each rung gives up a little more, and the picture tells which.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

#include "layout.hpp"
#include "node_label.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr std::size_t kMostOperations = 100'000;
constexpr int kLeastSaved = 8;         // operations, for a fold that nobody asked for
constexpr double kLongestPage = 2400;  // points: at 1,600 pixels, letters of 11 points are 7 pixels high
constexpr double kShortStrip = 1500;   // is read whatever its ratio
constexpr double kLongestRatio = 4;

class Ladder {
 public:
  Ladder(const Recorded& recorded, const Options& options)
      : recorded_(recorded), options_(options), plan_(requested_plan(recorded.graph, recorded.calls, options)) {}

  Picture exactly(const std::set<std::string>& closed) {
    plan_.closed.clear();
    for (const Calls::Call& c : recorded_.calls.all())
      if (closed.contains(c.id)) plan_.closed.insert(c.call->id);
    values_ = options_.values;
    return draw();
  }

  Picture run() {
    const std::size_t all = recorded_.graph.nodes.size();
    if (all > kMostOperations) plan_.first = static_cast<int>(all - kMostOperations);
    values_ = options_.values;
    Picture p = draw();
    const auto wants_folds = static_cast<FoldRepeats::Choice>(options_.fold_repeats);
    const bool many = p.nodes.size() > kMaxNodesWithCells;
    if (wants_folds == FoldRepeats::always || (wants_folds == FoldRepeats::automatic && many)) fold(p);
    while (!fits(p) && close_some()) p = draw();
    if (!fits(p) && values_ == Values::cells) {
      values_ = Values::stats;
      plan_.done.push_back("values as statistics");
      p = draw();
    }
    for (std::size_t most = start_of_cut(p); !fits(p) && most > 1; most = most * 4 / 5) p = draw(most);
    return p;
  }

 private:
  Picture draw(std::size_t most = 0) const {
    Picture p = build_picture(recorded_, options_, plan_);
    p.values = values_;
    p.done = plan_.done;
    if (most) keep_nearest(p, most);
    add_ghosts(p);
    arrange(p, options_);
    p.across = prefers_across(p, options_);
    if (p.nodes.size() <= kMaxNodesWithCells && options_.derivatives) name_derivatives(p);
    scale_strips(p);
    return p;
  }

  bool fits(const Picture& p) const {
    if (p.nodes.size() > static_cast<std::size_t>(std::max(options_.max_nodes, 1))) return false;
    if (!options_.fit_page || p.nodes.size() <= kMaxNodesWithCells) return true;
    const Page page = page_of(p, options_, p.across);
    return page.longest() <= kLongestPage && (page.ratio() <= kLongestRatio || page.longest() <= kShortStrip);
  }

  void fold(Picture& p) {
    const int least = options_.fold_repeats == FoldRepeats::always ? 2 : kLeastSaved;
    std::vector<Fold> found = find_repeats(recorded_.graph, plan_.first, least);
    if (found.empty()) return;
    std::string counts;
    for (const Fold& f : found) counts += fmt::format("{}{}", counts.empty() ? "" : ", ", f.count);
    plan_.folds = Folds(std::move(found), recorded_.graph.nodes.size());
    const std::size_t n = plan_.folds.all().size();
    plan_.done.push_back(n == 1   ? fmt::format("{} equal blocks folded into one", counts)
                         : n <= 5 ? fmt::format("equal blocks folded {} times (of {})", n, counts)
                                  : fmt::format("equal blocks folded {} times", n));
    p = draw();
  }

  // The deepest modules that are open, all of one type and depth together, the largest saving first.
  bool close_some() {
    const std::vector<Calls::Call>& calls = recorded_.calls.all();
    std::map<std::uint64_t, bool> has_open_child;
    for (const Calls::Call& c : calls)
      if (c.call->parent && is_open(c) && is_worth(c)) has_open_child[c.call->parent->id] = true;
    std::map<std::pair<int, std::string>, int> saving;
    for (const Calls::Call& c : calls)
      if (is_open(c) && is_worth(c) && !has_open_child[c.call->id])
        saving[{c.depth, c.call->info->label}] += c.last - c.first;
    if (saving.empty()) return false;
    const auto best = std::ranges::max_element(saving, [](const auto& a, const auto& b) {
      return std::pair(a.first.first, a.second) < std::pair(b.first.first, b.second);
    });
    int closed = 0;
    std::string type;
    for (const Calls::Call& c : calls) {
      if (c.depth != best->first.first || c.call->info->label != best->first.second || !is_open(c)) continue;
      if (!is_worth(c) || has_open_child[c.call->id]) continue;
      plan_.closed.insert(c.call->id);
      ++closed;
      type = c.call->info->label;
    }
    note_closed(type.substr(0, type.find('(')), closed);
    return true;
  }
  bool is_open(const Calls::Call& c) const {
    for (const ModuleCall* at = c.call.get(); at; at = at->parent.get())
      if (plan_.closed.contains(at->id)) return false;
    return true;
  }
  // The outermost module is the picture: it stays open.
  static bool is_worth(const Calls::Call& c) { return c.depth > 0 && c.last > c.first; }
  void note_closed(const std::string& type, int count) {
    for (auto& [name, n] : closed_)
      if (name == type) {
        n += count;
        return list_closed();
      }
    closed_.emplace_back(type, count);
    list_closed();
  }
  void list_closed() {
    std::string text = "collapsed:";
    for (const auto& [name, n] : closed_)
      text += fmt::format("{} {}{}", text.ends_with(':') ? "" : ",", name, n > 1 ? fmt::format(" × {}", n) : "");
    if (!plan_.done.empty() && plan_.done.back().starts_with("collapsed:")) plan_.done.pop_back();
    plan_.done.push_back(std::move(text));
  }

  std::size_t start_of_cut(const Picture& p) const {
    return std::min<std::size_t>(p.nodes.size(), static_cast<std::size_t>(std::max(options_.max_nodes, 1)));
  }

  // One scale for all strips. Nothing is paler than a hundred millionth of the largest.
  static void scale_strips(Picture& p) {
    for (const PicNode& n : p.nodes)
      for (const double norm : n.norms) {
        if (!std::isfinite(norm) || norm <= 0) continue;
        p.highest_norm = std::max(p.highest_norm, norm);
        p.lowest_norm = p.lowest_norm < 0 ? norm : std::min(p.lowest_norm, norm);
      }
    p.lowest_norm = std::max(p.lowest_norm, p.highest_norm * 1e-8);
  }

  const Recorded& recorded_;
  const Options& options_;
  Plan plan_;
  Values values_ = Values::automatic;
  std::vector<std::pair<std::string, int>> closed_;
};

}  // namespace

Picture fitting_picture(const Recorded& recorded, const Options& options) { return Ladder(recorded, options).run(); }

namespace {

Drawn drawn(Picture p, const Options& options, Layout layout) {
  Drawn d;
  for (const int i : p.shown_as) d.shown_as.push_back(i < 0 ? "" : svg_id(p.nodes[static_cast<std::size_t>(i)]));
  d.nodes = static_cast<int>(p.nodes.size());
  d.across = p.across;
  d.dot = dot_text(std::move(p), options, layout);
  return d;
}

}  // namespace

Drawn draw_collapsed(const Recorded& recorded, const Options& options, const std::set<std::string>& closed,
                     Layout layout) {
  NoGradGuard off;
  return drawn(Ladder(recorded, options).exactly(closed), options, layout);
}
Drawn draw_fitting(const Recorded& recorded, const Options& options, Layout layout) {
  NoGradGuard off;
  return drawn(fitting_picture(recorded, options), options, layout);
}

std::string operation_id(std::size_t operation, std::uint32_t output) {
  return output ? fmt::format("n{}o{}", operation, output) : fmt::format("n{}", operation);
}
std::string source_id(const tape::Source& source) { return fmt::format("s{}", source.id); }

}  // namespace xgrad::viz
