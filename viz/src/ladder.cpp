// From the whole graph down to what fits on a page: each rung gives up a little more, and the picture tells which.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

#include "layout.hpp"
#include "local_numbers.hpp"
#include "node_label.hpp"
#include "picture.hpp"

namespace xgrad::viz {
namespace {

constexpr int kLeastSaved = 8;         // operations, for a fold that nobody asked for
constexpr double kLongestPage = 2000;  // points: at 1,600 pixels, letters of 11 points are 9 pixels high
constexpr double kLongestColumn = 1800;
constexpr double kLongestWithCells = 1800;  // their digits have 7 points
constexpr double kShortStrip = 1500;        // is read whatever its ratio
constexpr double kLongestRatio = 4;

class Ladder {
 public:
  Ladder(const Recorded& recorded, const Options& options)
      : recorded_(recorded),
        options_(options),
        plan_(requested_plan(recorded.graph, recorded.calls, options)),
        numbers_(recorded) {}

  Picture exactly(const std::set<std::string>& closed) {
    plan_.closed.clear();
    for (const Calls::Call& c : recorded_.calls.all())
      if (closed.contains(c.id)) plan_.closed.insert(c.call->id);
    values_ = options_.values;
    return finished(build_picture(recorded_, options_, plan_));
  }

  Picture run() {
    values_ = options_.values;
    Picture p = draw();
    const auto wants_folds = static_cast<FoldRepeats::Choice>(options_.fold_repeats);
    const bool many = p.nodes.size() > kMaxNodesWithCells;
    if (wants_folds == FoldRepeats::always || (wants_folds == FoldRepeats::automatic && many)) fold(p);
    if (values_ == Values::automatic && options_.fit_page && p.nodes.size() <= kMaxNodesWithCells && shows_cells(p) &&
        page_of(p, options_, p.across).longest() > kLongestWithCells)
      show_statistics(p);
    if (!fits(p)) leave_out_derivatives(p);
    while (!fits(p) && close_some()) p = draw();
    if (fits(p)) open_again(p);
    if (!fits(p) && values_ == Values::cells) show_statistics(p);
    if (!fits(p) && options_.fit_page) {
      columns_ = true;
      p = draw();
    }
    cut(p);
    return p;
  }

 private:
  // Of one with too many nodes only their number matters.
  Picture draw() {
    Picture p = build_picture(recorded_, options_, plan_);
    return p.nodes.size() > allowed() ? p : finished(std::move(p));
  }
  std::size_t allowed() const { return static_cast<std::size_t>(std::max(options_.max_nodes, 1)); }
  Picture finished(Picture p) {
    p.values = values_;
    p.done = plan_.done;
    add_ghosts(p);
    const bool set = columns_ && options_.rankdir != Rankdir::left_to_right && set_in_columns(p, kLongestColumn);
    arrange(p, options_);
    if (p.nodes.size() <= kMaxNodesWithCells && p.values != Values::off && derivatives_) name_derivatives(p, numbers_);
    p.across = !set && prefers_across(p, options_);
    scale_strips(p);
    return p;
  }

  bool fits(const Picture& p) const {
    if (p.nodes.size() > allowed()) return false;
    if (!options_.fit_page) return true;
    const Page page = page_of(p, options_, p.across);
    return page.longest() <= kLongestPage && (page.ratio() <= kLongestRatio || page.longest() <= kShortStrip);
  }

  void show_statistics(Picture& p) {
    values_ = Values::stats;
    plan_.done.push_back("values as statistics");
    p = draw();
  }
  // Where that is enough: the words on the arrows make a page wide, modules say more.
  void leave_out_derivatives(Picture& p) {
    if (std::ranges::all_of(p.edges, [](const PicEdge& e) { return e.derivative.empty(); })) return;
    derivatives_ = false;
    plan_.done.push_back("local derivatives left out");
    if (Picture less = draw(); fits(less)) {
      p = std::move(less);
      return;
    }
    derivatives_ = options_.derivatives;
    plan_.done.pop_back();
  }
  static bool shows_cells(const Picture& p) {
    const NodeLabels labels(p);
    return std::ranges::any_of(p.nodes,
                               [&](const PicNode& n) { return n.value.defined() && labels.as_cells(n.value); });
  }

  void fold(Picture& p) {
    const int least = options_.fold_repeats == FoldRepeats::always ? 2 : kLeastSaved;
    std::vector<Fold> found = find_repeats(recorded_.graph, plan_.first, least);
    if (found.empty()) return;
    plan_.folds = Folds(std::move(found), recorded_.graph.nodes.size());
    p = draw();
  }

  // The deepest modules that are open, all of one type and depth together: those that stand for one block before those
  // that stand for many, the largest saving first.
  bool close_some() {
    const std::vector<Calls::Call>& calls = recorded_.calls.all();
    std::set<std::uint64_t> has_open_child;
    for (const Calls::Call& c : calls)
      if (c.call->parent && is_open(c) && is_worth(c)) has_open_child.insert(c.call->parent->id);
    struct Group {
      int saving = 0;
      std::vector<std::uint64_t> calls;
    };
    std::map<std::tuple<int, bool, std::string>, Group> groups;
    for (const Calls::Call& c : calls) {
      if (!is_open(c) || !is_worth(c) || has_open_child.contains(c.call->id)) continue;
      Group& g = groups[{c.depth, plan_.folds.places(c.first).empty(), c.call->info->label}];
      g.saving += c.last - c.first;
      g.calls.push_back(c.call->id);
    }
    if (groups.empty()) return false;
    const auto rank = [](const auto& g) {
      return std::tuple(std::get<0>(g.first), std::get<1>(g.first), g.second.saving);
    };
    const auto best = std::ranges::max_element(groups, {}, rank);
    plan_.closed.insert(best->second.calls.begin(), best->second.calls.end());
    closed_.push_back(best->second.calls);
    return true;
  }
  // What need not have been closed, the last first.
  void open_again(Picture& p) {
    for (std::size_t i = closed_.size(); i-- > 0;) {
      for (const std::uint64_t id : closed_[i]) plan_.closed.erase(id);
      if (Picture more = draw(); fits(more))
        p = std::move(more);
      else
        plan_.closed.insert(closed_[i].begin(), closed_[i].end());
    }
  }
  bool is_open(const Calls::Call& c) const {
    for (const ModuleCall* at = c.call.get(); at; at = at->parent.get())
      if (plan_.closed.contains(at->id)) return false;
    return true;
  }
  // The outermost module is the picture: it stays open.
  static bool is_worth(const Calls::Call& c) { return c.depth > 0 && c.last > c.first; }
  void cut(Picture& p) {
    if (fits(p)) return;
    std::size_t most = std::min(p.nodes.size(), allowed());
    const Picture whole = build_picture(recorded_, options_, plan_);
    while (!fits(p) && most > 0) {
      p = finished(nearest_part(whole, most));  // stubs and ghosts come on top
      most = p.nodes.size() > allowed() ? most - std::min(most, p.nodes.size() - allowed()) : most * 4 / 5;
    }
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
  LocalNumbers numbers_;
  Values values_ = Values::automatic;
  bool columns_ = false, derivatives_ = options_.derivatives;
  std::vector<std::vector<std::uint64_t>> closed_;
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
